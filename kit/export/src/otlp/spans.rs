//! `ExportTraceServiceRequest` (opentelemetry/proto/trace/v1/trace.proto).

use gantry_telemetry::trace::{Attribute, Recorder, Span, SpanKind};

use super::wire::Message;
use super::{nanos, resource, scope};
use crate::queue::Queue;

/// `STATUS_CODE_ERROR`.
const ERROR: u64 = 2;

/// Takes spans for the collector.
#[derive(Debug)]
pub(crate) struct Spans {
    queue: Queue<Span>,
    share: f64,
}

impl Spans {
    pub(crate) const fn new(queue: Queue<Span>, share: f64) -> Self {
        Self { queue, share }
    }
}

impl Recorder for Spans {
    fn share(&self) -> f64 {
        self.share
    }

    fn record(&self, span: Span) {
        self.queue.put(span);
    }
}

pub(super) fn encode(spans: &[Span]) -> Vec<u8> {
    let mut request = Message::default();
    request.message(1, |of_resource| {
        resource(of_resource, 1);
        of_resource.message(2, |of_scope| {
            scope(of_scope, 1);
            for span in spans {
                of_scope.message(2, |message| write(message, span));
            }
        });
    });
    request.into_bytes()
}

/// `SpanKind` of the protocol.
const fn number(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
    }
}

fn write(message: &mut Message, span: &Span) {
    let context = &span.context;
    message.bytes(1, &context.trace_id);
    message.bytes(2, &context.span_id);
    if let Some(parent) = &context.parent_id {
        message.bytes(4, parent);
    }
    message.text(5, &span.name);
    message.uint(6, number(span.kind));
    let start = nanos(span.start);
    let took = u64::try_from(span.took.as_nanos()).unwrap_or(u64::MAX);
    message.fixed64(7, start);
    message.fixed64(8, start.saturating_add(took));
    for (key, value) in &span.attributes {
        match value {
            Attribute::Text(text) => message.attribute(9, key, text),
            Attribute::Number(number) => message.number(9, key, *number),
        }
    }
    if span.failed {
        message.message(15, |status| status.uint(3, ERROR));
    }
    message.fixed32(16, u32::from(context.sampled));
}
