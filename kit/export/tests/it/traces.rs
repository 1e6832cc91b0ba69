//! Spans and log records on their way to a collector.

use std::sync::Arc;
use std::time::Duration;

use gantry_export::{ErrorSettings, Exports, OtlpSettings};
use gantry_kernel::{Kernel, Secret, Timestamp};
use gantry_outbound::{OutboundSettings, Poster};
use gantry_telemetry::trace::{Attribute, Span, SpanKind, TraceContext};
use gantry_telemetry::{Source, Value};
use gantry_testkit::collector::{Collector, Field, Message, Reply};
use tracing_subscriber::layer::SubscriberExt;

/// Longer than anything here takes; a hang then fails the test instead of the run.
const PATIENCE: Duration = Duration::from_mins(1);

fn start(address: &str, change: impl FnOnce(&mut OtlpSettings)) -> Exports {
    let mut otlp = OtlpSettings {
        endpoint: Some(format!("http://{address}")),
        headers: Secret::new("authorization=Bearer collector-key".to_owned()),
        sample: 1.0,
        ..OtlpSettings::default()
    };
    change(&mut otlp);
    let poster = Poster::new(OutboundSettings::default());
    Exports::start(&otlp, &ErrorSettings::default(), &poster, &Kernel::system()).unwrap()
}

fn span(name: &str) -> Span {
    let parent = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    Span {
        context: parent.unwrap().child(&Kernel::system()),
        kind: SpanKind::Server,
        name: name.to_owned(),
        start: Timestamp::from_micros(1_700_000_000_000_000),
        took: Duration::from_millis(1_500),
        attributes: vec![
            ("http.route", Attribute::Text("/things/{thing}".to_owned())),
            ("http.response.status_code", Attribute::Number(503)),
        ],
        failed: true,
    }
}

fn count(exports: &[Arc<dyn Source>], signal: &str, outcome: &str) -> u64 {
    let families = exports.iter().flat_map(|source| source.families());
    let samples = families.flat_map(|family| family.samples);
    samples
        .filter(|one| one.label("signal") == Some(signal) && one.label("outcome") == Some(outcome))
        .map(|one| match one.value {
            Value::Count(count) => count,
            other => panic!("{other:?}"),
        })
        .sum()
}

