//! The counts at one moment, of what a window speaks about.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_kernel::{Kernel, Timestamp};

use crate::{Family, Sample, Snapshot, Value};

/// The counts of one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) at: Option<Timestamp>,
    pub(super) monotonic: Duration,
    /// By method, route and status.
    pub(super) requests: BTreeMap<(String, String, u16), Snapshot>,
    /// By operation and table.
    pub(super) statements: BTreeMap<(String, String), Snapshot>,
    pub(super) statement_errors: u64,
    /// Hits and misses by cache.
    pub(super) caches: BTreeMap<String, (u64, u64)>,
    pub(super) in_progress: f64,
    gauges: BTreeMap<&'static str, f64>,
}

/// Gauges without labels (and one counter) that are shown as they are.
const SHOWN: [&str; 9] = [
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_uptime_seconds",
    "open_tenants",
    "jobs_due",
    "jobs_dead",
    "mail_held",
    "password_hashes_waiting",
];

impl Look {
    pub(super) fn at(kernel: &Kernel, families: &[Family]) -> Self {
        let mut look = Self {
            at: Some(kernel.now()),
            monotonic: kernel.clock.monotonic(),
            ..Self::default()
        };
        for family in families {
            for sample in &family.samples {
                look.take(family.name, sample);
            }
        }
        look
    }

    fn take(&mut self, family: &'static str, sample: &Sample) {
        let label = |name| sample.label(name).unwrap_or_default().to_owned();
        match (family, &sample.value) {
            ("http_request_duration_seconds", Value::Durations(took)) => {
                let status = label("status_code").parse().unwrap_or_default();
                let key = (label("method"), label("route"), status);
                self.requests.insert(key, took.clone());
            }
            ("database_query_duration_seconds", Value::Durations(took)) => {
                let key = (label("operation"), label("table"));
                self.statements.insert(key, took.clone());
            }
            ("database_errors_total", Value::Count(count)) => self.statement_errors += count,
            ("cache_hits_total", Value::Count(count)) => {
                self.caches.entry(label("cache_type")).or_default().0 += count;
            }
            ("cache_misses_total", Value::Count(count)) => {
                self.caches.entry(label("cache_type")).or_default().1 += count;
            }
            ("http_requests_in_progress", Value::Level(level)) => self.in_progress += level,
            (_, Value::Level(level) | Value::Amount(level)) if sample.labels.is_empty() => {
                if let Some(name) = SHOWN.iter().find(|name| **name == family) {
                    self.gauges.insert(name, *level);
                }
            }
            _ => {}
        }
    }

    /// A gauge; `None` when nobody measures it here.
    pub(super) fn gauge(&self, name: &str) -> Option<f64> {
        self.gauges.get(name).copied()
    }
}
