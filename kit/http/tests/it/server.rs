//! What only shows on a socket: framing, slow clients, forwarding, HTTP/2, health.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gantry_http::HealthCheck;
use gantry_kernel::Period;
use gantry_testkit::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{App, Ask};
use crate::wire::{PATIENCE, one, open, rest, serve};

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n").into_bytes()
}

#[tokio::test]
async fn a_chunked_body_is_cut_at_the_limit() {
    let app = App::new().await;
    let running = serve(&app).await;
    let head = b"POST /api/v1/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n";
    let mut stream = open(running.address, head).await;
    let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
    // The server may stop reading at any time after the limit.
    for _ in 0..20 {
        if stream.write_all(&chunk).await.is_err() {
            break;
        }
    }
    let reply = rest(&mut stream).await;
    assert!(
        reply.is_empty() || reply.starts_with("HTTP/1.1 413"),
        "{reply}"
    );

    let mut exact = open(running.address, head).await;
    for _ in 0..16 {
        exact.write_all(&chunk).await.unwrap();
    }
    exact.write_all(b"1\r\n1\r\n0\r\n\r\n").await.unwrap();
    let reply = one(&mut exact).await;
    assert!(
        reply.starts_with("HTTP/1.1 413") && reply.contains("connection: close"),
        "{reply}"
    );
}

