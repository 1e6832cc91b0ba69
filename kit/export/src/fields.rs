//! The fields of an event of the log, as text, and those of the request around it.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::span;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Names and values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pub(crate) message: String,
    pub(crate) others: Vec<(&'static str, String)>,
}

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.others.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Keeps the fields of a span, for the events in it.
    pub(crate) fn keep<S>(attributes: &span::Attributes<'_>, id: &span::Id, cx: &Context<'_, S>)
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut fields = Self::default();
        attributes.record(&mut fields);
        if let Some(span) = cx.span(id) {
            // Another listener may have kept them already.
            span.extensions_mut().replace(fields);
        }
    }

    /// The fields of an event, and of the spans around it where it has none of that name.
    pub(crate) fn of<S>(event: &tracing::Event<'_>, cx: &Context<'_, S>) -> Self
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut fields = Self::default();
        event.record(&mut fields);
        let mut next = cx.event_span(event);
        while let Some(span) = next {
            if let Some(around) = span.extensions().get::<Self>() {
                for (name, value) in &around.others {
                    if fields.get(name).is_none() {
                        fields.others.push((name, value.clone()));
                    }
                }
            }
            next = span.parent();
        }
        fields
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.others.push((field.name(), value.to_owned()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
