//! `ExportLogsServiceRequest` (opentelemetry/proto/logs/v1/logs.proto), from what is logged.

use gantry_kernel::{Kernel, Timestamp};
use gantry_telemetry::trace::TraceContext;
use tracing::span;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::wire::Message;
use super::{nanos, resource, scope};
use crate::fields::Fields;
use crate::queue::Queue;

/// One line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    at: Timestamp,
    level: Level,
    target: &'static str,
    fields: Fields,
    context: Option<TraceContext>,
}

/// Hears what is logged.
pub(crate) struct Logs {
    queue: Queue<Record>,
    kernel: Kernel,
}

impl Logs {
    pub(crate) const fn new(queue: Queue<Record>, kernel: Kernel) -> Self {
        Self { queue, kernel }
    }
}

impl<S> Layer<S> for Logs
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        Fields::keep(attributes, id, &cx);
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let target = event.metadata().target();
        // What sending says about itself would be sent again, and again.
        if target.starts_with(module_path!().split("::").next().unwrap_or_default()) {
            return;
        }
        self.queue.put(Record {
            at: self.kernel.now(),
            level: *event.metadata().level(),
            target,
            fields: Fields::of(event, &cx),
            context: TraceContext::current(),
        });
    }
}

pub(super) fn encode(records: &[Record]) -> Vec<u8> {
    let mut request = Message::default();
    request.message(1, |of_resource| {
        resource(of_resource, 1);
        of_resource.message(2, |of_scope| {
            scope(of_scope, 1);
            for record in records {
                of_scope.message(2, |message| write(message, record));
            }
        });
    });
    request.into_bytes()
}

fn write(message: &mut Message, record: &Record) {
    let (number, text) = severity(record.level);
    message.fixed64(1, nanos(record.at));
    message.uint(2, number);
    message.text(3, text);
    message.message(5, |body| body.text(1, &record.fields.message));
    message.attribute(6, "target", record.target);
    for (name, value) in &record.fields.others {
        message.attribute(6, name, value);
    }
    if let Some(context) = &record.context {
        message.fixed32(8, u32::from(context.sampled));
        message.bytes(9, &context.trace_id);
        message.bytes(10, &context.span_id);
    }
    message.fixed64(11, nanos(record.at));
}

/// The lowest number of each range of the data model.
const fn severity(level: Level) -> (u64, &'static str) {
    match level {
        Level::ERROR => (17, "ERROR"),
        Level::WARN => (13, "WARN"),
        Level::INFO => (9, "INFO"),
        Level::DEBUG => (5, "DEBUG"),
        Level::TRACE => (1, "TRACE"),
    }
}
