//! The text of an event stream.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use gantry_kernel::{Kind, Problem};
use serde_json::json;

/// One event on its way to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The name under which a browser's `EventSource` hands it over; `message` when there is none.
    pub event: Option<&'static str>,
    /// What the client brings back in `Last-Event-ID`.
    pub id: String,
    /// What it says.
    pub data: serde_json::Value,
}

impl Message {
    /// JSON written by this program has no line breaks and neither have ids, so each field is one line.
    pub(super) fn write(&self, to: &mut String) {
        // Writing to a string cannot fail.
        if let Some(event) = self.event {
            writeln!(to, "event: {event}").ok();
        }
        write!(to, "id: {}\ndata: {}\n\n", self.id, self.data).ok();
    }
}

/// The first line: how long to wait before coming back.
pub(super) fn retry(after: Duration) -> String {
    format!("retry: {}\n\n", after.as_millis())
}

/// Shows that somebody is there, and moves the place to which the client would return.
pub(super) fn beat(id: &str) -> Bytes {
    format!(": beat\nid: {id}\n\n").into()
}

/// The last event: why it ends, and whether coming back makes sense.
pub(super) fn end(problem: &Problem) -> Bytes {
    let again = matches!(problem.kind, Kind::Unavailable | Kind::Timeout);
    let data = json!({"code": problem.code, "detail": problem.detail, "reconnect": again});
    format!("event: end\ndata: {data}\n\n").into()
}

/// The last event of a server that stops.
pub(super) fn stopping() -> Bytes {
    let data = json!({
        "code": "server_stopping", "detail": "the server is stopping; come back", "reconnect": true,
    });
    format!("event: end\ndata: {data}\n\n").into()
}
