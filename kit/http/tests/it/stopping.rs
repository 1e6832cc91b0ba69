//! A stop: every request is answered, or its connection was refused.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use gantry_http::HttpConfig;
use gantry_kernel::Period;
use gantry_testkit::Engine;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::app::App;
use crate::wire::{PATIENCE, Running, one, open, rest, serve, serve_at};

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn stopping_finishes_what_was_begun_and_closes_what_rests() {
    let app = App::new().await;
    let running = serve(&app).await;
    let mut resting = open(running.address, ASK).await;
    one(&mut resting).await;
    let mut busy = open(
        running.address,
        b"GET /api/v1/gated HTTP/1.1\r\nhost: x\r\n\r\n",
    )
    .await;
    tokio::time::timeout(PATIENCE, app.gate.arrived.acquire())
        .await
        .expect("the request reaches its handler")
        .unwrap()
        .forget();
    running.stop.send(()).unwrap();
    assert_eq!(rest(&mut resting).await, "");
    assert!(!running.served.is_finished());
    app.gate.open.add_permits(1);
    let reply = rest(&mut busy).await;
    assert!(reply.starts_with("HTTP/1.1 204"), "{reply}");
    assert_eq!(running.served.await.unwrap(), 0);
    assert!(app.service.health().draining());
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut_and_counted() {
    let app = App::with(Engine::Sqlite, |config| {
        config.drain_timeout = Period::seconds(1);
        config.body_timeout = Period::seconds(60);
    })
    .await;
    let running = serve(&app).await;
    let mut stuck = open(
        running.address,
        b"POST /api/v1/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\
            expect: 100-continue\r\n\r\n",
    )
    .await;
    // The server says so once it waits for the body.
    assert!(one(&mut stuck).await.starts_with("HTTP/1.1 100"));
    running.stop.send(()).unwrap();
    assert_eq!(
        tokio::time::timeout(PATIENCE, running.served)
            .await
            .unwrap()
            .unwrap(),
        1
    );
    rest(&mut stuck).await;
}

/// Idle connections wait as long as a test may take.
async fn lingering(more: impl FnOnce(&mut HttpConfig)) -> App {
    App::with(Engine::Sqlite, |config| {
        config.drain_linger = Period::seconds(60);
        config.drain_timeout = Period::seconds(60);
        more(config);
    })
    .await
}

/// Stops it and waits until nobody new is let in.
async fn close_the_door(running: Running) -> tokio::task::JoinHandle<usize> {
    running.stop.send(()).unwrap();
    let refused = async { while TcpStream::connect(running.address).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
    running.served
}

async fn last_answer(stream: &mut TcpStream) {
    let reply = rest(stream).await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply:?}");
    assert!(reply.contains("connection: close\r\n"), "{reply}");
}

async fn ended(served: tokio::task::JoinHandle<usize>) -> usize {
    let served = tokio::time::timeout(PATIENCE, served).await;
    served.expect("the server ends in time").unwrap()
}

#[tokio::test]
async fn what_is_connected_gets_one_more_answer() {
    let app = lingering(|_| {}).await;
    let running = serve(&app).await;
    let address = running.address;
    let mut silent = open(address, b"").await;
    let mut half = open(address, &ASK[..20]).await;
    let mut resting = open(address, ASK).await;
    assert!(!one(&mut resting).await.contains("connection: close"));
    let mut midway = open(address, ASK).await;
    one(&mut midway).await;
    midway.write_all(&ASK[..1]).await.unwrap();

    let served = close_the_door(running).await;
    for (stream, missing) in [
        (&mut silent, ASK),
        (&mut half, &ASK[20..]),
        (&mut resting, ASK),
        (&mut midway, &ASK[1..]),
    ] {
        assert!(!served.is_finished());
        stream.write_all(missing).await.unwrap();
        last_answer(stream).await;
    }
    assert_eq!(ended(served).await, 0);
}

#[tokio::test]
async fn a_head_that_never_ends_holds_no_stop_for_longer_than_a_head_may_take() {
    let app = App::with(Engine::Sqlite, |config| {
        config.header_timeout = Period::seconds(1);
        config.drain_timeout = Period::seconds(60);
    })
    .await;
    let running = serve(&app).await;
    let mut half = open(running.address, &ASK[..20]).await;
    let mut preface = open(running.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    running.stop.send(()).unwrap();
    assert_eq!(ended(running.served).await, 0);
    assert_eq!(rest(&mut half).await, "");
    rest(&mut preface).await;
}

#[tokio::test]
async fn before_the_door_closes_everybody_is_served_and_asked_to_leave() {
    let app = lingering(|config| config.drain_delay = Period::seconds(600)).await;
    let running = serve(&app).await;
    let mut kept = open(running.address, ASK).await;
    one(&mut kept).await;
    running.stop.send(()).unwrap();
    let health = app.service.health().clone();
    gantry_testkit::eventually("the drain", PATIENCE, async || {
        if health.draining() {
            Ok(())
        } else {
            Err("serving")
        }
    })
    .await;
    kept.write_all(ASK).await.unwrap();
    last_answer(&mut kept).await;
    last_answer(&mut open(running.address, ASK).await).await;
    let http2 = reqwest::Client::builder().http2_prior_knowledge();
    let http2 = http2.build().unwrap();
    for _ in 0..3 {
        let url = format!("http://{}/healthz", running.address);
        assert_eq!(http2.get(url).send().await.unwrap().status(), 200);
    }
    assert!(!running.served.is_finished());
    running.served.abort();
}

/// Clients that connect, ask and read, until they are refused; anything else than an answer or a refusal is a failure.
async fn hammer(address: SocketAddr, answered: &AtomicUsize) {
    loop {
        let mut stream = match TcpStream::connect(address).await {
            Ok(stream) => stream,
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
                return;
            }
        };
        // Now and then the connection is made long before the request.
        if answered.load(Ordering::Relaxed).is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
        stream.write_all(ASK).await.unwrap();
        let reply = one(&mut stream).await;
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply:?}");
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_reset_at_the_door() {
    let app = App::new().await;
    for address in ["127.0.0.1:0", "[::1]:0"] {
        for _ in 0..2 {
            let running = serve_at(&app, address).await;
            let answered = AtomicUsize::new(0);
            let crowd = (0..32).map(|_| hammer(running.address, &answered));
            let stop = async {
                gantry_testkit::eventually("some load", PATIENCE, async || {
                    let count = answered.load(Ordering::Relaxed);
                    if count > 100 { Ok(()) } else { Err(count) }
                })
                .await;
                running.stop.send(()).unwrap();
            };
            tokio::join!(futures_util::future::join_all(crowd), stop);
            assert_eq!(ended(running.served).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn http2_loses_nothing_either() {
    let app = App::new().await;
    let running = serve(&app).await;
    let url = format!("http://{}/healthz", running.address);
    let answered = AtomicUsize::new(0);
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .retry(reqwest::retry::never())
        .build()
        .unwrap();
    let crowd = (0..32).map(async |_| {
        loop {
            match client.get(&url).send().await {
                Ok(answer) => assert_eq!(answer.status(), 200),
                Err(error) if error.is_connect() => return,
                // It crossed the GOAWAY and was not taken (RFC 9113, section 6.8).
                Err(error) if format!("{error:?}").contains("GoAway(b\"\", NO_ERROR") => continue,
                Err(error) => panic!("{error:?}"),
            }
            answered.fetch_add(1, Ordering::Relaxed);
        }
    });
    let stop = async {
        gantry_testkit::eventually("some load", PATIENCE, async || {
            let count = answered.load(Ordering::Relaxed);
            if count > 100 { Ok(()) } else { Err(count) }
        })
        .await;
        running.stop.send(()).unwrap();
    };
    tokio::join!(futures_util::future::join_all(crowd), stop);
    assert_eq!(ended(running.served).await, 0);
}
