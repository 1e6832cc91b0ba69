//! The job that removes holds nobody confirmed.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_db::{DbError, Tx};
use gantry_jobs::{JobCx, JobError, JobKind};
use gantry_kernel::{Actor, Origin, Scope, Timestamp};

use super::{flow, store};
use crate::seating::Error;
use crate::student::flow::By;

/// Kind of the job.
pub const EXPIRY: &str = "spaces.hold_expiry";
/// Holds removed in one transaction.
const BATCH: i64 = 200;

/// The kind of job. It has no row in the queue until a hold is due, so that holding a seat does not write one.
pub fn kind() -> JobKind {
    JobKind::new(EXPIRY, work).found_by(probe)
}

fn probe(tx: &mut Tx) -> BoxFuture<'_, Result<Option<Timestamp>, DbError>> {
    async move {
        // Every place is looked at, and control has no seats.
        match tx.place() {
            None => Ok(None),
            Some(_) => store::next_expiry(tx).await,
        }
    }
    .boxed()
}

/// On behalf of the program.
pub(crate) fn by_system() -> By {
    By {
        scope: Scope::All,
        actor: Actor::System,
        origin: Origin::default(),
    }
}

async fn work(cx: JobCx) -> Result<(), JobError> {
    let db = cx.tenant_db()?.clone();
    loop {
        let lease = cx.lease.clone();
        let over = db
            .write(async move |tx| {
                let removed = flow::expire(tx, &by_system(), None, BATCH)
                    .await
                    .map_err(failed)?;
                let over = removed < usize::try_from(BATCH).unwrap_or(usize::MAX);
                if over {
                    lease.finish(tx).await?;
                } else {
                    lease.progress(tx).await?;
                }
                Ok::<_, JobError>(over)
            })
            .await?;
        if over {
            return Ok(());
        }
        if cx.stopping() {
            return Err(JobError::Stopped);
        }
    }
}

/// A refusal here is none of the caller's making, so it is worth another attempt.
pub(crate) fn failed(error: Error) -> JobError {
    match error {
        Error::Db(error) => error.into(),
        other => JobError::retry(other.to_string()),
    }
}
