//! How attempts at jobs end and how long they take, by kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gantry_telemetry::{Family, Histogram, Kind, Source, Value};

/// Jobs take from milliseconds to an hour. In nanoseconds.
const BOUNDS: &[u64] = &[
    10_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    30_000_000_000,
    60_000_000_000,
    300_000_000_000,
    1_800_000_000_000,
    3_600_000_000_000,
];

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Done,
    Retried,
    Dead,
    /// Given back because the process stops.
    Stopped,
    /// Another worker has it.
    Lost,
}

impl Ending {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::Dead => "dead",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }
}

/// The counts of one runner.
#[derive(Debug, Default)]
pub(crate) struct Stats(Mutex<BTreeMap<(&'static str, Ending), Histogram>>);

impl Stats {
    pub(crate) fn ended(&self, kind: &'static str, ending: Ending, took: Duration) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((kind, ending))
            .or_insert_with(|| Histogram::new(BOUNDS))
            .observe(took);
    }
}

impl Source for Stats {
    fn families(&self) -> Vec<Family> {
        let mut attempts = Family::new(
            Kind::Histogram,
            "job_attempt_duration_seconds",
            "How long attempts at jobs took in this process, by kind and outcome",
        );
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((kind, ending), durations) in kept.iter() {
            let labels = [
                ("kind", (*kind).into()),
                ("outcome", ending.as_str().into()),
            ];
            attempts.push(labels, Value::Durations(durations.snapshot()));
        }
        vec![attempts]
    }
}
