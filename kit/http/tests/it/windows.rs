//! HTTP/2 clients that ask and open no window for the answer, and clients that open too many connections.

use std::net::SocketAddr;
use std::time::Duration;

use gantry_kernel::Period;
use gantry_testkit::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::App;
use crate::wire::{PATIENCE, one, open, rest, serve};

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A client that asks once and lets `window` bytes of each reply come.
fn asking(path: &str, window: u32) -> Vec<u8> {
    let mut settings = vec![0, 4];
    settings.extend(window.to_be_bytes());
    // HPACK (RFC 7541): `:method: GET`, `:scheme: http`, then `:path` and `:authority` as literals.
    let mut fields = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    fields.extend(path.as_bytes());
    fields.extend([0x01, 1, b'x']);
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &settings),
        frame(HEADERS, END_STREAM | END_HEADERS, 1, &fields),
    ]
    .concat()
}

/// Plays along in everything but taking the reply, until the server has enough. Returns the kinds of frames it sent.
async fn play_along(mut stream: TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    loop {
        let mut head = [0; 9];
        let read = tokio::time::timeout(Duration::from_millis(100), stream.read_exact(&mut head));
        match read.await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => return seen,
            Err(_) => {
                if stream
                    .write_all(&frame(PING, 0, 0, b"so there"))
                    .await
                    .is_err()
                {
                    return seen;
                }
                continue;
            }
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        if stream.read_exact(&mut payload).await.is_err() {
            return seen;
        }
        let (kind, flags) = (head[3], head[4]);
        seen.push(kind);
        if matches!(kind, SETTINGS | PING) && flags & ACK == 0 {
            let body = if kind == PING { payload } else { Vec::new() };
            drop(stream.write_all(&frame(kind, ACK, 0, &body)).await);
        }
    }
}

async fn is_cut(address: SocketAddr, path: &str, window: u32) {
    let stream = open(address, &asking(path, window)).await;
    let seen = tokio::time::timeout(PATIENCE, play_along(stream))
        .await
        .expect("the server should close the connection");
    assert!(seen.contains(&HEADERS), "no answer: {seen:?}");
    assert!(seen.contains(&PING), "no pings answered: {seen:?}");
}

#[tokio::test]
async fn a_client_that_opens_no_window_is_cut() {
    let app = App::with(Engine::Sqlite, |config| {
        config.write_timeout = Period::seconds(1);
        config.idle_timeout = Period::seconds(1);
    })
    .await;
    let running = serve(&app).await;
    // Nothing at all; so little that the rest waits below the server; and a large reply.
    for (path, window) in [
        ("/api/v1/ip", 0),
        ("/api/v1/ip", 1),
        ("/api/v1/big", 20_000),
    ] {
        is_cut(running.address, path, window).await;
    }
    running.stop.send(()).unwrap();
    let cut = tokio::time::timeout(PATIENCE, running.served).await;
    assert_eq!(cut.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn one_address_has_only_so_many_connections() {
    const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let app = App::with(Engine::Sqlite, |config| {
        config.max_connections_per_address = 2;
    })
    .await;
    let running = serve(&app).await;
    let mut first = open(running.address, ASK).await;
    let mut second = open(running.address, ASK).await;
    for stream in [&mut first, &mut second] {
        assert!(one(stream).await.starts_with("HTTP/1.1 200"));
    }
    let mut third = TcpStream::connect(running.address).await.unwrap();
    assert_eq!(rest(&mut third).await, "");
    drop(first);
    // The server notices in its own time.
    gantry_testkit::eventually("a place", PATIENCE, async || {
        let mut again = open(running.address, ASK).await;
        let mut start = [0; 12];
        match again.read_exact(&mut start).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
    assert!(second.write_all(ASK).await.is_ok());

    let behind = App::with(Engine::Sqlite, |config| {
        config.max_connections_per_address = 2;
        config.trusted_proxies = vec!["127.0.0.1".into()];
    })
    .await;
    let running = serve(&behind).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        let mut stream = open(running.address, ASK).await;
        assert!(one(&mut stream).await.starts_with("HTTP/1.1 200"));
        held.push(stream);
    }
}
