//! Looking whether the newest good backup is too old. The schedule and its failures do not say: a process that is down
//! takes none and fails at nothing.

use std::time::Duration;

use gantry_jobs::{JobCx, JobError, JobKind, Schedule};

use crate::{Backups, evidence, notices};

/// The job that looks.
const LOOK: &str = "backup.look";

pub(crate) fn schedule() -> Schedule {
    Schedule::new(LOOK, Duration::from_hours(1), LOOK)
}

pub(crate) fn kind(backups: Backups) -> JobKind {
    JobKind::new(LOOK, move |cx| {
        let backups = backups.clone();
        async move { look(&backups, &cx).await }
    })
}

async fn look(backups: &Backups, cx: &JobCx) -> Result<(), JobError> {
    let (lease, patience) = (cx.lease.clone(), backups.config.patience());
    let configured = backups.config.is_configured();
    backups
        .control
        .write(async move |tx| {
            let newest = evidence::last_done(tx).await?;
            let since = match &newest {
                Some(backup) => Some(backup.started_at),
                None => evidence::first_begun(tx).await?,
            };
            if configured && since.is_some_and(|since| since + patience <= tx.now()) {
                notices::stale(tx, newest.map(|backup| backup.id)).await?;
            }
            lease.finish(tx).await
        })
        .await
}
