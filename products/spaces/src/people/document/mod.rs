//! What belongs to a student on paper: a photo, documents of identity, anything else.

pub mod api;
mod flow;
pub(crate) mod routes;
mod store;

pub(crate) use flow::forget;

use gantry_db::from_row;
use gantry_files::{File, FileId};
use gantry_kernel::{IdentityId, Text, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::student::{StudentId, stored_words};

define_id! {
    /// A document of a student.
    pub struct DocumentId;
}

/// What a document is called.
pub type Title = Text<1, 120>;

/// The most documents of one student.
pub const MOST: i64 = 30;

stored_words! {
    /// What a document is.
    DocumentKind {
        /// What the student looks like.
        Photo = "photo",
        /// Shows who they are; only who may reveal opens it.
        Identity = "identity",
        /// Any other.
        Other = "other",
    }
}

/// A document of a student, with its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Identifier.
    pub id: DocumentId,
    /// Whose.
    pub student_id: StudentId,
    /// What it is.
    pub kind: DocumentKind,
    /// What it is called.
    pub title: Option<Title>,
    /// Its file.
    pub file: File,
    /// Who added it.
    pub created_by: IdentityId,
    /// When.
    pub created_at: Timestamp,
}

/// The row of a document, with the branch of its student.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: DocumentId,
    pub(crate) student_id: StudentId,
    pub(crate) branch_id: UnitId,
    pub(crate) kind: DocumentKind,
    pub(crate) title: Option<Title>,
    pub(crate) file_id: FileId,
    pub(crate) created_by: IdentityId,
    pub(crate) created_at: Timestamp,
}

from_row!(Row {
    id,
    student_id,
    branch_id,
    kind,
    title,
    file_id,
    created_by,
    created_at,
});
