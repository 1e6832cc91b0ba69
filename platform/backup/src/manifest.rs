//! What a backup says of itself: which files belong to it and what they must be. Plain, so that a
//! backup can be listed and its files checked without the key; it names tenants by their ids only.

use gantry_kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the form.
pub(crate) const FORM: u32 = 1;
/// The place of the control database.
pub(crate) const CONTROL: &str = "control";

/// The manifest of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    pub form: u32,
    /// The folder's name.
    pub name: String,
    /// When control was copied.
    pub taken_at: Timestamp,
    /// The version of Gantry that took it.
    pub program: String,
    /// Whose keys open it.
    pub recipients: Vec<String>,
    /// Its files.
    pub entries: Vec<Entry>,
    /// Tenants that control knows and of which there is nothing here.
    pub missing: Vec<Missing>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `control`, or a tenant's id.
    pub place: String,
    /// The file's name in the folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Rows in it.
    pub rows: u64,
    /// SHA-256 of the contents, in hexadecimal.
    pub content: String,
    /// When the snapshot was taken.
    pub taken_at: Timestamp,
}

/// A tenant that could not be copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// Its id.
    pub place: String,
    /// Why.
    pub error: String,
}

impl Manifest {
    pub(crate) fn entry(&self, place: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.place == place)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }
}
