//! REST under `/api/v1`.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Reply, Site, reply, text};
use crate::{fault::Fault, inbox::Message};

/// A fault is a few dozen bytes.
const MAX_BODY: usize = 4 * 1024;
const DEFAULT_LIMIT: usize = 100;

pub(crate) async fn answer(site: &Site, request: Request<Incoming>, path: &[&str]) -> Reply {
    match (request.method(), path) {
        (&Method::GET, ["messages"]) => list(site, request.uri().query().unwrap_or_default()),
        (&Method::DELETE, ["messages"]) => {
            site.inbox.clear();
            empty()
        }
        (&Method::GET, ["messages", id]) => match find(site, id) {
            Some(message) => json_reply(StatusCode::OK, &detail(&message)),
            None => not_found(),
        },
        (&Method::GET, ["messages", id, "raw"]) => match find(site, id) {
            Some(message) => reply(StatusCode::OK, "message/rfc822", message.raw.clone()),
            None => not_found(),
        },
        (&Method::GET, ["faults"]) => json_reply(StatusCode::OK, &json!(site.faults.current())),
        (&Method::PUT, ["faults"]) => set_fault(site, request).await,
        (&Method::GET, ["stats"]) => json_reply(StatusCode::OK, &json!(site.inbox.stats())),
        (_, ["messages" | "faults" | "stats", ..]) => {
            text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        }
        _ => not_found(),
    }
}

fn list(site: &Site, query: &str) -> Reply {
    let mut to = None;
    let mut since = 0;
    let mut limit = DEFAULT_LIMIT;
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = value.replace('+', "%20");
        // An address may hold a plus sign, and few callers escape it.
        let plain = || {
            percent_decode_str(&value)
                .decode_utf8_lossy()
                .replace(' ', "+")
        };
        match name {
            "to" => to = Some(plain()),
            "since" => match value.parse() {
                Ok(id) => since = id,
                Err(_) => return text(StatusCode::BAD_REQUEST, "since must be a message id"),
            },
            "limit" => match value.parse() {
                Ok(count) => limit = count,
                Err(_) => return text(StatusCode::BAD_REQUEST, "limit must be a number"),
            },
            _ => return text(StatusCode::BAD_REQUEST, "known filters: to, since, limit"),
        }
    }
    let messages: Vec<Value> = site
        .inbox
        .list(to.as_deref(), since, limit)
        .iter()
        .map(|message| summary(message))
        .collect();
    json_reply(StatusCode::OK, &json!({ "messages": messages }))
}

fn find(site: &Site, id: &str) -> Option<std::sync::Arc<Message>> {
    site.inbox.get(id.parse().ok()?)
}

fn summary(message: &Message) -> Value {
    json!({
        "id": message.id,
        "received_at": message.received_at,
        "from": message.envelope_from,
        "to": message.recipients,
        "subject": message.content.subject,
        "message_id": message.content.message_id,
        "bytes": message.raw.len(),
    })
}

fn detail(message: &Message) -> Value {
    let mut value = summary(message);
    value["headers"] = json!(message.content.headers);
    value["text"] = json!(message.content.text);
    value["html"] = json!(message.content.html);
    value["links"] = json!(message.content.links);
    value["attachments"] = json!(message.content.attachments);
    value
}

async fn set_fault(site: &Site, request: Request<Incoming>) -> Reply {
    let Ok(body) = Limited::new(request.into_body(), MAX_BODY).collect().await else {
        return text(StatusCode::PAYLOAD_TOO_LARGE, "body too large or cut short");
    };
    match serde_json::from_slice::<Fault>(&body.to_bytes()) {
        Ok(Fault::TempFail { code, .. }) if code != 421 && code != 451 => {
            text(StatusCode::UNPROCESSABLE_ENTITY, "code must be 421 or 451")
        }
        Ok(fault) => {
            site.faults.set(fault).await;
            json_reply(StatusCode::OK, &json!(fault))
        }
        Err(error) => json_reply(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({ "error": error.to_string() }),
        ),
    }
}

fn json_reply(status: StatusCode, value: &Value) -> Reply {
    reply(status, "application/json", value.to_string())
}

fn not_found() -> Reply {
    text(StatusCode::NOT_FOUND, "no such message or address")
}

fn empty() -> Reply {
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = StatusCode::NO_CONTENT;
    reply
}
