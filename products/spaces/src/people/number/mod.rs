//! Numbers of identity documents: sealed where they are stored, shown by their last characters, seen in full only by who may and says why.

pub mod api;
mod flow;
pub(crate) mod routes;
mod store;
mod valid;

pub(crate) use flow::forget;
pub use valid::NotANumber;

use gantry_db::from_row;
use gantry_kernel::{IdentityId, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::Title;
use crate::student::{StudentId, stored_words};

define_id! {
    /// A number of identity of a student.
    pub struct NumberId;
}

/// The most numbers of one student.
pub const MOST: i64 = 10;

stored_words! {
    /// What issued a number.
    NumberKind {
        /// Aadhaar, of 12 digits.
        Aadhaar = "aadhaar",
        /// Permanent account number of the income tax department.
        Pan = "pan",
        /// Any other.
        Other = "other",
    }
}

/// A number of identity, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityNumber {
    /// Identifier.
    pub id: NumberId,
    /// Whose.
    pub student_id: StudentId,
    /// What issued it.
    pub kind: NumberKind,
    /// What it is called.
    pub title: Option<Title>,
    /// Its last characters, behind dots.
    pub masked: String,
    /// Who entered it.
    pub created_by: IdentityId,
    /// When.
    pub created_at: Timestamp,
}

/// The row of a number, with the branch of its student.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: NumberId,
    pub(crate) student_id: StudentId,
    pub(crate) branch_id: UnitId,
    pub(crate) kind: NumberKind,
    pub(crate) title: Option<Title>,
    pub(crate) last: String,
    pub(crate) sealed_number: Vec<u8>,
    pub(crate) created_by: IdentityId,
    pub(crate) created_at: Timestamp,
}

from_row!(Row {
    id,
    student_id,
    branch_id,
    kind,
    title,
    last,
    sealed_number,
    created_by,
    created_at,
});

impl From<Row> for IdentityNumber {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            student_id: row.student_id,
            kind: row.kind,
            title: row.title,
            masked: format!("\u{2022}\u{2022}\u{2022}\u{2022} {}", row.last),
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}
