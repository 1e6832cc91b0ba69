//! Errors on their way to a tracker.

use std::sync::Arc;

use gantry_export::{ErrorSettings, Exports, OtlpSettings};
use gantry_kernel::{Kernel, Secret};
use gantry_outbound::{OutboundSettings, Poster};
use gantry_telemetry::{Source, Value};
use gantry_testkit::collector::{Collector, Received, Reply};
use serde_json::{Value as Json, json};
use tracing_subscriber::layer::SubscriberExt;

fn start(
    address: &str,
    per_minute: u32,
) -> (
    Exports,
    Vec<Arc<dyn Source>>,
    tracing::subscriber::DefaultGuard,
) {
    let errors = ErrorSettings {
        dsn: Secret::new(format!("http://publickey@{address}/tracker/42")),
        environment: "staging".to_owned(),
        per_minute,
        ..ErrorSettings::default()
    };
    let poster = Poster::new(OutboundSettings::default());
    let mut exports = Exports::start(
        &OtlpSettings::default(),
        &errors,
        &poster,
        &Kernel::system(),
    )
    .unwrap();
    let subscriber = tracing_subscriber::registry().with(exports.take_listeners());
    let guard = tracing::subscriber::set_default(subscriber);
    let measures = exports.measures().collect();
    (exports, measures, guard)
}

fn count(measures: &[Arc<dyn Source>], outcome: &str) -> u64 {
    let families = measures.iter().flat_map(|source| source.families());
    let samples = families.flat_map(|family| family.samples);
    samples
        .filter(|one| one.label("outcome") == Some(outcome))
        .map(|one| match one.value {
            Value::Count(count) => count,
            other => panic!("{other:?}"),
        })
        .sum()
}

/// Header, item header and payload, as the protocol says how to cut them.
fn envelope(received: &Received) -> (Json, Json, Json) {
    let bytes = received.unpacked();
    let line = |bytes: &[u8]| -> (Json, Vec<u8>) {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        (
            serde_json::from_slice(&bytes[..end]).unwrap(),
            bytes[end + 1..].to_vec(),
        )
    };
    let (header, rest) = line(&bytes);
    let (item, rest) = line(&rest);
    let length = usize::try_from(item["length"].as_u64().unwrap()).unwrap();
    assert_eq!(&rest[length..], b"\n", "one item, and nothing after it");
    (
        header,
        item,
        serde_json::from_slice(&rest[..length]).unwrap(),
    )
}

#[tokio::test]
async fn an_error_arrives_in_an_envelope_without_anybody_in_it() {
    let tracker = Collector::start([]).await;
    let (exports, measures, guard) = start(&tracker.address, 100);
    let request = tracing::error_span!(
        "request",
        request_id = "id-1",
        route = "/things/{thing}",
        tenant = "t-1"
    );
    request.in_scope(|| {
        tracing::warn!("no error");
        tracing::error!(
            code = "internal",
            email = "asha@example.com",
            body = "whatever was sent",
            cause = "no place for asha@example.com at \"Lake View 7\"",
            "request failed"
        );
        tracing::error!(
            thread = "worker-3",
            place = "kit/db/src/tx.rs:120:5",
            panic = "byte 3 of `Asha Rao` is no boundary",
            "panicked"
        );
    });
    tracker.wait(2).await;
    drop(guard);
    exports.close().await;
    let received = tracker.received();
    assert_eq!(received.len(), 2, "a warning is no error");
    for one in &received {
        assert!(
            one.head
                .starts_with("POST /tracker/api/42/envelope/ HTTP/1.1\r\n"),
            "{}",
            one.head
        );
        assert_eq!(
            one.header("content-type"),
            Some("application/x-sentry-envelope")
        );
        let auth = one.header("x-sentry-auth").unwrap();
        assert!(
            auth.starts_with("Sentry sentry_version=7, sentry_client=gantry/"),
            "{auth}"
        );
        assert!(auth.ends_with(", sentry_key=publickey"), "{auth}");
        let text = String::from_utf8(one.unpacked()).unwrap();
        for word in ["asha", "Asha", "Lake", "whatever", "publickey"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
    let (header, item, event) = envelope(&received[0]);
    assert_eq!(item["type"], "event");
    assert_eq!(header["event_id"], event["event_id"]);
    let id = event["event_id"].as_str().unwrap();
    assert!(
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    assert_eq!(event["environment"], "staging");
    assert_eq!(event["transaction"], "/things/{thing}");
    let tags = json!({"code": "internal", "route": "/things/{thing}", "tenant": "t-1", "request_id": "id-1"});
    assert_eq!(event["tags"], tags);
    let exception = &event["exception"]["values"][0];
    assert_eq!(exception["type"], "request failed");
    assert_eq!(exception["value"], "no place for [address] at \"…\"");

    let (_, _, event) = envelope(&received[1]);
    assert_eq!(event["level"], "fatal");
    let exception = &event["exception"]["values"][0];
    assert_eq!(
        exception["mechanism"],
        json!({"type": "log", "handled": false})
    );
    let frame = &exception["stacktrace"]["frames"][0];
    assert_eq!(
        (&frame["filename"], &frame["lineno"]),
        (&json!("kit/db/src/tx.rs"), &json!(120))
    );
    assert_eq!(count(&measures, "sent"), 2);
}

#[tokio::test]
async fn a_tracker_that_has_enough_hears_nothing_more() {
    let enough = Reply::Say(
        "429 Too Many Requests\r\nRetry-After: 3600\r\nX-Sentry-Rate-Limits: 3600:error:project\r\n",
    );
    let tracker = Collector::start([enough]).await;
    let (exports, measures, guard) = start(&tracker.address, 100);
    for number in 0..5 {
        tracing::error!(number, "job is dead");
    }
    drop(guard);
    exports.close().await;
    assert_eq!(tracker.received().len(), 1);
    assert_eq!(
        (count(&measures, "failed"), count(&measures, "dropped")),
        (1, 4)
    );
}

#[tokio::test]
async fn a_limit_on_a_good_answer_holds_too() {
    let limited = Reply::Say("200 OK\r\nX-Sentry-Rate-Limits: 60:error;transaction:key\r\n");
    let tracker = Collector::start([limited]).await;
    let (exports, measures, guard) = start(&tracker.address, 100);
    tracing::error!("one");
    tracing::error!("another");
    drop(guard);
    exports.close().await;
    assert_eq!(tracker.received().len(), 1);
    assert_eq!(
        (count(&measures, "sent"), count(&measures, "dropped")),
        (1, 1)
    );
}

#[tokio::test]
async fn a_flood_is_told_in_part_and_counted() {
    let tracker = Collector::start([]).await;
    let (exports, measures, guard) = start(&tracker.address, 3);
    for _ in 0..50 {
        tracing::error!("job is dead");
    }
    drop(guard);
    exports.close().await;
    assert_eq!(tracker.received().len(), 3);
    assert_eq!(
        (count(&measures, "sent"), count(&measures, "dropped")),
        (3, 47)
    );
}
