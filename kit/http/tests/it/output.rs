//! Versions, files, pages of the server itself.

use crate::app::{App, Ask};

const THING: &str = "/api/v1/things/01987c5e-5d5e-7cc0-8d51-3a4f1f0b5f7e";

#[tokio::test]
async fn versions_travel_as_strong_tags() {
    let app = App::new().await;
    let answer = app.send(Ask::get(THING)).await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"v7\""));
    for (field, status) in [
        ("\"v7\"", 304),
        ("W/\"v7\"", 304),
        ("\"v1\", \"v7\"", 304),
        ("*", 304),
        ("\"v6\"", 200),
    ] {
        let answer = app
            .send(Ask::get(THING).header("if-none-match", field))
            .await;
        assert_eq!(answer.status, status, "{field}");
        assert_eq!(answer.header("etag"), "\"v7\"");
        assert_eq!(answer.bytes.is_empty(), status == 304);
    }
    for (field, status) in [
        ("\"v7\"", 200),
        ("\"v6\"", 412),
        ("W/\"v7\"", 422),
        ("*", 422),
        ("\"v07\"", 422),
        ("\"v1\", \"v7\"", 422),
    ] {
        let answer = app
            .send(Ask::new("PUT", THING).header("if-match", field))
            .await;
        assert_eq!(answer.status, status, "{field}");
    }
    let missing = app.send(Ask::new("PUT", THING)).await;
    assert_eq!(
        (missing.status, missing.code().as_str()),
        (428, "if_match_required")
    );
    let created = app.send(Ask::post("/api/v1/things")).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        (created.header("etag"), created.header("location")),
        ("\"v1\"", "/things/1")
    );
}

#[tokio::test]
async fn a_path_that_cannot_be_an_id_is_404() {
    let app = App::new().await;
    for path in [
        "/api/v1/things/1",
        "/api/v1/things/%2e%2e",
        "/api/v1/things/%ff",
    ] {
        assert_eq!(app.send(Ask::get(path)).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn files_are_attachments_with_safe_names() {
    let app = App::new().await;
    let file = app.send(Ask::get("/api/v1/files/one")).await;
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"_ _x_.csv\"; filename*=UTF-8''%C3%96%20%22x%22.csv"
    );
    assert_eq!(file.bytes, "a,b\n");
}

#[tokio::test]
async fn every_error_code_has_a_page() {
    let app = App::new().await;
    for code in app.service.table().error_codes() {
        let path = format!("/errors/{}", code.code);
        let answer = app.send(Ask::get(&path)).await;
        assert_eq!(answer.json()["meaning"], code.meaning);
        app.clock.advance(std::time::Duration::from_mins(1));
    }
    let page = app
        .send(Ask::get("/errors/teapot").header("accept", "text/html,*/*;q=0.8"))
        .await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(!page.header("content-security-policy").contains("unsafe"));
    assert_eq!(app.send(Ask::get("/errors/nothing")).await.status, 404);
}

#[tokio::test]
async fn security_txt_exists_once_somebody_is_named() {
    let app = App::new().await;
    assert_eq!(
        app.send(Ask::get("/.well-known/security.txt")).await.status,
        404
    );
    let app = App::with(gantry_testkit::Engine::Sqlite, |config| {
        config.security_contact = "mailto:security@example.com".into();
    })
    .await;
    let text = app.send(Ask::get("/.well-known/security.txt")).await;
    let text = String::from_utf8(text.bytes.to_vec()).unwrap();
    assert_eq!(
        text,
        "Contact: mailto:security@example.com\nExpires: 2027-01-05T09:00:00Z\n"
    );
}
