//! An error as an event of Sentry's protocol, in an envelope. Only words of the program and ids are in it: texts that may
//! quote somebody are scrubbed, and fields that are not named here do not leave.

use gantry_kernel::{Timestamp, define_id};
use serde_json::{Map, Value, json};

use crate::fields::Fields;
use crate::scrub;

define_id! {
    /// Id of an event.
    pub struct EventId;
}

/// Fields of the log that are words or ids of the program.
const TAGS: [&str; 7] = [
    "code",
    "route",
    "kind",
    "job",
    "tenant",
    "request_id",
    "thread",
];

/// An error that was logged.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    /// The part of the program.
    pub(crate) target: &'static str,
    pub(crate) fields: Fields,
    pub(crate) trace: Option<(String, String)>,
}

impl Report {
    /// 32 hexadecimal digits.
    fn event_id(&self) -> String {
        self.id.to_string().replace('-', "")
    }

    /// Header, item header and payload, a line each.
    pub(crate) fn envelope(&self, environment: &str) -> Vec<u8> {
        let payload = self.event(environment).to_string();
        let header = json!({
            "event_id": self.event_id(),
            "sent_at": self.at.to_string(),
            "sdk": {"name": "gantry", "version": env!("CARGO_PKG_VERSION")},
        });
        let item = json!({
            "type": "event", "content_type": "application/json", "length": payload.len(),
        });
        format!("{header}\n{item}\n{payload}\n").into_bytes()
    }

    fn event(&self, environment: &str) -> Value {
        let fields = &self.fields;
        let mut tags = Map::new();
        for name in TAGS {
            if let Some(value) = fields.get(name) {
                tags.insert(name.to_owned(), value.into());
            }
        }
        let said = ["cause", "error", "detail", "panic"]
            .iter()
            .find_map(|name| fields.get(name))
            .map(scrub)
            .unwrap_or_default();
        let mut exception = json!({
            "type": fields.message,
            "value": said,
            "module": self.target,
            "mechanism": {"type": "log", "handled": fields.message != "panicked"},
        });
        if let Some(frame) = fields.get("place").and_then(frame) {
            exception["stacktrace"] = json!({"frames": [frame]});
        }
        let mut event = json!({
            "event_id": self.event_id(),
            "timestamp": self.at.to_string(),
            "platform": "native",
            "level": if fields.message == "panicked" { "fatal" } else { "error" },
            "logger": self.target,
            "release": concat!("gantry@", env!("CARGO_PKG_VERSION")),
            "environment": environment,
            "tags": tags,
            "exception": {"values": [exception]},
        });
        if let Some(route) = fields.get("route") {
            event["transaction"] = route.into();
        }
        if let Some((trace, span)) = &self.trace {
            event["contexts"] = json!({"trace": {"trace_id": trace, "span_id": span}});
        }
        event
    }
}

/// `kit/db/src/tx.rs:120:5` as a frame.
fn frame(place: &str) -> Option<Value> {
    let mut parts = place.rsplitn(3, ':');
    let (column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
    Some(json!({
        "filename": file,
        "lineno": line.parse::<u32>().ok()?,
        "colno": column.parse::<u32>().ok()?,
        "in_app": true,
    }))
}
