//! What a handler gets, and what it may answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use gantry_db::{DbError, TenantDb, Tx};
use gantry_kernel::{JobId, Kernel, TenantId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use crate::{runner::Phase, store};

/// The database a job lives in.
#[derive(Clone)]
pub enum Place {
    /// The platform's own database.
    Control,
    /// One tenant's.
    Tenant(TenantDb),
}

impl Place {
    /// The tenant, if this is one's place.
    pub fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Control => None,
            Self::Tenant(db) => Some(db.id()),
        }
    }
}

/// One attempt at one job.
pub struct JobCx {
    /// Where the job lives; its effects belong into the same database.
    pub place: Place,
    /// The job.
    pub id: JobId,
    /// Counts from 1; attempts cut short by a stopping process do not count, nor those before the last
    /// [`Lease::progress`].
    pub attempt: u32,
    /// The last attempt that will be made.
    pub max_attempts: u32,
    /// The right to do the job.
    pub lease: Lease,
    /// Time and randomness.
    pub kernel: Kernel,
    pub(crate) payload: Value,
    pub(crate) phase: watch::Receiver<Phase>,
}

impl JobCx {
    /// What was enqueued. A payload that does not fit is fatal: another attempt cannot mend it.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        T::deserialize(&self.payload).map_err(|error| JobError::fatal(format!("payload: {error}")))
    }

    /// The tenant's database; fatal for a job in control.
    pub fn tenant_db(&self) -> Result<&TenantDb, JobError> {
        match &self.place {
            Place::Tenant(db) => Ok(db),
            Place::Control => Err(JobError::fatal("this kind of job needs a tenant")),
        }
    }

    /// Whether no attempt follows a failure of this one.
    pub fn is_last_attempt(&self) -> bool {
        self.lease.attempt() >= self.max_attempts
    }

    /// Whether the process is stopping: end soon, or be dropped at the next await.
    pub fn stopping(&self) -> bool {
        *self.phase.borrow() != Phase::Running
    }

    /// Waits until the process is stopping.
    pub async fn stopped(&self) {
        let mut phase = self.phase.clone();
        // An error means the runner is gone, which is as stopped as can be.
        drop(phase.wait_for(|phase| *phase != Phase::Running).await);
    }
}

/// The right to do a job, until somebody else takes it over. Clones are the same lease.
#[derive(Debug, Clone)]
pub struct Lease(Arc<LeaseInner>);

#[derive(Debug)]
struct LeaseInner {
    id: JobId,
    token: String,
    length: Duration,
    attempt: AtomicU32,
    finishing: AtomicBool,
}

impl Lease {
    pub(crate) fn new(id: JobId, token: String, length: Duration, attempt: u32) -> Self {
        Self(Arc::new(LeaseInner {
            id,
            token,
            length,
            attempt: AtomicU32::new(attempt),
            finishing: AtomicBool::new(false),
        }))
    }

    /// Fences a transaction in the job's own database: it fails, and is undone, if the lease was lost;
    /// otherwise the lease is extended with it. An effect written in such a transaction is never
    /// written by two workers for the same attempt.
    pub async fn hold(&self, tx: &mut Tx) -> Result<(), JobError> {
        let held = store::extend(tx, self.0.id, &self.0.token, self.0.length).await?;
        if held {
            Ok(())
        } else {
            Err(JobError::LeaseLost)
        }
    }

    /// [`Lease::hold`] in a transaction that is a part of the whole: another attempt goes on behind it. So this
    /// one counts as the first again, and a long job is not given up because its process dies now and then.
    pub async fn progress(&self, tx: &mut Tx) -> Result<(), JobError> {
        self.hold(tx).await?;
        store::count_afresh(tx, self.0.id, &self.0.token).await?;
        self.0.attempt.store(1, Ordering::Relaxed);
        Ok(())
    }

    /// Completes the job in the transaction of its effect, so that the effect happens exactly once.
    /// Nothing may follow in the handler but its return.
    pub async fn finish(&self, tx: &mut Tx) -> Result<(), JobError> {
        self.0.finishing.store(true, Ordering::Release);
        let finished = store::finish(tx, self.0.id, &self.0.token).await?;
        if finished {
            Ok(())
        } else {
            Err(JobError::LeaseLost)
        }
    }

    /// The number of this attempt since the last progress.
    pub(crate) fn attempt(&self) -> u32 {
        self.0.attempt.load(Ordering::Relaxed)
    }

    pub(crate) fn id(&self) -> JobId {
        self.0.id
    }

    pub(crate) fn token(&self) -> &str {
        &self.0.token
    }

    pub(crate) fn length(&self) -> Duration {
        self.0.length
    }

    /// Whether the handler tried to complete the job itself; losing the lease then means success.
    pub(crate) fn is_finishing(&self) -> bool {
        self.0.finishing.load(Ordering::Acquire)
    }
}

/// Why an attempt did not complete its job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Another attempt may do it.
    #[error("{detail}")]
    Retry {
        /// What went wrong, for the administrator; no secrets, no personal data.
        detail: String,
        /// When to try again; without it the kind's backoff decides.
        after: Option<Duration>,
    },
    /// No attempt can do it: the job is dead at once.
    #[error("{detail}")]
    Fatal {
        /// What went wrong, for the administrator; no secrets, no personal data.
        detail: String,
    },
    /// The process is stopping and the handler has ended where it can be taken up again: the attempt
    /// does not count and anybody may take the job at once. See [`JobCx::stopping`].
    #[error("the process is stopping")]
    Stopped,
    /// Another worker has taken over; this attempt changes nothing any more.
    #[error("the lease was lost to another worker")]
    LeaseLost,
}

impl JobError {
    /// Try again after the kind's backoff.
    pub fn retry(detail: impl Into<String>) -> Self {
        Self::Retry {
            detail: detail.into(),
            after: None,
        }
    }

    /// Never again.
    pub fn fatal(detail: impl Into<String>) -> Self {
        Self::Fatal {
            detail: detail.into(),
        }
    }
}

impl From<DbError> for JobError {
    fn from(error: DbError) -> Self {
        Self::retry(error.to_string())
    }
}
