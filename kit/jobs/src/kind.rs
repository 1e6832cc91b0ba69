//! What a module hands over so that its work can be run: kinds of jobs, and schedules.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use gantry_db::{DbError, Tx};
use gantry_kernel::{JobId, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{JobCx, JobError, backoff::Backoff};

/// After a crash somebody waits this long for work that was under way; a worker that lives has three
/// chances within it to say so.
const LEASE: Duration = Duration::from_secs(20);

type Handler = Arc<dyn Fn(JobCx) -> BoxFuture<'static, Result<(), JobError>> + Send + Sync>;

/// Looks whether a place has work that nobody enqueued a job for, and when it is due. Called at every look
/// into the place, so it must cost next to nothing.
pub type Probe = for<'a> fn(&'a mut Tx) -> BoxFuture<'a, Result<Option<Timestamp>, DbError>>;

pub(crate) type OnDead =
    Arc<dyn for<'a> Fn(&'a mut Tx, &'a Death) -> BoxFuture<'a, Result<(), DbError>> + Send + Sync>;

/// A job that is given up.
#[derive(Debug)]
pub struct Death {
    /// The job.
    pub id: JobId,
    /// What the last attempt came to, for the administrator.
    pub detail: String,
    pub(crate) payload: Value,
}

impl Death {
    /// What was enqueued; `None` if it does not fit.
    pub fn payload<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(&self.payload).ok()
    }
}

/// A kind of job and the code that does it.
#[derive(Clone)]
pub struct JobKind {
    pub(crate) name: &'static str,
    pub(crate) handler: Handler,
    pub(crate) max_attempts: u32,
    pub(crate) lease: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) probe: Option<Probe>,
    pub(crate) brief: bool,
    pub(crate) on_dead: Option<OnDead>,
}

impl JobKind {
    /// A kind with 8 attempts, a lease of 20 s and a backoff from 2 s to 1 h.
    ///
    /// The handler runs at least once per job. It is dropped at an await when its lease is lost or
    /// the process stops and it does not end in time.
    pub fn new<F, R>(name: &'static str, handler: F) -> Self
    where
        F: Fn(JobCx) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        Self {
            name,
            handler: Arc::new(move |cx| handler(cx).boxed()),
            max_attempts: 8,
            lease: LEASE,
            backoff: Backoff::default(),
            probe: None,
            brief: false,
            on_dead: None,
        }
    }

    /// Jobs of this kind are not enqueued with what they are about: where `probe` finds work there will be
    /// one, with an empty payload, and never two at once. Whoever leaves such work in a tenant notes it
    /// with [`Tx::note_due`]. For work that comes with so many transactions that a row of the queue in
    /// each would be too much, or that would all meet in one row.
    #[must_use]
    pub fn found_by(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Jobs of this kind are short, and somebody waits for each: they have workers of their own
    /// ([`RunnerConfig::brief`](crate::RunnerConfig::brief)), so that no number of long jobs holds them up.
    #[must_use]
    pub fn brief(mut self) -> Self {
        self.brief = true;
        self
    }

    /// Attempts before the job is dead; at least 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// How long after its last sign of life a worker is held for dead. The runner renews a lease
    /// three times within its length, so this is no bound on how long a handler may run.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// The wait after the first failed attempt, doubled for each further one up to `cap`.
    #[must_use]
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.backoff = Backoff { base, cap };
        self
    }

    /// What follows in the job's own database when it is given up: after its last attempt, after a fatal error, and
    /// also when the process died in every attempt, so that the handler never heard of it. It runs once per
    /// death, in the transaction that declares the job dead; its error undoes that, and it is tried again
    /// when the lease has ended. A job asked for again while it ran starts afresh instead.
    #[must_use]
    pub fn on_dead<F>(mut self, hook: F) -> Self
    where
        F: for<'a> Fn(&'a mut Tx, &'a Death) -> BoxFuture<'a, Result<(), DbError>>
            + Send
            + Sync
            + 'static,
    {
        self.on_dead = Some(Arc::new(hook));
        self
    }

    /// The name under which jobs of this kind are enqueued.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobKind")
            .field("name", &self.name)
            .field("max_attempts", &self.max_attempts)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// A job that control enqueues again and again.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub(crate) name: &'static str,
    pub(crate) every: Duration,
    pub(crate) kind: &'static str,
    pub(crate) payload: Value,
}

impl Schedule {
    /// Runs a job of `kind` in control about every `every` (jittered by up to a tenth, so that many
    /// installations and schedules do not fire together). Runs missed while no process was up are
    /// made good by one run.
    pub fn new(name: &'static str, every: Duration, kind: &'static str) -> Self {
        Self {
            name,
            every: every.max(Duration::from_secs(1)),
            kind,
            payload: Value::Null,
        }
    }

    /// What the job carries.
    #[must_use]
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// The schedule's name, unique in the installation.
    pub fn name(&self) -> &'static str {
        self.name
    }
}
