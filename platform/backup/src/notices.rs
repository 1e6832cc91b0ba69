//! What operators are told when backups go wrong.

use gantry_db::{DbError, Tx};
use gantry_notices::{Notice, tell};
use serde_json::Value;

use crate::BackupId;
use crate::permissions::READ;
use crate::works::Work;

/// A scheduled backup was given up, or lacks something. Without an id no attempt came as far as having one.
pub(crate) async fn schedule_failed(tx: &mut Tx, backup: Option<BackupId>) -> Result<(), DbError> {
    let backup = backup.map_or(Value::Null, |id| id.to_string().into());
    let notice = Notice::to_operators("backup.failed", READ)
        .with("what", "schedule")
        .with("backup", backup);
    tell(tx, notice).await
}

/// What an operator asked for went wrong.
pub(crate) async fn work_failed(tx: &mut Tx, work: &Work) -> Result<(), DbError> {
    let backup = work
        .backup_id
        .map_or(Value::Null, |id| id.to_string().into());
    let mut notice = Notice::to_operators("backup.failed", READ)
        .once(work.id)
        .with("what", work.kind.to_string())
        .with("work", work.id.to_string())
        .with("backup", backup);
    if let Some(tenant) = work.tenant_id {
        notice = notice.with("tenant", tenant.to_string());
    }
    tell(tx, notice).await
}

/// The newest good backup is too old; `None`: there never was one. Told once for each such backup.
pub(crate) async fn stale(tx: &mut Tx, newest: Option<BackupId>) -> Result<(), DbError> {
    let newest = newest.map(|id| id.to_string());
    let notice = Notice::to_operators("backup.stale", READ)
        .once(newest.as_deref().unwrap_or("never"))
        .with("backup", newest.map_or(Value::Null, Value::from));
    tell(tx, notice).await
}