#[tokio::test]
async fn an_announced_body_beyond_the_limit_is_refused_unread() {
    let app = App::new().await;
    let running = serve(&app).await;
    let head = b"POST /api/v1/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        content-length: 99999999\r\nexpect: 100-continue\r\n\r\n";
    let mut stream = open(running.address, head).await;
    let reply = one(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
}

#[tokio::test]
async fn slow_heads_bodies_and_silent_connections_are_cut() {
    let app = App::with(Engine::Sqlite, |config| {
        config.header_timeout = Period::seconds(1);
        config.body_timeout = Period::seconds(1);
        config.idle_timeout = Period::seconds(1);
    })
    .await;
    let running = serve(&app).await;
    let started = Instant::now();
    let mut half_head = open(
        running.address,
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: ",
    )
    .await;
    let mut silent = open(running.address, b"").await;
    let mut half_preface = open(running.address, b"PRI * HTTP/2.0\r\n\r\n").await;
    let mut half_body = open(
        running.address,
        b"POST /api/v1/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
    )
    .await;
    let mut idle = open(running.address, &get("/healthz", "")).await;
    let reply = rest(&mut half_head).await;
    assert!(
        reply.is_empty() || reply.starts_with("HTTP/1.1 408"),
        "{reply}"
    );
    assert_eq!(rest(&mut silent).await, "");
    rest(&mut half_preface).await;
    let reply = rest(&mut half_body).await;
    assert!(
        reply.starts_with("HTTP/1.1 408") && reply.contains("request_timeout"),
        "{reply}"
    );
    assert!(rest(&mut idle).await.starts_with("HTTP/1.1 200"));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_pause_between_requests_may_be_longer_than_a_head() {
    let app = App::with(Engine::Sqlite, |config| {
        config.header_timeout = Period::seconds(1);
        config.idle_timeout = Period::seconds(60);
    })
    .await;
    let running = serve(&app).await;
    let mut idle = open(running.address, &get("/healthz", "")).await;
    one(&mut idle).await;
    let mut slow = open(running.address, &get("/healthz", "")).await;
    one(&mut slow).await;
    // The second head has no more time than the first; when it is cut, the other has rested for longer than that.
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n")
        .await
        .unwrap();
    assert_eq!(rest(&mut slow).await, "");
    idle.write_all(&get("/healthz", "")).await.unwrap();
    assert!(one(&mut idle).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut() {
    let app = App::with(Engine::Sqlite, |config| {
        config.write_timeout = Period::seconds(1);
    })
    .await;
    let running = serve(&app).await;
    let mut stream = open(running.address, &get("/api/v1/big", "")).await;
    // Drain only after the server is done with us: it must not have sent everything.
    let (stop, served) = (running.stop, running.served);
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.unwrap();
    stop.send(()).unwrap();
    let cut = tokio::time::timeout(PATIENCE, served)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(cut, 0, "the stalled connection should have ended by itself");
    let mut taken = Vec::new();
    drop(stream.read_to_end(&mut taken).await);
    assert!(taken.len() < 64 * 1024 * 1024);
}

#[tokio::test]
async fn a_reply_on_its_way_is_not_idle() {
    let app = App::with(Engine::Sqlite, |config| {
        config.idle_timeout = Period::seconds(1);
    })
    .await;
    let running = serve(&app).await;
    let mut big = open(running.address, &get("/api/v1/big", "")).await;
    big.read_exact(&mut [0]).await.unwrap();
    // Each of these lives for the idle time, so the reply outlives it several times over.
    for _ in 0..3 {
        let mut idle = open(running.address, &get("/healthz", "")).await;
        assert!(rest(&mut idle).await.starts_with("HTTP/1.1 200"));
    }
    let mut taken = vec![0; 64 * 1024 * 1024];
    tokio::time::timeout(PATIENCE, big.read_exact(&mut taken))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn heads_beyond_every_limit_are_431_and_414() {
    let app = App::new().await;
    let running = serve(&app).await;
    let mut large = open(
        running.address,
        &get("/healthz", &format!("x-a: {}\r\n", "x".repeat(17_000))),
    )
    .await;
    let reply = one(&mut large).await;
    assert!(
        reply.starts_with("HTTP/1.1 431") && reply.contains("headers_too_large"),
        "{reply}"
    );
    let mut long = open(
        running.address,
        &get(&format!("/{}", "x".repeat(9_000)), ""),
    )
    .await;
    assert!(one(&mut long).await.starts_with("HTTP/1.1 414"));
    let many: Vec<String> = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let mut many = open(running.address, &get("/healthz", &many.concat())).await;
    assert!(rest(&mut many).await.starts_with("HTTP/1.1 431"));
    let mut huge = TcpStream::connect(running.address).await.unwrap();
    let bytes = get("/healthz", &format!("x-a: {}\r\n", "x".repeat(1_000_000)));
    drop(huge.write_all(&bytes).await);
    let reply = rest(&mut huge).await;
    assert!(
        reply.is_empty() || reply.starts_with("HTTP/1.1 431"),
        "{reply}"
    );
}

#[tokio::test]
async fn forwarded_addresses_are_believed_from_trusted_proxies_only() {
    let client = async |app: &App, headers: &str| {
        let running = serve(app).await;
        let mut stream = open(running.address, &get("/api/v1/ip", headers)).await;
        let reply = one(&mut stream).await;
        reply
            .rsplit("\r\n\r\n")
            .next()
            .unwrap()
            .trim_matches('"')
            .to_owned()
    };
    let alone = App::new().await;
    assert_eq!(
        client(&alone, "x-forwarded-for: 203.0.113.9\r\n").await,
        "127.0.0.1"
    );
    let behind = App::with(Engine::Sqlite, |config| {
        config.trusted_proxies = vec!["127.0.0.0/8".into(), "10.0.0.1".into()];
    })
    .await;
    for (headers, seen) in [
        ("", "127.0.0.1"),
        ("x-forwarded-for: 203.0.113.9\r\n", "203.0.113.9"),
        (
            "x-forwarded-for: 198.51.100.1, 203.0.113.9\r\n",
            "203.0.113.9",
        ),
        ("x-forwarded-for: 203.0.113.9, 10.0.0.1\r\n", "203.0.113.9"),
        (
            "x-forwarded-for: 198.51.100.1\r\nx-forwarded-for: 203.0.113.9, 10.0.0.1\r\n",
            "203.0.113.9",
        ),
        ("x-forwarded-for: 203.0.113.9:4711\r\n", "203.0.113.9"),
        ("x-forwarded-for: [2001:db8::1]:4711\r\n", "2001:db8::1"),
        ("x-forwarded-for: 203.0.113.9, nonsense\r\n", "127.0.0.1"),
        (
            "forwarded: for=203.0.113.9\r\nx-real-ip: 203.0.113.9\r\n",
            "127.0.0.1",
        ),
    ] {
        assert_eq!(client(&behind, headers).await, seen, "{headers}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_spoil_only_their_own_hop() {
    let app = App::with(Engine::Sqlite, |config| {
        config.trusted_proxies = vec!["127.0.0.0/8".into()];
    })
    .await;
    let running = serve(&app).await;
    for (hops, seen) in [
        (b"\xff\xfe, 203.0.113.9".as_slice(), "203.0.113.9"),
        (b"203.0.113.9, \xff", "127.0.0.1"),
    ] {
        let request = [
            b"GET /api/v1/ip HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ",
            hops,
            b"\r\n\r\n",
        ]
        .concat();
        let mut stream = open(running.address, &request).await;
        let reply = one(&mut stream).await;
        assert!(reply.ends_with(&format!("\"{seen}\"")), "{reply}");
    }
}

#[tokio::test]
async fn spoofed_addresses_do_not_escape_the_limit() {
    let app = App::new().await;
    let running = serve(&app).await;
    let mut refused = 0;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    for n in 0..110 {
        let headers = format!("x-forwarded-for: 203.0.113.{n}\r\n");
        stream
            .write_all(&get("/api/v1/ip", &headers))
            .await
            .unwrap();
        refused += usize::from(one(&mut stream).await.starts_with("HTTP/1.1 429"));
    }
    assert_eq!(refused, 10);
}

#[tokio::test]
async fn both_versions_speak_on_one_port() {
    let app = App::new().await;
    let running = serve(&app).await;
    let url = format!("http://{}/api/v1/ip", running.address);
    let old = reqwest::Client::builder().http1_only().build().unwrap();
    let new = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let old = old.get(&url).send().await.unwrap();
    assert_eq!(
        (old.status().as_u16(), old.version()),
        (200, http::Version::HTTP_11)
    );
    let answers = futures_util::future::join_all((0..50).map(|_| new.get(&url).send())).await;
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.version()),
            (200, http::Version::HTTP_2)
        );
        assert!(answer.headers().contains_key("x-request-id"));
    }
    let head = new
        .head(format!("http://{}/healthz", running.address))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
}

#[tokio::test]
async fn a_panic_spares_the_connection_and_the_others() {
    let app = App::new().await;
    let running = serve(&app).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(&get("/api/v1/panic", "")).await.unwrap();
        assert!(one(&mut stream).await.starts_with("HTTP/1.1 500"));
        stream.write_all(&get("/api/v1/ip", "")).await.unwrap();
        assert!(one(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn readiness_names_reasons_and_liveness_does_not_care() {
    let checks = vec![
        HealthCheck::needed("storage", async || Ok(())),
        HealthCheck::needed("broken", async || Err("the disk is full".to_owned())),
        HealthCheck::needed("stuck", std::future::pending),
        HealthCheck::informative("mail", async || Err("no server".to_owned())),
        HealthCheck::informative("panics", async || panic!("oh")),
    ];
    let app = App::with_checks(
        Engine::Sqlite,
        |config| config.health_timeout = Period::seconds(1),
        checks,
    )
    .await;
    assert_eq!(app.send(Ask::get("/healthz")).await.status, 200);
    let ready = app.send(Ask::get("/readyz")).await;
    assert_eq!(
        (ready.status, ready.json()["status"].as_str().unwrap()),
        (503, "unavailable")
    );
    let all = app.send(Ask::get("/api/v1/health/all")).await.json();
    let reasons: Vec<_> = all["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["reason"].clone())
        .collect();
    assert_eq!(
        serde_json::Value::from(reasons),
        serde_json::json!([
            null,
            "the disk is full",
            "no answer within 1s",
            "no server",
            "the check panicked"
        ])
    );
}

#[tokio::test]
async fn asking_often_does_not_run_the_checks_often() {
    let (needed, informative) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = |counter: &Arc<AtomicUsize>| {
        let counter = Arc::clone(counter);
        move || {
            let counter = Arc::clone(&counter);
            async move {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(())
            }
        }
    };
    let checks = vec![
        HealthCheck::needed("storage", counted(&needed)),
        HealthCheck::informative("mail", counted(&informative)),
    ];
    let app = App::with_checks(Engine::Sqlite, |_| {}, checks).await;
    let runs = || {
        let of = |counter: &Arc<AtomicUsize>| counter.load(Ordering::Relaxed);
        (of(&needed), of(&informative))
    };
    let ask = async |path: &str| {
        let asked = (0..20).map(|_| app.send(Ask::get(path)));
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer.status, 200);
        }
    };
    ask("/readyz").await;
    assert_eq!(runs(), (1, 0));
    ask("/api/v1/health/all").await;
    assert_eq!(runs(), (2, 1));
    app.clock.advance(Duration::from_millis(999));
    ask("/readyz").await;
    assert_eq!(runs(), (2, 1));
    app.clock.advance(Duration::from_millis(1));
    ask("/readyz").await;
    assert_eq!(runs(), (3, 1));
}

#[tokio::test]
async fn only_informative_failures_leave_the_server_ready() {
    let checks = vec![HealthCheck::informative("mail", async || {
        Err("no server".to_owned())
    })];
    let app = App::with_checks(Engine::Sqlite, |_| {}, checks).await;
    assert_eq!(app.send(Ask::get("/readyz")).await.status, 200);
    app.service.health().drain();
    let ready = app.send(Ask::get("/readyz")).await;
    assert_eq!(
        (ready.status, ready.json()["status"].as_str().unwrap()),
        (503, "draining")
    );
}

#[tokio::test]
async fn a_request_names_one_host() {
    let app = App::new().await;
    let running = serve(&app).await;
    let hosts = |lines: &str| format!("GET /healthz HTTP/1.1\r\n{lines}\r\n").into_bytes();
    for lines in [
        "",
        "host: a\r\nhost: b\r\n",
        "host: a b\r\n",
        "host: a/b\r\n",
    ] {
        let reply = rest(&mut open(running.address, &hosts(lines)).await).await;
        assert!(reply.starts_with("HTTP/1.1 400"), "{lines}: {reply}");
    }
    for lines in [
        "host: a\r\n",
        "host: a:1\r\n",
        "host: [::1]:1\r\n",
        "host:\r\n",
    ] {
        let reply = one(&mut open(running.address, &hosts(lines)).await).await;
        assert!(reply.starts_with("HTTP/1.1 200"), "{lines}: {reply}");
    }
    let old = b"GET /healthz HTTP/1.0\r\n\r\n";
    let reply = rest(&mut open(running.address, old).await).await;
    assert!(
        reply.starts_with("HTTP/1.0 200") || reply.starts_with("HTTP/1.1 200"),
        "{reply}"
    );
}
