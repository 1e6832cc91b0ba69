//! The job that does what an operator asked for.

use std::time::Duration;

use futures_util::FutureExt;
use gantry_db::Tx;
use gantry_jobs::{Death, JobCx, JobError, JobKind};
use gantry_kernel::Actor;

use super::store::{self, WORK, WorkJob};
use super::{Watch, Work, WorkId, WorkKind, WorkState};
use crate::restore::Wish;
use crate::{BackupError, Backups, Cause, State, evidence, notices};

/// The kind. What fails for a reason that may pass is tried three times in all.
pub(crate) fn kind(backups: Backups) -> JobKind {
    JobKind::new(WORK, move |cx| {
        let backups = backups.clone();
        async move { run(&backups, &cx).await }
    })
    .max_attempts(3)
    .backoff(Duration::from_secs(10), Duration::from_mins(10))
    .on_dead(|tx, death| Box::pin(given_up(tx, death)))
}

async fn given_up(tx: &mut Tx, death: &Death) -> Result<(), gantry_db::DbError> {
    match death.payload::<WorkJob>() {
        Some(WorkJob { work }) => end(tx, work, Some(&death.detail)).await,
        None => Ok(()),
    }
}

/// It is over; with an error operators are told.
async fn end(tx: &mut Tx, id: WorkId, error: Option<&str>) -> Result<(), gantry_db::DbError> {
    store::end(tx, id, error).await?;
    if error.is_some()
        && let Some(work) = store::by_id(tx, id).await?
    {
        notices::work_failed(tx, &work).await?;
    }
    Ok(())
}

async fn run(backups: &Backups, cx: &JobCx) -> Result<(), JobError> {
    let WorkJob { work: id } = cx.payload()?;
    let found = backups
        .control
        .read(async |tx| store::by_id(tx, id).await)
        .await?;
    let Some(work) = found else {
        return Err(JobError::fatal("there is no such work"));
    };
    if matches!(work.state, WorkState::Done | WorkState::Failed) {
        return Ok(());
    }
    let lease = cx.lease.clone();
    backups
        .control
        .write(async move |tx| {
            lease.hold(tx).await?;
            store::begin(tx, id).await?;
            Ok::<_, JobError>(())
        })
        .await?;
    let fault = obey(backups, &work).await.map_err(judged)?;
    let lease = cx.lease.clone();
    backups
        .control
        .write(async move |tx| {
            end(tx, id, fault.as_deref()).await?;
            lease.finish(tx).await
        })
        .await
}

/// Does it; `Some` says what was found wrong with what was done.
async fn obey(backups: &Backups, work: &Work) -> Result<Option<String>, BackupError> {
    let mut watch = Watch::of(Some(work.id));
    match work.kind {
        WorkKind::Take => {
            let backup = backups.run_watched(Cause::Operator, &mut watch).await?;
            let what = format!(
                "{} of {} databases are missing or not proven",
                backup.failed, backup.places
            );
            if backup.state == State::Done {
                return Ok(None);
            }
            let copies = backups.copies_of(&[backup.id]).await?;
            let copy = copies.into_iter().find_map(|copy| {
                let error = copy.error?;
                Some(format!("the copy in {}: {error}", copy.store))
            });
            Ok(backup.error.or(copy).or(Some(what)))
        }
        WorkKind::Verify => {
            let name = name_of(backups, work).await?;
            let found = backups
                .verify_watched(Some(&name), &mut watch)
                .boxed()
                .await?;
            let wrong = found.checked.iter().find_map(|one| {
                let error = one.outcome.as_ref().err()?;
                Some(format!("{}: {error}", one.place))
            });
            let missing = found.manifest.missing.first();
            let missing = missing.map(|one| format!("{} is not in it: {}", one.place, one.error));
            let mut copies = found.copies.iter();
            let copy = copies.find_map(|(_, outcome)| outcome.as_ref().err());
            let copy = copy.map(|error| format!("a copy: {error}"));
            Ok(wrong.or(missing).or(copy))
        }
        WorkKind::Restore => {
            let tenant = work
                .tenant_id
                .ok_or_else(|| BackupError::Unknown("tenant".to_owned()))?;
            let former = if let Some(done) = work.restored() {
                done.former
            } else {
                let name = name_of(backups, work).await?;
                let wish = Wish {
                    tenant,
                    backup: Some(&name),
                    actor: Actor::Operator(work.asked_by),
                    reason: work.reason.as_deref(),
                    work: Some(work.id),
                };
                backups.restore_as(&wish).boxed().await?.replaced
            };
            backups.settle(tenant, &former).boxed().await?;
            Ok(None)
        }
    }
}

async fn name_of(backups: &Backups, work: &Work) -> Result<String, BackupError> {
    let unknown = || BackupError::Unknown(work.id.to_string());
    let id = work.backup_id.ok_or_else(unknown)?;
    let found = backups
        .control
        .read(async |tx| evidence::by_id(tx, id).await)
        .await?;
    found.map(|backup| backup.name).ok_or_else(unknown)
}

/// Whether it may go well another time.
fn judged(error: BackupError) -> JobError {
    match error {
        BackupError::Busy(_)
        | BackupError::Store { .. }
        | BackupError::Db(_)
        | BackupError::Copy { .. }
        | BackupError::Panicked(_) => JobError::retry(error.to_string()),
        BackupError::Bucket { ref fault, .. } if fault.may_pass() => {
            JobError::retry(error.to_string())
        }
        other => JobError::fatal(other.to_string()),
    }
}
