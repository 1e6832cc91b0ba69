//! Files of a web interface beside the routes.

use gantry_http::{Site, SiteFile};

use crate::app::{App, Ask};

const POLICY: &str = "default-src 'none'; script-src 'self'";
const PAGE: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

fn site() -> Site {
    let script = SiteFile {
        path: "/assets/main-a1.js",
        content_type: "text/javascript; charset=utf-8",
        digest: "a1",
        immutable: true,
        plain: b"plain script",
        brotli: Some(b"brotli"),
        gzip: Some(b"gzip"),
    };
    let index = SiteFile {
        path: "/index.html",
        content_type: "text/html; charset=utf-8",
        digest: "b2",
        immutable: false,
        plain: b"<!doctype html>",
        brotli: None,
        gzip: None,
    };
    Site::application([script], index, POLICY)
}

#[tokio::test]
async fn a_file_is_served_with_what_lets_browsers_keep_it() {
    let app = App::with_site(site()).await;
    let answer = app.send(Ask::get("/assets/main-a1.js")).await;
    assert_eq!(
        (answer.status, &answer.bytes[..]),
        (200, &b"plain script"[..])
    );
    assert_eq!(
        answer.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(answer.header("content-security-policy"), POLICY);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("vary"), "Accept-Encoding");
    assert_eq!(answer.header("etag"), "\"a1\"");
    let again = Ask::get("/assets/main-a1.js").header("if-none-match", "\"zz\", \"a1\"");
    let answer = app.send(again).await;
    assert_eq!((answer.status, answer.bytes.len()), (304, 0));
    assert_eq!(answer.header("etag"), "\"a1\"");
    let answer = app.send(Ask::new("HEAD", "/assets/main-a1.js")).await;
    assert_eq!((answer.status, answer.bytes.len()), (200, 0));
    assert_eq!(answer.header("content-length"), "12");
}

#[tokio::test]
async fn the_smallest_encoding_that_is_taken_is_sent() {
    let app = App::with_site(site()).await;
    for (accepted, body, encoding, tag) in [
        ("gzip, deflate, br", "brotli", "br", "\"a1-br\""),
        ("gzip", "gzip", "gzip", "\"a1-gz\""),
        ("br;q=0, gzip;q=0.5", "gzip", "gzip", "\"a1-gz\""),
        ("identity", "plain script", "", "\"a1\""),
        ("*;q=0", "plain script", "", "\"a1\""),
        ("br;q=nonsense", "plain script", "", "\"a1\""),
    ] {
        let ask = Ask::get("/assets/main-a1.js").header("accept-encoding", accepted);
        let answer = app.send(ask).await;
        assert_eq!(&answer.bytes[..], body.as_bytes(), "{accepted}");
        assert_eq!(answer.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(answer.header("etag"), tag, "{accepted}");
    }
    // The page has no compressed form.
    let ask = Ask::get("/").header("accept-encoding", "br");
    assert_eq!(app.send(ask).await.header("content-encoding"), "");
}

#[tokio::test]
async fn navigations_get_the_page_and_programs_are_told_the_truth() {
    let app = App::with_site(site()).await;
    for path in ["/", "/sign-in", "/w/north-hall/spaces/students"] {
        let answer = app.send(Ask::get(path).header("accept", PAGE)).await;
        assert_eq!(
            (answer.status, &answer.bytes[..]),
            (200, &b"<!doctype html>"[..]),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
        assert_eq!(answer.header("content-security-policy"), POLICY, "{path}");
    }
    let navigation = |path| Ask::get(path).header("accept", PAGE);
    for ask in [
        Ask::get("/sign-in"),
        Ask::get("/sign-in").header("accept", "application/json"),
        navigation("/sign-in").header("sec-fetch-mode", "cors"),
        navigation("/assets/gone-c3.js"),
        navigation("/api/v1/nothing"),
        navigation("/errors/nothing"),
        navigation("/.env"),
        navigation("/.well-known/nothing"),
        navigation("/healthz/"),
        navigation("/index.html"),
        Ask::post("/").json("{}"),
        Ask::post("/assets/main-a1.js").json("{}"),
    ] {
        let answer = app.send(ask).await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "not_found".to_owned())
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    // Routes are never hidden by files.
    assert_eq!(
        app.send(navigation("/healthz")).await.json()["status"],
        "ok"
    );
}

#[tokio::test]
async fn files_count_against_no_limit() {
    let app = App::with_site(site()).await;
    for _ in 0..500 {
        let answer = app.send(Ask::get("/assets/main-a1.js")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit"), "");
    }
}

#[tokio::test]
async fn a_single_page_stands_at_the_root_alone() {
    let only = SiteFile {
        path: "/",
        content_type: "text/html; charset=utf-8",
        digest: "d4",
        immutable: false,
        plain: b"how to build it",
        brotli: None,
        gzip: None,
    };
    let app = App::with_site(Site::page(only, POLICY)).await;
    assert_eq!(app.send(Ask::get("/")).await.status, 200);
    assert_eq!(
        app.send(Ask::get("/sign-in").header("accept", PAGE))
            .await
            .status,
        404
    );
    let app = App::new().await;
    assert_eq!(
        app.send(Ask::get("/").header("accept", PAGE)).await.status,
        404
    );
}
