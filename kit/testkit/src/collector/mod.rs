//! What receives telemetry: a server that keeps every request and answers as it was told to, and what reads protobuf by
//! nothing but its rules.

mod protobuf;

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

pub use protobuf::{Field, Message};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its first line and its fields.
    pub head: String,
    /// Its body as it came.
    pub body: Vec<u8>,
}

impl Received {
    /// A field of its head.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body, which must be packed.
    pub fn unpacked(&self) -> Vec<u8> {
        assert_eq!(self.header("content-encoding"), Some("gzip"));
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(self.body.as_slice())
            .read_to_end(&mut text)
            .expect("a collector");
        text
    }
}

/// How to answer.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With this status line and these header fields.
    Say(&'static str),
    /// Not at all, with the connection open.
    Hang,
}

/// The server.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Address and port.
    pub address: String,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    received: Mutex<Vec<Received>>,
    replies: Mutex<VecDeque<Reply>>,
    changed: Notify,
}

impl Collector {
    /// Answers `replies` in order, and 200 from then on.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a collector");
        let collector = Self {
            address: listener.local_addr().expect("a collector").to_string(),
            state: Arc::new(State {
                received: Mutex::default(),
                replies: Mutex::new(replies.into_iter().collect()),
                changed: Notify::new(),
            }),
        };
        let state = Arc::clone(&collector.state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a collector");
                let state = Arc::clone(&state);
                tokio::spawn(async move { serve(stream, &state).await });
            }
        });
        collector
    }

    /// What has come so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().expect("a collector").clone()
    }

    /// Waits until so many requests have come.
    pub async fn wait(&self, count: usize) -> Vec<Received> {
        let all = async {
            loop {
                let changed = self.state.changed.notified();
                let seen = self.received();
                if seen.len() >= count {
                    return seen;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_mins(1), all).await;
        waited.unwrap_or_else(|_| {
            panic!(
                "{count} requests were waited for, {:?} came",
                self.received().len()
            )
        })
    }
}

async fn serve(mut stream: TcpStream, state: &State) {
    let mut bytes = Vec::new();
    let (head, mut body) = loop {
        let mut chunk = [0; 4_096];
        let count = stream.read(&mut chunk).await.expect("a collector");
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).expect("a collector");
            break (head, bytes[end + 4..].to_vec());
        }
    };
    let mut received = Received {
        head,
        body: Vec::new(),
    };
    let length: usize = received
        .header("content-length")
        .expect("a collector")
        .parse()
        .expect("a collector");
    while body.len() < length {
        let mut chunk = [0; 4_096];
        let count = stream.read(&mut chunk).await.expect("a collector");
        assert!(count > 0, "the body ends early");
        body.extend_from_slice(&chunk[..count]);
    }
    received.body = body;
    state.received.lock().expect("a collector").push(received);
    state.changed.notify_waiters();
    let reply = state.replies.lock().expect("a collector").pop_front();
    match reply.unwrap_or(Reply::Say("200 OK\r\n")) {
        Reply::Say(head) => {
            let answer = format!("HTTP/1.1 {head}Content-Length: 2\r\n\r\n{{}}");
            stream
                .write_all(answer.as_bytes())
                .await
                .expect("a collector");
        }
        Reply::Hang => std::future::pending().await,
    }
}
