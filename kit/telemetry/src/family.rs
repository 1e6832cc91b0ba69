//! What a source tells: named families of samples.

use std::borrow::Cow;

use crate::Snapshot;

/// What a family's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the process lives; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations; its name ends in `_seconds`.
    Histogram,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter.
    Count(u64),
    /// Of a counter of something that has parts, such as seconds.
    Amount(f64),
    /// Of a gauge.
    Level(f64),
    /// Of a histogram.
    Durations(Snapshot),
}

/// A value and what it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values; the values are the program's own words, never a stranger's.
    pub labels: Vec<(&'static str, Cow<'static, str>)>,
    /// The value.
    pub value: Value,
}

/// All samples of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// As it is exposed.
    pub name: &'static str,
    /// What it means, in one line.
    pub help: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// The samples.
    pub samples: Vec<Sample>,
}

impl Family {
    /// One without samples.
    pub fn new(kind: Kind, name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind,
            samples: Vec::new(),
        }
    }

    /// A gauge with one value and no labels.
    pub fn gauge(name: &'static str, help: &'static str, value: f64) -> Self {
        let mut family = Self::new(Kind::Gauge, name, help);
        family.push([], Value::Level(value));
        family
    }

    /// A counter with one value and no labels.
    pub fn counter(name: &'static str, help: &'static str, value: u64) -> Self {
        let mut family = Self::new(Kind::Counter, name, help);
        family.push([], Value::Count(value));
        family
    }

    /// A histogram without labels.
    pub fn durations(name: &'static str, help: &'static str, value: Snapshot) -> Self {
        let mut family = Self::new(Kind::Histogram, name, help);
        family.push([], Value::Durations(value));
        family
    }

    /// Adds a sample.
    pub fn push<const N: usize>(
        &mut self,
        labels: [(&'static str, Cow<'static, str>); N],
        value: Value,
    ) {
        self.samples.push(Sample {
            labels: labels.into(),
            value,
        });
    }
}

impl Sample {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_ref())
    }
}

/// Whoever measures something. Asked whenever somebody looks, so it answers from memory.
pub trait Source: Send + Sync + 'static {
    /// What was measured so far.
    fn families(&self) -> Vec<Family>;
}
