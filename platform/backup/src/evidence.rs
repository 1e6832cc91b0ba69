//! What control remembers of backups: that they were taken, and the proof of each database in them.

use std::fmt;
use std::str::FromStr;

use gantry_db::{ControlTx, DbError, Tx, args, from_row, sql, text_value};
use gantry_kernel::Timestamp;

use crate::{BackupId, Entry};

/// How far a backup has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being taken, or its process died.
    Running,
    /// Whole, and all of it proven.
    Done,
    /// Some of it is missing or could not be proven.
    Partial,
    /// There is nothing.
    Failed,
}

/// Who wanted a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The schedule.
    Schedule,
    /// An operator, through the API.
    Operator,
    /// `gantry backup now`.
    Command,
}

/// The word is not one of the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a known word")]
pub struct Unknown;

macro_rules! words {
    ($kind:ty { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),+ })
            }
        }
        impl FromStr for $kind {
            type Err = Unknown;
            fn from_str(word: &str) -> Result<Self, Unknown> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(Unknown),
                }
            }
        }
        text_value!($kind);
    };
}
words!(State { Running = "running", Done = "done", Partial = "partial", Failed = "failed" });
words!(Cause { Schedule = "schedule", Operator = "operator", Command = "command" });

/// A backup as control remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its id.
    pub id: BackupId,
    /// The name of its folder.
    pub name: String,
    /// How far it has come.
    pub state: State,
    /// Who wanted it.
    pub cause: Cause,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over, proofs included.
    pub finished_at: Option<Timestamp>,
    /// Databases in it.
    pub places: i64,
    /// Those that were restored to scratch and found equal.
    pub proven: i64,
    /// Those that are missing, or were not.
    pub failed: i64,
    /// The length of all files.
    pub bytes: i64,
    /// When the second copy was complete.
    pub copied_at: Option<Timestamp>,
    /// When retention removed the files.
    pub removed_at: Option<Timestamp>,
    /// Why it failed, or what failed after it was taken.
    pub error: Option<String>,
}

from_row!(Backup {
    id,
    name,
    state,
    cause,
    started_at,
    finished_at,
    places,
    proven,
    failed,
    bytes,
    copied_at,
    removed_at,
    error
});

/// What was found out about one database of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// `control`, or a tenant's id.
    pub place: String,
    /// Why it is missing or not proven.
    pub error: Option<String>,
    /// When the snapshot was taken.
    pub taken_at: Option<Timestamp>,
    /// The length of its file.
    pub bytes: i64,
    /// Rows.
    pub row_count: i64,
    /// SHA-256 of the contents.
    pub content: Option<String>,
    /// When it was restored to scratch and found equal.
    pub proven_at: Option<Timestamp>,
    /// How long that took, in microseconds.
    pub restore_us: Option<i64>,
}

from_row!(Evidence {
    place,
    error,
    taken_at,
    bytes,
    row_count,
    content,
    proven_at,
    restore_us
});

impl Evidence {
    pub(crate) fn failed(place: &str, error: String) -> Self {
        Self {
            place: place.to_owned(),
            error: Some(error),
            taken_at: None,
            bytes: 0,
            row_count: 0,
            content: None,
            proven_at: None,
            restore_us: None,
        }
    }

    pub(crate) fn of(entry: &Entry) -> Self {
        Self {
            place: entry.place.clone(),
            error: None,
            taken_at: Some(entry.taken_at),
            bytes: whole(entry.bytes),
            row_count: whole(entry.rows),
            content: Some(entry.content.clone()),
            proven_at: None,
            restore_us: None,
        }
    }
}

pub(crate) fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

macro_rules! columns {
    () => {
        "id, name, state, cause, started_at, finished_at, places, proven, failed, bytes, copied_at, \
         removed_at, error"
    };
}

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
            "insert into backups (id, name, state, cause, started_at, places, proven, failed, bytes)
             values ($1, $2, 'running', $3, $4, 0, 0, 0, 0)"
        ),
        &args![id, name, cause, now],
    )
    .await
    .map(drop)
}

/// Notes the evidence of one database.
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
                 content, proven_at, restore_us)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
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
            found.proven_at,
            found.restore_us
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
            "update backups set state = $2, finished_at = $3, bytes = $4, copied_at = $5, error = $6,
                 places = (select count(*) from backup_places where backup_id = $1),
                 proven = (select count(*) from backup_places where backup_id = $1 and state = 'proven'),
                 failed = (select count(*) from backup_places where backup_id = $1 and state = 'failed')
             where id = $1"
        ),
        &args![id, state, now, bytes, copied_at, error],
    )
    .await
    .map(drop)
}

/// Notes that retention removed the files of a backup.
pub(crate) async fn removed(tx: &mut ControlTx, name: &str) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!("update backups set removed_at = $2 where name = $1 and removed_at is null"),
        &args![name, now],
    )
    .await
    .map(drop)
}

/// The newest backups.
pub(crate) async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Backup>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            columns!(),
            " from backups order by started_at desc, id desc limit $1"
        )),
        &args![limit],
    )
    .await
}

/// The evidence of a backup.
pub(crate) async fn places(tx: &mut Tx, id: BackupId) -> Result<Vec<Evidence>, DbError> {
    tx.all(
        sql!(
            "select place, error, taken_at, bytes, row_count, content, proven_at, restore_us
             from backup_places where backup_id = $1 order by place"
        ),
        &args![id],
    )
    .await
}
