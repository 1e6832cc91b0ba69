//! What is decided from the head alone.

use crate::app::{App, Ask};

#[tokio::test]
async fn unknown_paths_are_404_and_other_methods_405_with_allow() {
    let app = App::new().await;
    assert_eq!(app.send(Ask::get("/nowhere")).await.status, 404);
    assert_eq!(app.send(Ask::get("/api/v1/me/")).await.status, 404);
    let refused = app.send(Ask::new("DELETE", "/api/v1/things/x")).await;
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, "GET, HEAD, OPTIONS, PATCH, PUT")
    );
    let odd = app.send(Ask::new("BREW", "/api/v1/ip")).await;
    assert_eq!(odd.code(), "method_not_allowed");
    let options = app.send(Ask::new("OPTIONS", "/api/v1/ip")).await;
    assert_eq!(
        (options.status, options.header("allow")),
        (204, "GET, HEAD, OPTIONS")
    );
}

#[tokio::test]
async fn head_says_the_length_and_sends_nothing() {
    let app = App::new().await;
    let get = app.send(Ask::get("/healthz")).await;
    let head = app.send(Ask::new("HEAD", "/healthz")).await;
    assert_eq!(head.status, 200);
    assert!(head.bytes.is_empty() && !get.bytes.is_empty());
    assert_eq!(head.header("content-length"), get.bytes.len().to_string());
}

#[tokio::test]
async fn accept_is_honoured() {
    let app = App::new().await;
    for (accept, status) in [
        ("application/json", 200),
        ("application/*;q=0.1", 200),
        ("text/html, */*;q=0.5", 200),
        ("text/html", 406),
        ("*/*, application/json;q=0", 406),
        ("", 406),
    ] {
        let answer = app
            .send(Ask::get("/api/v1/ip").header("accept", accept))
            .await;
        assert_eq!(answer.status, status, "{accept}");
    }
    let file = app
        .send(Ask::get("/api/v1/files/one").header("accept", "text/csv"))
        .await;
    assert_eq!(file.status, 200);
}

#[tokio::test]
async fn long_addresses_and_large_heads_are_refused_with_a_problem() {
    let app = App::new().await;
    let long = format!("/api/v1/ip?{}", "x".repeat(9_000));
    assert_eq!(app.send(Ask::get(&long)).await.code(), "uri_too_long");
    let large = Ask::get("/api/v1/ip").header("x-filler", &"x".repeat(17_000));
    assert_eq!(app.send(large).await.code(), "headers_too_large");
}

#[tokio::test]
async fn request_ids_are_kept_only_when_well_formed() {
    let app = App::new().await;
    let id = app
        .send(Ask::get("/healthz").header("x-request-id", "abc-1.2_Z"))
        .await;
    assert_eq!(id.header("x-request-id"), "abc-1.2_Z");
    for bad in ["", "a b", "a\"b", "{\"x\":1}", "a\tb", &"x".repeat(129)] {
        let made = app
            .send(Ask::get("/healthz").header("x-request-id", bad))
            .await;
        assert_ne!(made.header("x-request-id"), bad);
        assert_eq!(made.header("x-request-id").len(), 36);
    }
}

#[tokio::test]
async fn every_reply_carries_the_security_headers() {
    let plain = App::new().await;
    let answer = plain.send(Ask::get("/nowhere")).await;
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("strict-transport-security"), "");

    let https = App::with(gantry_testkit::Engine::Sqlite, |config| {
        config.public_url = "https://gantry.example.com".into();
    })
    .await;
    let answer = https.send(Ask::get("/healthz")).await;
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000; includeSubDomains"
    );
    let public = https.send(Ask::get("/api/openapi.json")).await;
    assert_eq!(public.header("cache-control"), "public, max-age=3600");
}

#[tokio::test]
async fn a_panic_or_failure_is_500_without_its_reason_and_spares_the_next() {
    let app = App::new().await;
    for path in ["/api/v1/panic", "/api/v1/failure"] {
        let broken = app.send(Ask::get(path)).await;
        assert_eq!((broken.status, broken.code().as_str()), (500, "internal"));
        let text = String::from_utf8(broken.bytes.to_vec()).unwrap();
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(app.send(Ask::get("/api/v1/ip")).await.status, 200);
    }
}

#[tokio::test]
async fn a_stuck_handler_is_503_timeout() {
    let app = App::new().await;
    let answer = app.send(Ask::get("/api/v1/stuck")).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "timeout"));
    assert_eq!(answer.header("retry-after"), "1");
}
