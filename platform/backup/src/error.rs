//! What can go wrong, and what a caller is told.

use std::io;
use std::path::PathBuf;

use gantry_db::DbError;
use gantry_db::copy::CopyError;

use crate::AgeError;

/// Why a backup could not be taken, checked or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no store.
    #[error("backups are not configured: set backup.directory and backup.key_file")]
    NotConfigured,
    /// There is no key to open the backups with.
    #[error(
        "the key of the backups is not here: put it back at {}, which backup.key_file names; \
         without it no backup can be opened", .0.display()
    )]
    NoKey(PathBuf),
    /// The key file cannot be used.
    #[error("the key of the backups in {}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: AgeError,
    },
    /// Another process works in the store.
    #[error("another backup is being taken in {}", .0.display())]
    Busy(PathBuf),
    /// A file of the store.
    #[error("{}: {source}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No such backup.
    #[error("there is no backup {0}")]
    Unknown(String),
    /// The backup does not hold this.
    #[error("the backup {backup} has nothing of {place}")]
    NotIn {
        /// The backup.
        backup: String,
        /// The tenant, or control.
        place: String,
    },
    /// A file is not what the manifest says.
    #[error("{file} is damaged: {detail}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// Encryption.
    #[error("{file}: {source}")]
    Sealed {
        /// The file.
        file: String,
        /// Why it cannot be opened or sealed.
        source: AgeError,
    },
    /// A copy.
    #[error("{file}: {source}")]
    Copy {
        /// The file.
        file: String,
        /// Why.
        source: CopyError,
    },
    /// A database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Work on a thread of its own came to a bad end.
    #[error("the work panicked: {0}")]
    Panicked(String),
}
