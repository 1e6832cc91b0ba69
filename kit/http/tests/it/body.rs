//! Bodies: media types, encodings, sizes, nesting, and places of what is wrong.

use serde_json::json;

use crate::app::{App, Ask};

#[tokio::test]
async fn media_types_and_encodings_are_checked() {
    let app = App::new().await;
    let ask = || Ask::post("/api/v1/echo").bytes("{}");
    assert_eq!(app.send(ask()).await.code(), "unsupported_media_type");
    for (kind, status) in [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=latin1", 415),
        ("application/json; charset=\"UTF-8\"", 200),
        ("Application/JSON", 200),
    ] {
        assert_eq!(
            app.send(ask().header("content-type", kind)).await.status,
            status,
            "{kind}"
        );
    }
    let zipped = ask()
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    assert_eq!(app.send(zipped).await.code(), "unsupported_encoding");
}

#[tokio::test]
async fn sizes_follow_the_configuration_and_the_route() {
    let app = App::new().await;
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let refused = app.send(Ask::post("/api/v1/echo").json(&large)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (413, "body_too_large")
    );
    let file = vec![0_u8; 2_000_000];
    assert_eq!(
        app.send(Ask::post("/api/v1/files").bytes(file.clone()))
            .await
            .json(),
        json!(2_000_000)
    );
    let more = [file, vec![0]].concat();
    assert_eq!(
        app.send(Ask::post("/api/v1/files").bytes(more))
            .await
            .status,
        413
    );
}

#[tokio::test]
async fn strangers_may_send_little_unless_the_route_takes_more() {
    let app = App::new().await;
    let note = |length: usize| format!("{{\"body\": \"{}\"}}", "x".repeat(length));
    let stranger = |length| Ask::post("/api/v1/notes").json(&note(length));
    assert_eq!(app.send(stranger(16 * 1024 - 12)).await.status, 200);
    let refused = app.send(stranger(16 * 1024 - 11)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (413, "body_too_large")
    );
    let known = Ask::post("/api/v1/tenants/alpha/notes")
        .bearer("owner")
        .json(&note(100_000));
    assert_eq!(app.send(known).await.status, 201);
    let declared = Ask::post("/api/v1/echo").json(&note(100_000));
    assert_eq!(app.send(declared).await.status, 200);
}

#[tokio::test]
async fn a_json_bomb_is_refused_before_it_is_parsed() {
    let app = App::new().await;
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(
        app.send(Ask::post("/api/v1/echo").json(&deep(32)))
            .await
            .status,
        200
    );
    for levels in [33, 100_000] {
        let answer = app
            .send(Ask::post("/api/v1/echo").json(&deep(levels)))
            .await;
        assert_eq!(answer.code(), "json_too_deep");
    }
}

#[tokio::test]
async fn wrong_json_is_400_and_wrong_fields_are_422_with_their_place() {
    let app = App::new().await;
    let send = async |body: &str| {
        app.send(
            Ask::post("/api/v1/tenants/alpha/notes")
                .bearer("owner")
                .json(body),
        )
        .await
    };
    for broken in ["", "{", "{\"body\": 1", "{} x"] {
        let answer = send(broken).await;
        assert!(
            answer.code() == "malformed_json" || answer.code() == "invalid_request",
            "{broken}: {}",
            answer.code()
        );
    }
    assert_eq!(send("{").await.status, 400);
    let place = async |body: &str| {
        let answer = send(body).await;
        assert_eq!(answer.code(), "invalid_request", "{body}");
        answer.json()["errors"][0]["pointer"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(place(r#"{"body": 1}"#).await, "/body");
    assert_eq!(
        place(r#"{"body": "a", "tags": [{"weight": 1}, {"weight": 256}]}"#).await,
        "/tags/1/weight"
    );
    assert_eq!(place(r#"{"body": "a", "tenant": "x"}"#).await, "/tenant");
    assert_eq!(place(r#"{"tags": []}"#).await, "");
    assert_eq!(place(r#"{"body": "a", "body": "b"}"#).await, "");
    let detail = send(r#"{"body": 1}"#).await.json()["errors"][0]["detail"].clone();
    assert_eq!(detail, "invalid type: integer `1`, expected a string");
}
