//! Forgetting mails that are over, a while after they were sent or skipped.
//!
//! Nothing walks through all tenants for this: a mail that is over leaves a job behind in its own
//! place, one for all of them, and only places with such a job are opened.

use std::time::Duration;

use gantry_db::{DbError, Tx};
use gantry_jobs::{JobCx, JobError, NewJob, enqueue, outbox};
use gantry_kernel::Timestamp;

use super::write;
use crate::module::Notify;

/// The kind of job that forgets.
pub(crate) const FORGET: &str = "mail.forget";

/// Forgotten per transaction.
const BATCH: u32 = 500;

/// Least time between two runs in one place.
const PAUSE: Duration = Duration::from_hours(24);

/// Sees to it that the place forgets at `at`, or earlier if that is planned already.
pub(crate) async fn plan(tx: &mut Tx, at: Timestamp) -> Result<(), DbError> {
    enqueue(tx, NewJob::new(FORGET, &()).at(at).dedupe(FORGET)).await?;
    Ok(())
}

pub(crate) async fn forget(notify: &Notify, cx: JobCx) -> Result<(), JobError> {
    let kept = notify.retention;
    loop {
        let lease = cx.lease.clone();
        let removed = write(notify, &cx.place, async move |tx| {
            lease.hold(tx).await?;
            Ok(outbox::forget_settled(tx, tx.now().before(kept), BATCH).await?)
        })
        .await?;
        if removed < u64::from(BATCH) {
            break;
        }
        if cx.stopping() {
            return Err(JobError::Stopped);
        }
    }
    let lease = cx.lease.clone();
    write(notify, &cx.place, async move |tx| {
        let oldest = outbox::oldest_settled(tx).await?;
        lease.finish(tx).await?;
        if let Some(oldest) = oldest {
            plan(tx, (oldest + kept).max(tx.now() + PAUSE)).await?;
        }
        Ok(())
    })
    .await
}
