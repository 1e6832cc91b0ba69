//! The statements on `backup_works`.

use gantry_db::{ControlTx, DbError, Tx, args, sql};
use gantry_jobs::{NewJob, enqueue};
use gantry_kernel::{IdentityId, TenantId};
use serde::{Deserialize, Serialize};

use super::{Work, WorkId, WorkKind};
use crate::BackupId;
use crate::events::work_changed;

/// The job that does what was asked.
pub(crate) const WORK: &str = "backup.work";

/// What the job carries.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WorkJob {
    pub(crate) work: WorkId,
}

/// What an operator wants.
#[derive(Clone, Debug)]
pub(crate) struct NewWork {
    pub(crate) kind: WorkKind,
    pub(crate) backup: Option<BackupId>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) reason: Option<String>,
    pub(crate) asked_by: IdentityId,
}

macro_rules! columns {
    () => {
        "id, kind, state, backup_id, tenant_id, reason, asked_by, steps, steps_done, outcome, error, \
         asked_at, ended_at"
    };
}

/// Writes down what is wanted, with the job that will do it.
pub(crate) async fn insert(tx: &mut ControlTx, new: &NewWork) -> Result<Work, DbError> {
    let (id, now): (WorkId, _) = (tx.kernel().id(), tx.now());
    let work = tx
        .one(
            sql!(concat!(
                "insert into backup_works (id, kind, state, backup_id, tenant_id, reason, asked_by, steps,
                     steps_done, asked_at)
                 values ($1, $2, 'queued', $3, $4, $5, $6, 0, 0, $7) returning ",
                columns!()
            )),
            &args![id, new.kind, new.backup, new.tenant, new.reason, new.asked_by, now],
        )
        .await?;
    enqueue(tx, NewJob::new(WORK, &WorkJob { work: id })).await?;
    work_changed(tx, id).await?;
    Ok(work)
}

/// One by its id.
pub(crate) async fn by_id(tx: &mut Tx, id: WorkId) -> Result<Option<Work>, DbError> {
    tx.opt(
        sql!(concat!(
            "select ",
            columns!(),
            " from backup_works where id = $1"
        )),
        &args![id],
    )
    .await
}

/// Those asked for before `before`, newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    before: Option<WorkId>,
    limit: i64,
) -> Result<Vec<Work>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            columns!(),
            " from backup_works where (cast($1 as text) is null or id < $1) order by id desc limit $2"
        )),
        &args![before, limit],
    )
    .await
}

/// What is not over: the newest of this kind, about this tenant if one is given.
pub(crate) async fn under_way(
    tx: &mut Tx,
    kind: WorkKind,
    tenant: Option<TenantId>,
) -> Result<Option<Work>, DbError> {
    let found: Vec<Work> = tx
        .all(
            sql!(concat!(
                "select ",
                columns!(),
                " from backup_works where kind = $1 and state in ('queued', 'running')
                   and (cast($2 as text) is null or tenant_id = $2) order by id desc limit 1"
            )),
            &args![kind, tenant],
        )
        .await?;
    Ok(found.into_iter().next())
}

/// Everything that is not over, oldest first.
pub(crate) async fn all_under_way(tx: &mut Tx) -> Result<Vec<Work>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            columns!(),
            " from backup_works where state in ('queued', 'running') order by id limit 100"
        )),
        &args![],
    )
    .await
}

/// It is being done, perhaps again from its beginning.
pub(crate) async fn begin(tx: &mut ControlTx, id: WorkId) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "update backup_works set state = 'running', steps = 0, steps_done = 0
             where id = $1 and state in ('queued', 'running')"
        ),
        &args![id],
    )
    .await?;
    work_changed(tx, id).await
}

/// How far it has come.
pub(crate) async fn progress(
    tx: &mut ControlTx,
    id: WorkId,
    steps: i64,
    done: i64,
) -> Result<(), DbError> {
    tx.execute(
        sql!("update backup_works set steps = $2, steps_done = $3 where id = $1"),
        &args![id, steps, done],
    )
    .await?;
    work_changed(tx, id).await
}

/// Which backup a work makes.
pub(crate) async fn makes(tx: &mut ControlTx, id: WorkId, backup: BackupId) -> Result<(), DbError> {
    tx.execute(
        sql!("update backup_works set backup_id = $2 where id = $1"),
        &args![id, backup],
    )
    .await?;
    work_changed(tx, id).await
}

/// A restore is in place, in the transaction that puts it there: it must not be done twice.
pub(crate) async fn in_place(tx: &mut ControlTx, id: WorkId, outcome: &str) -> Result<(), DbError> {
    tx.execute(
        sql!("update backup_works set outcome = $2 where id = $1"),
        &args![id, outcome],
    )
    .await?;
    work_changed(tx, id).await
}

/// It is over; with an error it went wrong.
pub(crate) async fn end(tx: &mut Tx, id: WorkId, error: Option<&str>) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update backup_works set state = case when cast($2 as text) is null then 'done' else 'failed' end,
                 error = $2, ended_at = $3,
                 steps_done = case when cast($2 as text) is null then steps else steps_done end
             where id = $1 and state in ('queued', 'running')"
        ),
        &args![id, error, now],
    )
    .await?;
    work_changed(tx, id).await
}

/// What was not over when control was copied will not be done.
pub(crate) async fn give_up(tx: &mut ControlTx, why: &str) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update backup_works set state = 'failed', error = $1, ended_at = $2
             where state in ('queued', 'running')"
        ),
        &args![why, now],
    )
    .await
    .map(drop)
}
