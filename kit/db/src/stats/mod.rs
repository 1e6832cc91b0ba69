//! What the databases of a process are doing: durations by kind of statement, errors, commits, what waits. Kept in plain
//! counts beside the work, which a point read of a few microseconds can afford: some 85 ns a statement, nearly all of it for
//! reading the clock twice.

mod class;
mod spans;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use gantry_kernel::TenantId;
use gantry_telemetry::trace::Recorder;
use gantry_telemetry::{Family, Histogram, Kind, Lookups, Source, Value};

pub(crate) use class::CLASSES;
pub use class::Class;

use crate::{DbError, Engine, Statement};

/// Statements take microseconds; what takes longer than a few seconds is cut off. In nanoseconds.
const BOUNDS: &[u64] = &[
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
];

/// The counts of one process.
pub(crate) struct Stats {
    slow: Option<Duration>,
    /// By the place of a class in [`CLASSES`].
    statements: Box<[Histogram]>,
    errors: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    commits: Histogram,
    waiting: AtomicI64,
    log_bytes: AtomicI64,
    opens: Histogram,
    /// Whether a tenant's database was open already.
    tenants: Arc<Lookups>,
    /// Who wants to hear of statements in recorded traces.
    pub(crate) recorder: OnceLock<Arc<dyn Recorder>>,
}

impl Stats {
    pub(crate) fn new(slow: Option<Duration>) -> Self {
        Self {
            slow,
            statements: CLASSES.iter().map(|_| Histogram::new(BOUNDS)).collect(),
            errors: Mutex::default(),
            commits: Histogram::new(BOUNDS),
            waiting: AtomicI64::new(0),
            log_bytes: AtomicI64::new(0),
            opens: Histogram::new(BOUNDS),
            tenants: Lookups::new("tenant_databases"),
            recorder: OnceLock::new(),
        }
    }

    /// A statement has run since `begun`.
    pub(crate) fn ran(
        &self,
        statement: &'static Statement,
        engine: Engine,
        tenant: Option<TenantId>,
        begun: Instant,
        error: Option<&DbError>,
    ) {
        let took = begun.elapsed();
        let place = statement.place();
        if let Some(durations) = self.statements.get(place) {
            durations.observe(took);
        }
        if let Some(error) = error {
            let operation = CLASSES.get(place).map_or("other", |class| class.operation);
            self.failed(operation, error);
        }
        if self.slow.is_some_and(|slow| took >= slow) {
            tell_slow(statement, engine, tenant, took);
        }
    }

    /// Something failed that is no statement: `commit`, `connect`.
    pub(crate) fn failed(&self, operation: &'static str, error: &DbError) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        *errors.entry((operation, error.name())).or_default() += 1;
    }

    pub(crate) fn committed(&self, begun: Instant) {
        self.commits.observe(begun.elapsed());
    }

    /// Writes joined the queue of a SQLite database, or left it.
    pub(crate) fn waiting(&self, more: i64) {
        self.waiting.fetch_add(more, Ordering::Relaxed);
    }

    /// The log of a SQLite database has another size than before.
    pub(crate) fn log_changed(&self, before: u64, now: u64) {
        let signed = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.log_bytes
            .fetch_add(signed(now) - signed(before), Ordering::Relaxed);
    }

    /// A tenant's database was open already.
    pub(crate) fn was_open(&self) {
        self.tenants.count(true);
    }

    /// A tenant's database had to be opened.
    pub(crate) fn opened(&self, begun: Instant) {
        self.tenants.count(false);
        self.opens.observe(begun.elapsed());
    }

    fn families(&self) -> Vec<Family> {
        let mut statements = Family::new(
            Kind::Histogram,
            "database_query_duration_seconds",
            "How long statements took, by what they do and the first table they name",
        );
        for (class, durations) in CLASSES.iter().zip(&self.statements) {
            let durations = durations.snapshot();
            if durations.count() > 0 {
                let labels = [
                    ("operation", class.operation.into()),
                    ("table", class.table.into()),
                ];
                statements.push(labels, Value::Durations(durations));
            }
        }
        let mut errors = Family::new(
            Kind::Counter,
            "database_errors_total",
            "Statements and commits that failed",
        );
        for ((operation, error), count) in self
            .errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            let labels = [
                ("operation", (*operation).into()),
                ("error_type", (*error).into()),
            ];
            errors.push(labels, Value::Count(*count));
        }
        let level = |value: &AtomicI64| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a gauge is a floating point number"
            )]
            let level = value.load(Ordering::Relaxed).max(0) as f64;
            level
        };
        let mut all = self.tenants.families();
        all.extend([
            statements,
            errors,
            Family::durations(
                "database_commit_duration_seconds",
                "How long commits took; on SQLite a commit may be that of several writes",
                self.commits.snapshot(),
            ),
            Family::durations(
                "tenant_open_duration_seconds",
                "How long opening a tenant's database took, migrations included",
                self.opens.snapshot(),
            ),
            Family::gauge(
                "database_writes_waiting",
                "Writes that wait for their turn on SQLite",
                level(&self.waiting),
            ),
            Family::gauge(
                "database_wal_bytes",
                "Size of the write-ahead logs of the SQLite databases written to",
                level(&self.log_bytes),
            ),
        ]);
        all
    }
}

fn tell_slow(statement: &Statement, engine: Engine, tenant: Option<TenantId>, took: Duration) {
    // Constant text of the program: values are bound, never written into it.
    let text = statement
        .text(engine)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let tenant = tenant.map(tracing::field::display);
    let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
    tracing::warn!(
        statement = text,
        file = statement.file(),
        line = statement.line(),
        tenant,
        duration_ms,
        "slow statement"
    );
}

/// The counts of a process, and how many databases it has open at the moment of asking.
pub(crate) struct Measures<F> {
    pub(crate) stats: Weak<Stats>,
    /// `None` when the databases are closed.
    pub(crate) open: F,
}

impl<F: Fn() -> Option<usize> + Send + Sync + 'static> Source for Measures<F> {
    fn families(&self) -> Vec<Family> {
        let Some(stats) = self.stats.upgrade() else {
            return Vec::new();
        };
        let mut all = stats.families();
        if let Some(open) = (self.open)() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a gauge is a floating point number"
            )]
            let open = open as f64;
            all.push(Family::gauge(
                "open_tenants",
                "Tenant databases that are open",
                open,
            ));
        }
        all
    }
}
