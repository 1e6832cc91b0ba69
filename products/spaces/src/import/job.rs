//! The jobs of this module: working an import off, and forgetting an upload nobody went on with.

use std::sync::Arc;
use std::time::Duration;

use gantry_db::{DbError, TenantDb, Tx};
use gantry_jobs::{Death, JobCx, JobError, JobKind, NewJob, enqueue};
use gantry_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::model::{ImportId, State};
use super::run::{Step, Task};
use super::store;
use crate::allowance::Allowance;
use crate::events::import_changed;
use crate::notices;

/// Kind of the job that works an import off.
pub const WORK: &str = "spaces.import";
/// Kind of the job that forgets an upload nobody went on with.
pub const EXPIRY: &str = "spaces.import_expiry";
/// How long an upload is kept that nobody goes on with.
pub const KEPT: Duration = Duration::from_hours(7 * 24);
/// The payload of both kinds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Work {
    /// The import.
    pub import_id: ImportId,
}

/// The kinds of job of this module.
pub fn kinds(allowance: &Allowance) -> Vec<JobKind> {
    let allowance = Arc::new(allowance.clone());
    let work = move |cx| handle(Arc::clone(&allowance), cx);
    vec![
        JobKind::new(WORK, work).on_dead(|tx, death| Box::pin(give_up(tx, death))),
        JobKind::new(EXPIRY, expire),
    ]
}

/// Asks for an import to be worked off according to its state. Asked for twice, it is done once.
pub fn job(import_id: ImportId) -> NewJob {
    NewJob::new(WORK, &Work { import_id }).dedupe(format!("{WORK}:{import_id}"))
}

async fn handle(allowance: Arc<Allowance>, cx: JobCx) -> Result<(), JobError> {
    let Work { import_id } = cx.payload()?;
    let db = cx.tenant_db()?.clone();
    work(&allowance, &cx, &db, import_id).await
}

async fn work(
    allowance: &Allowance,
    cx: &JobCx,
    db: &TenantDb,
    id: ImportId,
) -> Result<(), JobError> {
    let limit = allowance.students(db.id()).await;
    let limit = limit.map_err(|problem| JobError::retry(problem.to_string()))?;
    let Some(task) = Task::load(db, id, limit).await? else {
        let lease = cx.lease.clone();
        return db.write(async move |tx| lease.finish(tx).await).await;
    };
    let task = Arc::new(task);
    loop {
        if cx.stopping() {
            return Err(JobError::Stopped);
        }
        if task.step(db, Some(cx.lease.clone())).await? == Step::Over {
            return Ok(());
        }
    }
}

/// A dry run falls back to where the mapping can be changed; a run can be started again from where it
/// stopped. An undo stays one: its job is with the dead letters and can be asked for again.
async fn give_up(tx: &mut Tx, death: &Death) -> Result<(), DbError> {
    let Some(Work { import_id }) = death.payload() else {
        return Ok(());
    };
    let Some(import) = store::for_work(tx, import_id).await? else {
        return Ok(());
    };
    let state = match import.state {
        State::Checking => State::Draft,
        State::Running => State::Failed,
        _ => return Ok(()),
    };
    let import = store::set_state(tx, import_id, state, Some(&death.detail)).await?;
    if state == State::Failed {
        notices::import_failed(tx, &import).await?;
    }
    import_changed(tx, &import).await
}

async fn expire(cx: JobCx) -> Result<(), JobError> {
    let Work { import_id } = cx.payload()?;
    let db = cx.tenant_db()?.clone();
    let lease = cx.lease.clone();
    db.write(async move |tx| {
        if let Some(at) = forget_if_idle(tx, import_id).await? {
            enqueue(tx, NewJob::new(EXPIRY, &Work { import_id }).at(at)).await?;
        }
        lease.finish(tx).await
    })
    .await
}

/// Deletes the file of an import that nobody has gone on with for [`KEPT`]. The answer is when to look
/// again, if somebody has: an import that ends deletes its file itself.
pub async fn forget_if_idle(tx: &mut Tx, id: ImportId) -> Result<Option<Timestamp>, JobError> {
    let Some(import) = store::for_work(tx, id).await? else {
        return Ok(None);
    };
    let idle_until = import.updated_at + KEPT;
    match import.state {
        State::Done | State::Undone | State::Cancelled | State::Expired => Ok(None),
        State::Draft | State::Checked | State::Failed if idle_until <= tx.now() => {
            store::delete_file(tx, id).await?;
            let import = store::set_state(tx, id, State::Expired, None).await?;
            import_changed(tx, &import).await?;
            Ok(None)
        }
        State::Draft | State::Checked | State::Failed => Ok(Some(idle_until)),
        State::Checking | State::Running | State::Undoing => Ok(Some(tx.now() + KEPT)),
    }
}
