//! What an import is and the states it goes through.

use std::fmt;

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::{IdentityId, Kind, Problem, Scope, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::read::fault::{Column, Fault};
use super::read::{Encoding, Mapping, Separator};
use crate::student::{StudentId, stored_words};

define_id! {
    /// One upload and what became of it.
    pub struct ImportId;
}

/// Largest file in bytes.
pub const MAX_FILE: usize = 20 * 1024 * 1024;

stored_words! {
    /// Where an import stands.
    State {
        /// Uploaded; the mapping can be changed.
        Draft = "draft",
        /// The dry run is under way.
        Checking = "checking",
        /// The dry run is over; nothing has been written yet.
        Checked = "checked",
        /// Students are being entered.
        Running = "running",
        /// Every row has its outcome.
        Done = "done",
        /// The run was given up; it can be started again and goes on where it stopped.
        Failed = "failed",
        /// Its students are being taken out again.
        Undoing = "undoing",
        /// What nobody edited since is out again.
        Undone = "undone",
        /// Given up before anything was written.
        Cancelled = "cancelled",
        /// Left lying until its file was deleted.
        Expired = "expired",
    }
}

stored_words! {
    /// What became of a row.
    Outcome {
        /// The dry run found nothing against it.
        Acceptable = "acceptable",
        /// It became a student.
        Created = "created",
        /// It did not, for the reasons in `faults`.
        Rejected = "rejected",
        /// Its student was taken out again.
        Removed = "removed",
        /// Its student stayed although the import was undone; `note` says why.
        Kept = "kept",
    }
}

/// What a chunk of rows came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Rows with an outcome.
    pub rows: u32,
    /// Accepted among them.
    pub accepted: u32,
    /// Rejected among them.
    pub rejected: u32,
    /// Accepted with a note.
    pub noted: u32,
    /// Taken out again.
    pub removed: u32,
    /// Left in place by an undo.
    pub kept: u32,
}

/// Why an upload is not taken before it is looked at as a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadFault {
    /// A form instead of the file.
    #[error("send the file itself as the body, not a form")]
    Form,
    /// More than [`MAX_FILE`].
    #[error("the file is larger than {} MB", MAX_FILE / 1024 / 1024)]
    TooLarge,
}

impl From<UploadFault> for Problem {
    fn from(fault: UploadFault) -> Self {
        let (kind, code) = match fault {
            UploadFault::Form => (Kind::Unsupported, "unsupported_media_type"),
            UploadFault::TooLarge => (Kind::TooLarge, "body_too_large"),
        };
        Self::new(kind, code, fault.to_string())
    }
}

/// A column of the uploaded file with the first value in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileColumn {
    /// Number and name.
    #[serde(flatten)]
    pub column: Column,
    /// What the first row has there, shortened.
    pub sample: String,
}

/// An import.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Import {
    /// Identifier.
    pub id: ImportId,
    /// Where it stands.
    pub state: State,
    /// The name of the file, as the uploader gave it.
    pub file_name: Option<String>,
    /// Its size in bytes.
    pub file_size: i64,
    /// The encoding that was recognised.
    pub encoding: Encoding,
    /// The separator that was recognised.
    pub separator: Separator,
    /// The physical line that holds the column names; the first line is 1.
    pub header_line: u32,
    /// The columns of the file.
    pub columns: Vec<FileColumn>,
    /// Column numbers by field.
    pub mapping: Mapping,
    /// The branch of rows that name none.
    pub default_branch: Option<UnitId>,
    /// Data rows in the file.
    pub total_rows: u32,
    /// Rows that have their outcome.
    pub rows_done: u32,
    /// Rows that became (after a dry run: can become) students.
    pub accepted_rows: u32,
    /// Rows that did not.
    pub rejected_rows: u32,
    /// Accepted rows with a note, e.g. about a shared phone.
    pub noted_rows: u32,
    /// Students taken out again by an undo.
    pub removed_rows: u32,
    /// Students that an undo left in place.
    pub kept_rows: u32,
    /// Why a run was given up.
    pub failure: Option<String>,
    /// Who uploaded it.
    pub created_by: IdentityId,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Who asked for what it does or did last.
    #[serde(skip)]
    #[schemars(skip)]
    pub asked_by: Option<IdentityId>,
    /// What its rows may touch: the reach of whoever started it.
    #[serde(skip, default = "nothing")]
    #[schemars(skip)]
    pub scope: Scope,
}

const fn nothing() -> Scope {
    Scope::Units(std::collections::BTreeSet::new())
}

impl FromRow for Import {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let json = |column: &str| row.get::<serde_json::Value>(column);
        let word = |column: &str| row.get::<String>(column).map(serde_json::Value::String);
        Ok(Self {
            id: row.get("id")?,
            state: row.get("state")?,
            file_name: row.get("file_name")?,
            file_size: row.get("file_size")?,
            encoding: typed("encoding", word("encoding")?)?,
            separator: typed("separator", word("separator")?)?,
            header_line: row.get("header_line")?,
            columns: typed("columns", json("columns")?)?,
            mapping: typed("mapping", json("mapping")?)?,
            default_branch: row.get("default_branch")?,
            total_rows: row.get("total_rows")?,
            rows_done: row.get("next_row")?,
            accepted_rows: row.get("accepted_rows")?,
            rejected_rows: row.get("rejected_rows")?,
            noted_rows: row.get("noted_rows")?,
            removed_rows: row.get("removed_rows")?,
            kept_rows: row.get("kept_rows")?,
            failure: row.get("failure")?,
            created_by: row.get("created_by")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            finished_at: row.get("finished_at")?,
            asked_by: row.get("asked_by")?,
            scope: scope_from(&row.get::<String>("scope")?)?,
        })
    }
}

fn typed<T: serde::de::DeserializeOwned>(
    column: &str,
    json: serde_json::Value,
) -> Result<T, DbError> {
    serde_json::from_value(json).map_err(|error| DbError::Decode {
        column: column.to_owned(),
        detail: error.to_string(),
    })
}

/// The inverse of [`Scope::unit_filter`].
fn scope_from(text: &str) -> Result<Scope, DbError> {
    if text == "*" {
        return Ok(Scope::All);
    }
    let ids = text.split(',').filter(|id| !id.is_empty()).map(str::parse);
    let units = ids.collect::<Result<_, _>>();
    units.map(Scope::Units).map_err(|_| DbError::Decode {
        column: "scope".to_owned(),
        detail: "not unit ids".to_owned(),
    })
}

/// A row of an import and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportRow {
    /// Physical line of the file on which it starts.
    pub line: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// The student it became.
    pub student_id: Option<StudentId>,
    /// Everything that is wrong with it.
    pub faults: Vec<Fault>,
    /// What should be known about it although it was accepted.
    pub note: Option<String>,
    /// The cells of a rejected row as they stand in the file, shortened.
    pub cells: Vec<String>,
}

impl FromRow for ImportRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            line: row.get("line")?,
            outcome: row.get("outcome")?,
            student_id: row.get("student_id")?,
            faults: typed("faults", row.get("faults")?)?,
            note: row.get("note")?,
            cells: typed("cells", row.get("cells")?)?,
        })
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
