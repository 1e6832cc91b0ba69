//! Letting go of what was read a while ago.

use std::sync::Arc;
use std::time::Duration;

use gantry_db::ControlTx;
use gantry_jobs::{JobCx, JobError, JobKind, Schedule};

use super::Notices;

const SWEEP: &str = "notices.sweep";
/// Removed per transaction.
const BATCH: u32 = 500;

pub(super) fn kind(notices: &Arc<Notices>) -> JobKind {
    let notices = Arc::clone(notices);
    JobKind::new(SWEEP, move |cx| {
        let notices = Arc::clone(&notices);
        async move { sweep(&notices, cx).await }
    })
}

pub(super) fn schedule() -> Schedule {
    Schedule::new(SWEEP, Duration::from_hours(6), SWEEP)
}

async fn sweep(notices: &Notices, cx: JobCx) -> Result<(), JobError> {
    let kept = notices.retention;
    loop {
        let removed = notices
            .control
            .write(async move |tx: &mut ControlTx| {
                let before = tx.now().before(kept);
                gantry_notices::sweep(tx, before, BATCH).await
            })
            .await?;
        if removed < u64::from(BATCH) {
            return Ok(());
        }
        if cx.stopping() {
            return Err(JobError::Stopped);
        }
    }
}
