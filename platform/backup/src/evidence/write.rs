//! Writing evidence down.

use gantry_db::{ControlTx, DbError, args, sql};
use gantry_kernel::Timestamp;

use super::{Cause, Evidence, State};
use crate::events::backup_changed;
use crate::{BackupId, Manifest};

/// Notes that a backup begins; those whose process died are over. Only during a turn of the store.
pub(crate) async fn begin(
    tx: &mut ControlTx,
    id: BackupId,
    name: &str,
    cause: Cause,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update backups set state = 'failed', error = 'it was interrupted', finished_at = $1
             where state = 'running'"
        ),
        &args![now],
    )
    .await?;
    tx.execute(
        sql!(
            "insert into backups (id, name, state, cause, program, started_at, places, proven, failed, bytes)
             values ($1, $2, 'running', $3, $4, $5, 0, 0, 0, 0)"
        ),
        &args![id, name, cause, env!("CARGO_PKG_VERSION"), now],
    )
    .await?;
    backup_changed(tx, id).await
}

/// Notes what was found out about one database; what was found out before of the same one gives way,
/// but for the time of its last proof.
pub(crate) async fn note(
    tx: &mut ControlTx,
    id: BackupId,
    found: &Evidence,
) -> Result<(), DbError> {
    let state = if found.error.is_none() && found.proven_at.is_some() {
        "proven"
    } else {
        "failed"
    };
    tx.execute(
        sql!(
            "insert into backup_places (backup_id, place, state, error, taken_at, bytes, row_count,
                 content, sha256, proven_at, restore_us, answers)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             on conflict (backup_id, place) do update set state = excluded.state, error = excluded.error,
                 proven_at = coalesce(excluded.proven_at, backup_places.proven_at),
                 restore_us = coalesce(excluded.restore_us, backup_places.restore_us),
                 answers = coalesce(excluded.answers, backup_places.answers)"
        ),
        &args![
            id,
            found.place,
            state,
            found.error,
            found.taken_at,
            found.bytes,
            found.row_count,
            found.content,
            found.sha256,
            found.proven_at,
            found.restore_us,
            found.answers
        ],
    )
    .await
    .map(drop)
}

/// Notes that a backup is over.
pub(crate) async fn end(
    tx: &mut ControlTx,
    id: BackupId,
    state: State,
    bytes: i64,
    copied_at: Option<Timestamp>,
    error: Option<&str>,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update backups set state = $2, finished_at = $3, bytes = $4, copied_at = $5, error = $6
             where id = $1"
        ),
        &args![id, state, now, bytes, copied_at, error],
    )
    .await?;
    count(tx, id).await?;
    backup_changed(tx, id).await
}

/// Notes that all of a backup was looked at again, and what that makes of it.
pub(crate) async fn looked_at(tx: &mut ControlTx, id: BackupId) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!("update backups set verified_at = $2 where id = $1 and state in ('done', 'partial')"),
        &args![id, now],
    )
    .await?;
    judge(tx, id).await
}

/// A finished backup is done when nothing of it is missing or unproven and no copy is bad.
pub(crate) async fn judge(tx: &mut ControlTx, id: BackupId) -> Result<(), DbError> {
    count(tx, id).await?;
    tx.execute(
        sql!(
            "update backups set
                 copied_at = case when exists (
                         select 1 from backup_copies c where c.backup_id = $1 and c.state = 'failed')
                     then copied_at else (
                         select max(whole_at) from backup_copies c where c.backup_id = $1) end,
                 state = case when failed = 0 and error is null and not exists (
                         select 1 from backup_copies c where c.backup_id = $1 and c.state = 'failed')
                     then 'done' else 'partial' end
             where id = $1 and state in ('done', 'partial')"
        ),
        &args![id],
    )
    .await?;
    backup_changed(tx, id).await
}

async fn count(tx: &mut ControlTx, id: BackupId) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "update backups set
                 places = (select count(*) from backup_places where backup_id = $1),
                 proven = (select count(*) from backup_places where backup_id = $1 and state = 'proven'),
                 failed = (select count(*) from backup_places where backup_id = $1 and state = 'failed')
             where id = $1"
        ),
        &args![id],
    )
    .await
    .map(drop)
}

/// Notes that retention removed the files of a backup. What was known of each file goes with it; the
/// counts stay.
pub(crate) async fn removed(tx: &mut ControlTx, name: &str) -> Result<(), DbError> {
    let now = tx.now();
    let removed: Option<(BackupId,)> = tx
        .opt(
            sql!(
                "update backups set removed_at = $2 where name = $1 and removed_at is null returning id"
            ),
            &args![name, now],
        )
        .await?;
    if let Some((id,)) = removed {
        backup_changed(tx, id).await?;
    }
    tx.execute(
        sql!(
            "delete from backup_copies where backup_id in (select id from backups where name = $1)"
        ),
        &args![name],
    )
    .await?;
    tx.execute(
        sql!(
            "delete from backup_places where backup_id in (select id from backups where name = $1)"
        ),
        &args![name],
    )
    .await
    .map(drop)
}

/// In a control that came back from a backup: the backups that were being taken, the very one it came
/// from among them. That one is not over; [`end`] is called for it when everything is back.
pub(crate) async fn restored(tx: &mut ControlTx, manifest: &Manifest) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update backups set state = 'partial', finished_at = $2,
                 error = 'its evidence was not in control yet when control was copied'
             where name = $1"
        ),
        &args![manifest.name, now],
    )
    .await?;
    tx.execute(
        sql!(
            "update backups set state = 'failed', finished_at = $1, error = 'it was interrupted'
             where state = 'running'"
        ),
        &args![now],
    )
    .await
    .map(drop)
}
