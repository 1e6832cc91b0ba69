//! Statements as spans of the work that they are for.

use std::time::Instant;

use gantry_kernel::Kernel;
use gantry_telemetry::trace::{Attribute, Span, SpanKind, TraceContext};

use super::Stats;
use crate::{Engine, Statement};

impl Stats {
    /// A statement of recorded work has run since `begun`. Neither its text nor its values are told.
    pub(crate) fn tell(
        &self,
        parent: TraceContext,
        kernel: &Kernel,
        statement: &'static Statement,
        engine: Engine,
        begun: Instant,
        failed: bool,
    ) {
        let Some(recorder) = self.recorder.get() else {
            return;
        };
        let (class, took) = (statement.class(), begun.elapsed());
        let text = |text: &str| Attribute::Text(text.to_owned());
        recorder.record(Span {
            context: parent.child(kernel),
            kind: SpanKind::Client,
            name: format!("{} {}", class.operation, class.table),
            start: kernel.now().before(took),
            took,
            attributes: vec![
                ("db.system.name", text(engine.otel_name())),
                ("db.operation.name", text(class.operation)),
                ("db.collection.name", text(class.table)),
            ],
            failed,
        });
    }
}
