//! The log: one JSON line per request, which nobody outside can forge or fill with secrets.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;

use crate::app::{App, Ask};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn logged(ask: Ask) -> (Vec<Value>, String) {
    let app = App::new().await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(move || writer.clone())
        .finish();
    app.send(ask).with_subscriber(subscriber).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let parsed = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (parsed, text)
}

#[tokio::test]
async fn one_line_per_request_names_route_and_people_but_no_secrets() {
    let ask = Ask::get("/api/v1/tenants/alpha/notes?starts_with=private-filter")
        .bearer("owner")
        .header("x-request-id", "id-1")
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        );
    let (lines, text) = logged(ask).await;
    assert_eq!(lines.len(), 1, "{text}");
    let line = &lines[0];
    assert_eq!(line["method"], "GET");
    assert_eq!(line["route"], "/api/v1/tenants/{tenant}/notes");
    assert_eq!(line["status"], 200);
    assert_eq!(line["request_id"], "id-1");
    assert_eq!(line["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert!(
        line["duration_ms"].is_number()
            && line["identity"].is_string()
            && line["tenant"].is_string()
    );
    assert!(
        !text.contains("private-filter") && !text.contains("owner"),
        "{text}"
    );
}

#[tokio::test]
async fn a_refusal_is_logged_with_its_reason_and_its_caller() {
    let notes = "/api/v1/tenants/alpha/notes";
    let write = || Ask::post("/api/v1/me/writes").cookie("owner");
    for (ask, status, code, known) in [
        (Ask::get(notes), 401, "unauthenticated", false),
        (Ask::get(notes).bearer("bad"), 401, "unauthenticated", false),
        (
            Ask::get("/api/v1/admin/staff").bearer("owner"),
            403,
            "permission_missing",
            true,
        ),
        (write(), 403, "csrf_failed", true),
        (
            write().header("origin", "https://evil.example.org"),
            403,
            "origin_refused",
            true,
        ),
        (Ask::get("/nowhere"), 404, "not_found", false),
    ] {
        let (lines, text) = logged(ask).await;
        let line = lines.last().unwrap();
        assert_eq!(
            (&line["status"], &line["code"]),
            (&json!(status), &json!(code)),
            "{text}"
        );
        assert_eq!(line["identity"].is_string(), known, "{text}");
    }
    let (lines, _) = logged(Ask::get("/healthz")).await;
    assert!(lines.iter().all(|line| line.get("code").is_none()));
}

#[tokio::test]
async fn a_server_error_is_logged_once_with_its_cause() {
    for (path, cause) in [
        ("/api/v1/failure", "secret detail"),
        ("/api/v1/panic", "a handler panicked: secret detail"),
    ] {
        let (lines, text) = logged(Ask::get(path)).await;
        let errors: Vec<_> = lines
            .iter()
            .filter(|line| line["level"] == "ERROR")
            .collect();
        assert_eq!(errors.len(), 1, "{text}");
        assert_eq!(errors[0]["cause"], cause);
        assert_eq!(errors[0]["route"], path);
        assert_eq!(errors[0]["request_id"], lines[1]["request_id"]);
    }
}

#[tokio::test]
async fn a_client_cannot_write_lines() {
    let ask = Ask::get("/nowhere%0a%7b%22level%22:%22ERROR%22%7d").header("x-request-id", "a\"}{");
    let (lines, text) = logged(ask).await;
    assert_eq!(lines.len(), 1, "{text}");
    assert_eq!(
        (lines[0]["route"].as_str(), lines[0]["status"].as_u64()),
        (Some("none"), Some(404))
    );
}