#[tokio::test]
async fn a_span_arrives_as_the_protocol_has_it() {
    let collector = Collector::start([]).await;
    let exports = start(&collector.address, |_| {});
    let measures: Vec<_> = exports.measures().collect();
    let sent = span("GET /things/{thing}");
    exports.recorder().unwrap().record(sent.clone());
    exports.close().await;
    let received = collector.wait(1).await;
    let request = &received[0];
    assert!(
        request.head.starts_with("POST /v1/traces HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    assert_eq!(
        request.header("content-type"),
        Some("application/x-protobuf")
    );
    assert_eq!(
        request.header("authorization"),
        Some("Bearer collector-key")
    );

    let of_resource = Message::read(&request.body).message(1);
    let resource = of_resource.message(1).attributes(1);
    assert_eq!(
        resource[0],
        ("service.name".to_owned(), "gantry".to_owned())
    );
    let of_scope = of_resource.message(2);
    assert_eq!(of_scope.message(1).text(1), "gantry");
    let read = of_scope.message(2);
    assert_eq!(read.bytes(1), sent.context.trace_id);
    assert_eq!(read.bytes(2), sent.context.span_id);
    assert_eq!(read.bytes(4), sent.context.parent_id.unwrap());
    assert_eq!(read.text(5), "GET /things/{thing}");
    assert_eq!(read.one(6), &Field::Varint(2), "a span of a server");
    assert_eq!(read.one(7), &Field::Fixed64(1_700_000_000_000_000_000));
    assert_eq!(read.one(8), &Field::Fixed64(1_700_000_001_500_000_000));
    let attributes = [
        ("http.route", "/things/{thing}"),
        ("http.response.status_code", "503"),
    ];
    assert_eq!(
        read.attributes(9),
        attributes.map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert_eq!(read.message(15).one(3), &Field::Varint(2), "an error");
    assert_eq!(read.one(16), &Field::Fixed32(1), "sampled");
    assert_eq!(count(&measures, "traces", "sent"), 1);
}

#[tokio::test]
async fn a_line_of_the_log_arrives_with_its_request_and_its_trace() {
    let collector = Collector::start([]).await;
    let mut exports = start(&collector.address, |otlp| {
        otlp.traces = false;
        otlp.logs = true;
    });
    assert!(exports.recorder().is_none());
    let context = span("x").context;
    let subscriber = tracing_subscriber::registry().with(exports.take_listeners());
    let guard = tracing::subscriber::set_default(subscriber);
    context
        .around(async {
            let request = tracing::error_span!("request", request_id = "id-1", route = "/things");
            request.in_scope(
                || tracing::warn!(error = %"the disk is full", attempt = 3, "could not be kept"),
            );
        })
        .await;
    drop(guard);
    exports.close().await;
    let received = collector.wait(1).await;
    assert!(received[0].head.starts_with("POST /v1/logs HTTP/1.1\r\n"));
    let record = Message::read(&received[0].body)
        .message(1)
        .message(2)
        .message(2);
    assert_eq!(record.one(2), &Field::Varint(13));
    assert_eq!(record.text(3), "WARN");
    assert_eq!(record.message(5).text(1), "could not be kept");
    let attributes = record.attributes(6);
    for (key, value) in [
        ("error", "the disk is full"),
        ("attempt", "3"),
        ("request_id", "id-1"),
        ("route", "/things"),
    ] {
        assert!(
            attributes.contains(&(key.to_owned(), value.to_owned())),
            "{attributes:?}"
        );
    }
    assert_eq!(record.bytes(9), context.trace_id);
    assert_eq!(record.bytes(10), context.span_id);
}

#[tokio::test]
async fn a_collector_that_asks_for_it_gets_the_batch_again() {
    let busy = Reply::Say("503 Service Unavailable\r\nRetry-After: 0\r\n");
    let collector = Collector::start([busy]).await;
    let exports = start(&collector.address, |_| {});
    let measures: Vec<_> = exports.measures().collect();
    exports.recorder().unwrap().record(span("again"));
    exports.close().await;
    let received = collector.wait(2).await;
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(
        (
            count(&measures, "traces", "sent"),
            count(&measures, "traces", "failed")
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn a_collector_that_refuses_is_not_asked_again() {
    let collector = Collector::start([Reply::Say("400 Bad Request\r\n")]).await;
    let exports = start(&collector.address, |_| {});
    let measures: Vec<_> = exports.measures().collect();
    exports.recorder().unwrap().record(span("refused"));
    exports.close().await;
    assert_eq!(collector.received().len(), 1);
    assert_eq!(
        (
            count(&measures, "traces", "sent"),
            count(&measures, "traces", "failed")
        ),
        (0, 1)
    );
}

/// Whoever records never waits, whatever the collector does; what does not fit is counted.
#[tokio::test]
async fn a_collector_that_hangs_or_is_gone_costs_nobody_anything() {
    let hanging = Collector::start(std::iter::repeat_n(Reply::Hang, 100)).await;
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    for address in [hanging.address.clone(), gone] {
        let exports = start(&address, |otlp| otlp.queue = 10);
        let measures: Vec<_> = exports.measures().collect();
        let recorder = exports.recorder().unwrap();
        let recording = async {
            for _ in 0..5_000 {
                recorder.record(span("lost"));
                tokio::task::yield_now().await;
            }
        };
        // Should a single one wait for the collector, all of them would take hours.
        tokio::time::timeout(PATIENCE, recording).await.unwrap();
        assert!(count(&measures, "traces", "dropped") >= 4_900, "{address}");
        assert_eq!(count(&measures, "traces", "sent"), 0);
        // Nor does the end of the process.
        tokio::time::timeout(PATIENCE, exports.close())
            .await
            .unwrap();
    }
}
