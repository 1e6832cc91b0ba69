//! What the process knows about itself, and the task that looks at what only a query can tell.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gantry_db::{ControlDb, ControlTx, Databases, DbError, args, sql};
use gantry_export::Exports;
use gantry_http::HealthCheck;
use gantry_jobs::Runner;
use gantry_jobs::admin::{Backlog, backlog};
use gantry_kernel::Kernel;
use gantry_outbound::{OutboundSettings, Poster};
use gantry_telemetry::trace::Recorder;
use gantry_telemetry::{Family, History, Process, Registry, Source};

use crate::{Config, LogControl, StartError};

/// What every module may add to, and what tells of it. Clones share everything.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Who measures something joins it.
    pub metrics: Registry,
    /// The last minutes and hours.
    pub history: Arc<History>,
    /// How much is logged.
    pub log: LogControl,
}

impl Telemetry {
    pub(crate) fn starting(kernel: &Kernel, log: LogControl) -> Self {
        let metrics = Registry::default();
        metrics.join(Arc::new(Process::starting(kernel)));
        Self {
            history: Arc::new(History::starting(metrics.clone(), kernel.clone())),
            metrics,
            log,
        }
    }
}

/// What waits in control, as of the last look.
pub(crate) struct Queues {
    kernel: Kernel,
    seen: Mutex<Option<Backlog>>,
}

impl Queues {
    pub(crate) fn new(kernel: &Kernel) -> Arc<Self> {
        Arc::new(Self {
            kernel: kernel.clone(),
            seen: Mutex::default(),
        })
    }

    fn set(&self, seen: Option<Backlog>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}

impl Source for Queues {
    fn families(&self) -> Vec<Family> {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = seen else {
            return Vec::new();
        };
        let age = seen
            .oldest_due
            .map_or(Duration::ZERO, |oldest| self.kernel.now().since(oldest));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a floating point number"
        )]
        let level = |value: i64| value as f64;
        let gauge = |name, help, value| Family::gauge(name, help, level(value));
        vec![
            gauge(
                "jobs_due",
                "Jobs of the platform that are due and not running",
                seen.due,
            ),
            Family::gauge(
                "jobs_oldest_due_seconds",
                "How long the first of them has been waiting",
                age.as_secs_f64(),
            ),
            gauge(
                "jobs_dead",
                "Jobs of the platform that were given up",
                seen.dead,
            ),
            gauge(
                "jobs_tenants_due",
                "Tenants with work that may be due",
                seen.tenants_due,
            ),
            gauge(
                "mail_queued",
                "Mails of the platform that wait to be sent",
                seen.mails_queued,
            ),
            gauge(
                "mail_held",
                "Mails of the platform that are held",
                seen.mails_held,
            ),
            gauge(
                "mail_dead",
                "Mails of the platform that were given up",
                seen.mails_dead,
            ),
        ]
    }
}

/// Looks at control and notes the counts, for as long as the process serves.
pub(crate) async fn watch(control: ControlDb, queues: Arc<Queues>, history: Arc<History>) {
    let mut ticks = tokio::time::interval(History::every());
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let seen = control
            .read(async |tx: &mut ControlTx| backlog(tx).await)
            .await;
        // What is not known any more is not told, rather than what was once true.
        queues.set(
            seen.inspect_err(|error| tracing::warn!(%error, "the backlog cannot be read"))
                .ok(),
        );
        history.note();
    }
}

/// Statements and attempts at jobs are told to who wants to hear of spans.
pub(crate) fn tell(recorder: Option<&Arc<dyn Recorder>>, databases: &Databases, runner: &Runner) {
    if let Some(recorder) = recorder {
        databases.record_spans(Arc::clone(recorder));
        runner.record_spans(Arc::clone(recorder));
    }
}

/// What leaves the process about itself, started.
pub(crate) fn exports(config: &Config, kernel: &Kernel) -> Result<Exports, StartError> {
    let outbound = config.section::<OutboundSettings>("outbound")?;
    let poster = Poster::new(OutboundSettings::clone(&outbound));
    let (otlp, errors) = (config.section("otlp")?, config.section("errors")?);
    Ok(Exports::start(&otlp, &errors, &poster, kernel)?)
}

/// Whether the control database answers.
pub(crate) fn control_check(databases: &Databases) -> HealthCheck {
    let control = databases.control.clone();
    HealthCheck::needed("control_database", move || {
        let control = control.clone();
        async move {
            let asked: Result<(i64,), DbError> = control
                .read(async |tx: &mut ControlTx| tx.one(sql!("SELECT 1"), &args![]).await)
                .await;
            asked.map(drop).map_err(|error| {
                tracing::warn!(%error, "the control database does not answer");
                "the control database does not answer".to_owned()
            })
        }
    })
}
