//! What control remembers of backups: that they were taken, and the proof of each database in them.

mod copies;
mod read;
mod write;

use std::fmt;
use std::str::FromStr;

use gantry_db::{from_row, text_value};
use gantry_kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use copies::of as copies_of;
pub use copies::{Copied, CopyState};
pub(crate) use read::{
    by_id, by_name, first_begun, holds, last_done, last_of, last_proof, last_proof_of, page,
    places, places_page,
};
pub(crate) use write::{begin, end, judge, looked_at, note, removed, restored};

use crate::{Answers, BackupId, Entry};

/// How far a backup has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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
pub(crate) use words;

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
    /// The version of Gantry that took it; `None` for backups older than this field.
    pub program: Option<String>,
    /// When all of it was last looked at again.
    pub verified_at: Option<Timestamp>,
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
    program,
    verified_at,
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
    /// SHA-256 of the file.
    pub sha256: Option<String>,
    /// When it was restored to scratch and found equal.
    pub proven_at: Option<Timestamp>,
    /// How long that took, in microseconds.
    pub restore_us: Option<i64>,
    /// What the API answered over it; `None` when it was not asked.
    pub answers: Option<Answers>,
}

from_row!(Evidence {
    place,
    error,
    taken_at,
    bytes,
    row_count,
    content,
    sha256,
    proven_at,
    restore_us,
    answers
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
            sha256: None,
            proven_at: None,
            restore_us: None,
            answers: None,
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
            sha256: Some(entry.sha256.clone()),
            proven_at: None,
            restore_us: None,
            answers: None,
        }
    }
}

pub(crate) fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
