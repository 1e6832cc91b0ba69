//! What is measured of requests, and the address at which it is told.

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_http::Operations;
use gantry_kernel::Secret;
use gantry_telemetry::{Family, Registry, Sample, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::app::{App, Ask};

fn family(app: &App, name: &str) -> Family {
    let all = app.service.measures().families();
    all.into_iter().find(|family| family.name == name).unwrap()
}

fn labels(sample: &Sample) -> (&str, &str, &str) {
    (
        sample.label("method").unwrap(),
        sample.label("route").unwrap(),
        sample.label("status_code").unwrap_or_default(),
    )
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_was_sent() {
    let app = App::new().await;
    let notes = "/api/v1/tenants/alpha/notes";
    for _ in 0..3 {
        app.send(Ask::get(notes).bearer("owner")).await;
    }
    app.send(Ask::get(notes)).await;
    app.send(Ask::get("/api/v1/panic")).await;
    for number in 0..50 {
        app.send(Ask::get(&format!("/stranger-{number}"))).await;
        app.send(Ask::new(&format!("M{number}"), "/stranger")).await;
    }
    let total = family(&app, "http_requests_total");
    let counts: BTreeSet<_> = total
        .samples
        .iter()
        .map(|sample| (labels(sample), format!("{:?}", sample.value)))
        .collect();
    let template = "/api/v1/tenants/{tenant}/notes";
    let expected = [
        (("GET", template, "200"), 3),
        (("GET", template, "401"), 1),
        (("GET", "/api/v1/panic", "500"), 1),
        (("GET", "none", "404"), 50),
        (("OTHER", "none", "404"), 50),
    ];
    let expected = expected
        .into_iter()
        .map(|(of, count)| (of, format!("{:?}", Value::Count(count))))
        .collect();
    assert_eq!(counts, expected);
    let took = family(&app, "http_request_duration_seconds");
    assert_eq!(took.samples.len(), total.samples.len());
    let running = family(&app, "http_requests_in_progress");
    assert!(
        running
            .samples
            .iter()
            .all(|sample| sample.value == Value::Level(0.0))
    );
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_and_leaves_nothing_running() {
    let app = App::new().await;
    {
        let request = http::Request::get("/api/v1/gated").body(bytes::Bytes::new());
        let waiting = app.service.call(request.unwrap());
        tokio::pin!(waiting);
        tokio::select! {
            answer = &mut waiting => panic!("nobody opened: {answer:?}"),
            arrived = app.gate.arrived.acquire() => arrived.unwrap().forget(),
        }
        let running = family(&app, "http_requests_in_progress");
        let running: Vec<_> = running.samples.iter().map(|sample| &sample.value).collect();
        assert_eq!(running, [&Value::Level(1.0)]);
    }
    let total = family(&app, "http_requests_total");
    let of: Vec<_> = total.samples.iter().map(labels).collect();
    assert_eq!(of, [("GET", "/api/v1/gated", "499")]);
    let running = family(&app, "http_requests_in_progress");
    assert_eq!(running.samples[0].value, Value::Level(0.0));
}

async fn raw(address: std::net::SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{head}\r\nHost: operations\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn numbers_are_for_who_has_the_token_and_nothing_else_is_there() {
    let app = App::new().await;
    app.send(Ask::get("/healthz")).await;
    let registry = Registry::default();
    registry.join(app.service.measures());
    let token = "a-token-of-some-length";
    let operations = Operations::new(registry, Some(Secret::new(token.to_owned())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Arc::new(tokio::sync::Notify::new());
    let stopping = Arc::clone(&stop);
    let served = tokio::spawn(async move {
        operations
            .serve(listener, async move { stopping.notified().await })
            .await;
    });
    let with = |token: &str| format!("\r\nAuthorization: Bearer {token}");
    for (head, status) in [
        ("GET /metrics HTTP/1.1".to_owned(), 401),
        (format!("GET /metrics HTTP/1.1{}", with("wrong")), 401),
        (format!("GET /metrics HTTP/1.1{}", with("")), 401),
        (format!("GET /healthz HTTP/1.1{}", with(token)), 404),
        (format!("POST /metrics HTTP/1.1{}", with(token)), 405),
        (format!("GET /metrics HTTP/1.1{}", with(token)), 200),
    ] {
        let answer = raw(address, &head).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{head}: {answer}"
        );
        let told = answer.contains(
            "http_requests_total{method=\"GET\",route=\"/healthz\",status_code=\"200\"} 1",
        );
        assert_eq!(told, status == 200, "{head}: {answer}");
    }
    stop.notify_one();
    served.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
