//! What pages of our own and of other origins may do.

use gantry_testkit::Engine;

use crate::app::{App, Ask};

const OWN: &str = "http://127.0.0.1:8080";
const LISTED: &str = "https://app.example.com";
const FOREIGN: &str = "https://evil.example.org";

async fn app() -> App {
    App::with(Engine::Sqlite, |config| {
        config.cors_origins = vec![LISTED.into()];
    })
    .await
}

#[tokio::test]
async fn only_listed_origins_may_read() {
    let app = app().await;
    for (origin, allowed) in [
        (LISTED, LISTED),
        (OWN, ""),
        (FOREIGN, ""),
        ("null", ""),
        ("https://app.example.com.evil.example.org", ""),
        ("https://APP.example.com", ""),
        ("http://app.example.com", ""),
        ("https://app.example.com:8443", ""),
    ] {
        let answer = app
            .send(Ask::get("/api/v1/ip").header("origin", origin))
            .await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            allowed,
            "{origin}"
        );
        let credentials = if allowed.is_empty() { "" } else { "true" };
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            credentials
        );
        assert_eq!(answer.header("vary"), "Origin");
    }
    let problem = app
        .send(Ask::get("/nowhere").header("origin", LISTED))
        .await;
    assert_eq!(problem.header("access-control-allow-origin"), LISTED);
    assert!(
        problem
            .header("access-control-expose-headers")
            .contains("x-request-id")
    );
}

#[tokio::test]
async fn preflights_name_methods_and_headers_for_listed_origins_only() {
    let app = app().await;
    let preflight = |origin: &str| {
        Ask::new("OPTIONS", "/api/v1/me/writes")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "content-type,x-csrf-token",
            )
    };
    let answer = app.send(preflight(LISTED)).await;
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.header("access-control-allow-methods"),
        "OPTIONS, POST"
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("x-csrf-token")
    );
    assert_eq!(answer.header("access-control-max-age"), "600");
    let refused = app.send(preflight(FOREIGN)).await;
    assert_eq!(refused.header("access-control-allow-methods"), "");
    assert_eq!(refused.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn cookie_writes_need_our_page_and_the_token() {
    let app = app().await;
    let good = "csrf-good";
    let cases = [
        (
            "own page",
            Some(OWN),
            Some("same-origin"),
            Some(good),
            204,
            "",
        ),
        (
            "listed page",
            Some(LISTED),
            Some("cross-site"),
            Some(good),
            204,
            "",
        ),
        ("no browser", None, None, Some(good), 204, ""),
        ("typed address", None, Some("none"), Some(good), 204, ""),
        (
            "no token",
            Some(OWN),
            Some("same-origin"),
            None,
            403,
            "csrf_failed",
        ),
        (
            "wrong token",
            Some(OWN),
            Some("same-origin"),
            Some("other"),
            403,
            "csrf_failed",
        ),
        ("empty token", Some(OWN), None, Some(""), 403, "csrf_failed"),
        (
            "other site",
            Some(FOREIGN),
            Some("cross-site"),
            Some(good),
            403,
            "origin_refused",
        ),
        (
            "lying site",
            Some(FOREIGN),
            Some("same-origin"),
            Some(good),
            403,
            "origin_refused",
        ),
        (
            "opaque origin",
            Some("null"),
            None,
            Some(good),
            403,
            "origin_refused",
        ),
        (
            "form without origin",
            None,
            Some("cross-site"),
            Some(good),
            403,
            "origin_refused",
        ),
        (
            "sibling site",
            None,
            Some("same-site"),
            Some(good),
            403,
            "origin_refused",
        ),
    ];
    for (name, origin, site, token, status, code) in cases {
        let mut ask = Ask::post("/api/v1/me/writes").cookie("owner");
        for (header, value) in [
            ("origin", origin),
            ("sec-fetch-site", site),
            ("x-csrf-token", token),
        ] {
            if let Some(value) = value {
                ask = ask.header(header, value);
            }
        }
        let answer = app.send(ask).await;
        assert_eq!(answer.status, status, "{name}");
        if status != 204 {
            assert_eq!(answer.code(), code, "{name}");
        }
    }
}

#[tokio::test]
async fn aliases_of_our_address_are_our_pages_too() {
    let app = App::with(Engine::Sqlite, |config| {
        config.own_aliases = vec!["http://localhost:8080".into(), "http://[::1]:8080".into()];
    })
    .await;
    for (origin, status) in [
        (OWN, 204),
        ("http://localhost:8080", 204),
        ("http://[::1]:8080", 204),
        ("http://localhost:8081", 403),
        ("https://localhost:8080", 403),
        ("http://localhost", 403),
        ("http://localhost.example.org:8080", 403),
    ] {
        let ask = Ask::post("/api/v1/me/writes")
            .cookie("owner")
            .header("x-csrf-token", "csrf-good")
            .header("origin", origin);
        assert_eq!(app.send(ask).await.status, status, "{origin}");
        // Being ours is not being listed: nothing is said to a page of another origin.
        let read = app
            .send(Ask::get("/api/v1/ip").header("origin", origin))
            .await;
        assert_eq!(read.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[tokio::test]
async fn bearers_and_reads_need_no_token_and_public_writes_no_foreign_page() {
    let app = app().await;
    assert_eq!(
        app.send(Ask::post("/api/v1/me/writes").bearer("owner"))
            .await
            .status,
        204
    );
    assert_eq!(
        app.send(Ask::get("/api/v1/me").cookie("owner"))
            .await
            .status,
        200
    );
    let both = Ask::post("/api/v1/me/writes")
        .bearer("owner")
        .cookie("owner")
        .header("origin", FOREIGN);
    assert_eq!(app.send(both).await.status, 204);
    let foreign = Ask::post("/api/v1/sign-ups").header("origin", FOREIGN);
    assert_eq!(app.send(foreign).await.code(), "origin_refused");
    assert_eq!(
        app.send(Ask::post("/api/v1/sign-ups").header("origin", OWN))
            .await
            .status,
        204
    );
}
