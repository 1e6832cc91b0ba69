//! Answers that go on, on a socket: what they say, when they end, and what a client that takes nothing costs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use gantry_http::HttpConfig;
use gantry_kernel::Period;
use gantry_testkit::Engine;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::app::{App, Ask, WAVE};
use crate::wire::{PATIENCE, Running, open, rest, serve};

/// What ends a reply whose length was not known (RFC 9112, section 7.1).
const LAST_CHUNK: &str = "\r\n0\r\n\r\n";

async fn app(change: impl FnOnce(&mut HttpConfig)) -> App {
    App::with(Engine::Sqlite, change).await
}

async fn flow(running: &Running, kind: &str) -> TcpStream {
    let head = format!(
        "GET /api/v1/tenants/alpha/flow?kind={kind} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer owner\r\n\r\n"
    );
    open(running.address, head.as_bytes()).await
}

/// Reads until `text` has come.
async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut seen = String::new();
    let read = async {
        while !seen.contains(text) {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).await.unwrap();
            assert!(count > 0, "closed after: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .unwrap_or_else(|_| panic!("no {text} in time"));
    seen
}

#[tokio::test]
async fn a_stream_says_what_it_is_and_that_it_lives() {
    let app = app(|config| {
        config.event_stream_heartbeat = Period::millis(20);
        // Silence is not that of a client that takes nothing.
        config.write_timeout = Period::millis(600);
    })
    .await;
    let running = serve(&app).await;
    let mut stream = flow(&running, "quiet").await;
    let seen = until(&mut stream, "data: ").await;
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    for line in [
        "content-type: text/event-stream\r\n",
        "cache-control: no-store\r\n",
        "x-accel-buffering: no\r\n",
        "transfer-encoding: chunked\r\n",
        "retry: 2000\n\n",
        "id: 1\ndata: ",
    ] {
        assert!(seen.contains(line), "{line:?} is missing in {seen}");
    }
    for _ in 0..50 {
        until(&mut stream, ": beat\nid: 2\n\n").await;
    }
}

#[tokio::test]
async fn a_change_in_this_process_ends_it_at_once() {
    let app = app(|_| {}).await;
    let running = serve(&app).await;
    let mut stream = flow(&running, "quiet").await;
    until(&mut stream, "data: ").await;
    // Without the signal it would be noticed only when somebody looks again.
    app.shut_out.send_replace(true);
    app.changed.send_replace(1);
    let last = until(&mut stream, LAST_CHUNK).await;
    let end = r#"data: {"code":"unauthenticated","detail":"sign in again","reconnect":false}"#;
    assert!(
        last.contains("event: end\n") && last.contains(end),
        "{last}"
    );
}

#[tokio::test]
async fn a_change_elsewhere_ends_it_soon() {
    let app = app(|_| {}).await;
    let running = serve(&app).await;
    let mut stream = flow(&running, "quiet").await;
    until(&mut stream, "data: ").await;
    app.shut_out.send_replace(true);
    until(&mut stream, "event: end\n").await;
}

/// Not even in the moment before the stream would have looked at its caller again.
#[tokio::test]
async fn what_follows_the_loss_of_a_right_is_not_told() {
    let app = app(|_| {}).await;
    let running = serve(&app).await;
    let mut stream = flow(&running, "late").await;
    let all = until(&mut stream, LAST_CHUNK).await;
    assert_eq!(all.matches("\nid: ").count(), 1, "{all}");
    assert!(all.contains("event: end\n"), "{all}");
}

#[tokio::test]
async fn what_fails_inside_is_not_told_and_ends_that_stream_alone() {
    let app = app(|config| config.max_event_streams = 1).await;
    let running = serve(&app).await;
    let mut failing = flow(&running, "fail").await;
    let last = until(&mut failing, LAST_CHUNK).await;
    assert!(last.contains("event: end\n"), "{last}");
    assert!(
        last.contains(r#""code":"unavailable""#) && last.contains(r#""reconnect":true"#),
        "{last}"
    );
    assert!(!last.contains("secret"), "{last}");
    drop(failing);
    gantry_testkit::eventually("room for another stream", PATIENCE, async || {
        let mut panicking = flow(&running, "panic").await;
        let head = until(&mut panicking, "\r\n\r\n").await;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(head);
        }
        if !head.contains(LAST_CHUNK) {
            until(&mut panicking, LAST_CHUNK).await;
        }
        Ok(())
    })
    .await;
    let healthy = app.send(Ask::get("/healthz")).await;
    assert_eq!(healthy.status, 200);
}

/// What is not taken is not made either, and whoever takes nothing loses the connection and the place.
#[tokio::test]
async fn a_client_that_takes_nothing_costs_little_and_is_cut() {
    let app = app(|config| {
        config.write_timeout = Period::seconds(1);
        config.max_event_streams_per_person = 1;
    })
    .await;
    let running = serve(&app).await;
    let idle = flow(&running, "flood").await;
    gantry_testkit::eventually("a place for the next stream", PATIENCE, async || {
        let mut next = flow(&running, "quiet").await;
        let head = until(&mut next, "\r\n\r\n").await;
        if head.starts_with("HTTP/1.1 200") {
            return Ok(());
        }
        assert!(head.starts_with("HTTP/1.1 429"), "{head}");
        Err(head)
    })
    .await;
    // What the systems of both ends keep on the way is theirs to decide, and far below this.
    let made = app.waves.load(Ordering::Relaxed) * WAVE;
    assert!(made < 64 * 1024 * 1024, "{made} bytes were made for nobody");
    drop(idle);
}

#[tokio::test]
async fn a_stop_ends_streams_before_it_would_cut_them() {
    let app = app(|config| config.drain_timeout = Period::seconds(60)).await;
    let running = serve(&app).await;
    let mut quiet = flow(&running, "quiet").await;
    until(&mut quiet, "data: ").await;
    running.stop.send(()).unwrap();
    let last = rest(&mut quiet).await;
    assert!(
        last.contains(r#"data: {"code":"server_stopping""#),
        "{last}"
    );
    let cut = tokio::time::timeout(Duration::from_secs(20), running.served).await;
    assert_eq!(cut.unwrap().unwrap(), 0);
}

/// Whoever may not read the tenant gets a refusal like any other.
#[tokio::test]
async fn a_stream_is_refused_like_a_read() {
    let app = app(|_| {}).await;
    let ask = |who: &str, tenant: &str| {
        Ask::get(&format!("/api/v1/tenants/{tenant}/flow?kind=quiet")).bearer(who)
    };
    for (who, tenant, status) in [
        ("stranger", "alpha", 404),
        ("owner", "closed", 404),
        ("owner", "nowhere", 404),
        ("bad", "alpha", 401),
        ("owner", "new", 503),
    ] {
        let answer = app.send(ask(who, tenant)).await;
        assert_eq!(answer.status, status, "{who} in {tenant}");
    }
    let unknown = Ask::get("/api/v1/tenants/alpha/flow?kind=quiet&x=1").bearer("owner");
    assert_eq!(app.send(unknown).await.status, 422);
    let head = Ask::new("HEAD", "/api/v1/tenants/alpha/flow?kind=quiet").bearer("nobody-special");
    assert_eq!(
        app.send(head).await.status,
        200,
        "any member, without a grant"
    );
}
