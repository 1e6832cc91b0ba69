//! The copies of backups in other stores.

use std::fmt;
use std::str::FromStr;

use gantry_db::{ControlTx, DbError, Tx, args, from_row, sql, text_value};
use gantry_kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Unknown, words};
use crate::store::Kind;
use crate::{BackupError, BackupId, Backups};

/// What was last seen of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "BackupCopyState")]
pub enum CopyState {
    /// All of it was read and found equal.
    Whole,
    /// Some of it is missing or changed, or it could not be looked at.
    Failed,
}

words!(CopyState { Whole = "whole", Failed = "failed" });

/// A copy of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Of which backup.
    pub backup_id: BackupId,
    /// Where it lies.
    pub store: Kind,
    /// What was last seen of it.
    pub state: CopyState,
    /// What is wrong with it.
    pub error: Option<String>,
    /// When all of it was last found equal.
    pub whole_at: Option<Timestamp>,
    /// When it was last looked at.
    pub looked_at: Timestamp,
}

from_row!(Copied {
    backup_id,
    store,
    state,
    error,
    whole_at,
    looked_at
});

/// Those of the backups from the oldest to the newest of a page.
pub(crate) async fn of(
    tx: &mut Tx,
    oldest: BackupId,
    newest: BackupId,
) -> Result<Vec<Copied>, DbError> {
    tx.all(
        sql!(
            "select backup_id, store, state, error, whole_at, looked_at from backup_copies
             where backup_id >= $1 and backup_id <= $2 order by backup_id, store"
        ),
        &args![oldest, newest],
    )
    .await
}

async fn note(
    tx: &mut ControlTx,
    id: BackupId,
    store: Kind,
    fault: Option<&str>,
) -> Result<Timestamp, DbError> {
    let now = tx.now();
    let (state, whole_at) = match fault {
        None => (CopyState::Whole, Some(now)),
        Some(_) => (CopyState::Failed, None),
    };
    tx.execute(
        sql!(
            "insert into backup_copies (backup_id, store, state, error, whole_at, looked_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (backup_id, store) do update set state = excluded.state, error = excluded.error,
                 whole_at = coalesce(excluded.whole_at, backup_copies.whole_at),
                 looked_at = excluded.looked_at"
        ),
        &args![id, store, state, fault, whole_at, now],
    )
    .await?;
    Ok(now)
}

impl Backups {
    /// Notes what was seen of a copy, and answers when.
    pub(crate) async fn note_copy(
        &self,
        id: BackupId,
        store: Kind,
        fault: Option<String>,
    ) -> Result<Timestamp, BackupError> {
        Ok(self
            .control
            .write(async move |tx| note(tx, id, store, fault.as_deref()).await)
            .await?)
    }

    /// What was last seen of the copies of these backups.
    pub async fn copies_of(&self, backups: &[BackupId]) -> Result<Vec<Copied>, BackupError> {
        let (Some(oldest), Some(newest)) = (backups.iter().min(), backups.iter().max()) else {
            return Ok(Vec::new());
        };
        Ok(self
            .control
            .read(async |tx| of(tx, *oldest, *newest).await)
            .await?)
    }
}
