//! A bare SMTP client that says exactly what a test tells it to.

use gantry_sim_smtp::{Options, Simulator};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

pub(crate) async fn simulator() -> Simulator {
    Simulator::start(Options {
        max_message_bytes: 10_000,
        ..Options::default()
    })
    .await
    .unwrap()
}

pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects and reads the greeting.
    pub(crate) async fn connect(simulator: &Simulator) -> Self {
        let stream = TcpStream::connect(simulator.smtp_addr()).await.unwrap();
        let mut client = Self(BufReader::new(stream));
        assert!(client.reply().await.starts_with("220 "));
        client
    }

    /// Connects and says EHLO.
    pub(crate) async fn ready(simulator: &Simulator) -> Self {
        let mut client = Self::connect(simulator).await;
        client.say("EHLO client.example", "250").await;
        client
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }

    /// One reply, possibly of several lines; empty when the server closed.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            if self.0.read_line(&mut reply).await.unwrap_or(0) == 0 {
                return reply;
            }
            if reply.as_bytes().get(start + 3) != Some(&b'-') {
                return reply;
            }
        }
    }

    pub(crate) async fn say(&mut self, line: &str, code: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        let reply = self.reply().await;
        assert!(
            reply.starts_with(code),
            "{line} -> {reply:?}, wanted {code}"
        );
        reply
    }

    pub(crate) async fn envelope(&mut self, to: &str) {
        self.say("MAIL FROM:<a@example.com>", "250").await;
        self.say(&format!("RCPT TO:<{to}>"), "250").await;
        self.say("DATA", "354").await;
    }

    pub(crate) async fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest).await {
            Ok(_) => rest.is_empty(),
            Err(_) => true,
        }
    }
}
