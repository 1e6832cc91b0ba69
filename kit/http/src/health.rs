//! Whether this process is alive, and whether it can serve: named checks with bounded time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use gantry_kernel::Clock;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{Mutex, watch};

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// How long an outcome is good for.
const FRESH: Duration = Duration::from_secs(1);

/// One named question about something this process needs.
#[derive(Clone)]
pub struct HealthCheck {
    name: &'static str,
    needed: bool,
    check: Check,
}

impl HealthCheck {
    /// Something without which no request can be served; while it fails, the process is not ready. The error says what
    /// is wrong in words that may be shown to anybody: no addresses, no secrets.
    pub fn needed<F, Fut>(name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self {
            name,
            needed: true,
            check: Arc::new(move || check().boxed()),
        }
    }

    /// Something whose failure is shown but does not make the process unready (a mail server, say).
    pub fn informative<F, Fut>(name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self {
            needed: false,
            ..Self::needed(name, check)
        }
    }
}

impl std::fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HealthCheck")
            .field("name", &self.name)
            .field("needed", &self.needed)
            .finish_non_exhaustive()
    }
}

/// The outcome of one check.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Outcome {
    /// Name of the check.
    pub(crate) name: &'static str,
    /// Whether it passed.
    pub(crate) ok: bool,
    /// Whether readiness depends on it.
    pub(crate) needed: bool,
    /// What is wrong, when it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// The checks of a process and whether it is stopping. Clones share the state.
#[derive(Clone)]
pub struct Health(Arc<Shared>);

struct Shared {
    checks: Vec<HealthCheck>,
    draining: watch::Sender<bool>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    needed: Recent,
    all: Recent,
}

/// The last outcomes and when they were known; whoever runs the checks holds it, so that others wait for that run.
type Recent = Mutex<Option<(Duration, Vec<Outcome>)>>;

impl Health {
    pub(crate) fn new(checks: Vec<HealthCheck>, timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            checks,
            draining: watch::Sender::new(false),
            timeout,
            clock,
            needed: Recent::default(),
            all: Recent::default(),
        }))
    }

    /// From now on the process is not ready: it finishes what it has and stops.
    pub fn drain(&self) {
        self.0.draining.send_replace(true);
    }

    /// Whether [`Health::drain`] was called.
    pub fn draining(&self) -> bool {
        *self.0.draining.borrow()
    }

    /// Tells of [`Health::drain`].
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.0.draining.subscribe()
    }

    /// The checks that readiness depends on.
    pub(crate) async fn needed(&self) -> Vec<Outcome> {
        self.recent(&self.0.needed, |check| check.needed).await
    }

    /// Every check.
    pub(crate) async fn all(&self) -> Vec<Outcome> {
        self.recent(&self.0.all, |_| true).await
    }

    /// Anybody may ask, as often as they like; the checks do not run more often for it.
    async fn recent(&self, kept: &Recent, wanted: fn(&HealthCheck) -> bool) -> Vec<Outcome> {
        let mut kept = kept.lock().await;
        if let Some((known, outcomes)) = &*kept
            && self.0.clock.monotonic().saturating_sub(*known) < FRESH
        {
            return outcomes.clone();
        }
        let outcomes = self.run(wanted).await;
        *kept = Some((self.0.clock.monotonic(), outcomes.clone()));
        outcomes
    }

    /// Runs checks side by side, each within the configured time; a panic counts as failure.
    async fn run(&self, wanted: fn(&HealthCheck) -> bool) -> Vec<Outcome> {
        let limit = self.0.timeout;
        let checks = self.0.checks.iter().filter(|check| wanted(check));
        join_all(checks.map(|check| async move {
            let work = std::panic::AssertUnwindSafe(async { (check.check)().await }).catch_unwind();
            let reason = match tokio::time::timeout(limit, work).await {
                Ok(Ok(Ok(()))) => None,
                Ok(Ok(Err(reason))) => Some(reason),
                Ok(Err(_)) => Some("the check panicked".to_owned()),
                Err(_) => Some(format!("no answer within {limit:?}")),
            };
            Outcome {
                name: check.name,
                ok: reason.is_none(),
                needed: check.needed,
                reason,
            }
        }))
        .await
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health")
            .field("checks", &self.0.checks)
            .field("draining", &self.draining())
            .finish_non_exhaustive()
    }
}
