//! What can go wrong, and what a caller is told.

use std::io;
use std::path::PathBuf;

use gantry_db::DbError;
use gantry_db::copy::CopyError;
use gantry_http::ErrorCode;
use gantry_kernel::Problem;

use crate::{AgeError, BucketFault};

/// Why a backup could not be taken, checked or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no store.
    #[error("backups are not configured: set backup.directory or backup.s3, and backup.key_file")]
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
    #[error("another backup is being taken in {0}")]
    Busy(String),
    /// A bucket.
    #[error("{bucket}: {fault}")]
    Bucket {
        /// The bucket.
        bucket: String,
        /// What is wrong.
        fault: BucketFault,
    },
    /// A file of the store.
    #[error("{}: {source}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The installation is not whole.
    #[error(
        "everything is being restored from the backup {0} and not all of it is there yet: go on with \
         gantry restore --all"
    )]
    Restoring(String),
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
    /// The program cannot be put together over what was restored.
    #[error("the program over the restored copy: {0}")]
    Rehearsal(String),
    /// The API does not serve what was restored.
    #[error("{file}: {why}")]
    Unserved {
        /// The file.
        file: String,
        /// What was asked, and how it was answered.
        why: String,
    },
    /// Work on a thread of its own came to a bad end.
    #[error("the work panicked: {0}")]
    Panicked(String),
}

impl BackupError {
    /// Whether there is something already where only nothing may be.
    pub const fn is_occupied(&self) -> bool {
        matches!(
            self,
            Self::Copy {
                source: CopyError::Occupied(_),
                ..
            }
        )
    }
}

/// What a request is refused with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A request that cannot be answered as it stands.
    #[error(transparent)]
    Request(#[from] Problem),
    /// No such backup or work.
    #[error("not found")]
    NotFound,
    /// There is no place for backups.
    #[error("backups are not configured")]
    NotConfigured,
    /// The same is being done already.
    #[error("the same is being done already")]
    UnderWay,
    /// The backup has no files.
    #[error("the backup is not finished, or was removed")]
    Removed,
    /// Nothing of this tenant.
    #[error("the backup has nothing of this tenant")]
    TenantNotIn,
}

const NOT_CONFIGURED: &str = "backup_not_configured";
const UNDER_WAY: &str = "backup_under_way";
const REMOVED: &str = "backup_removed";

/// The codes of this module, with their meaning.
pub(crate) const CODES: &[ErrorCode] = &[
    ErrorCode::new(
        NOT_CONFIGURED,
        409,
        "Backups not configured",
        "There is no place for backups: the operator of this server sets one in its configuration.",
    ),
    ErrorCode::new(
        UNDER_WAY,
        409,
        "Under way",
        "The same is being done or waits to be; its progress is at /api/v1/admin/backup-works.",
    ),
    ErrorCode::new(
        REMOVED,
        409,
        "No files",
        "The backup is not finished yet, or its files were removed because newer ones took their place.",
    ),
];

impl From<Refusal> for Problem {
    fn from(error: Refusal) -> Self {
        match error {
            Refusal::Db(error) => error.into(),
            Refusal::Request(problem) => problem,
            Refusal::NotFound => Self::not_found(),
            Refusal::NotConfigured => Self::conflict(NOT_CONFIGURED, error.to_string()),
            Refusal::UnderWay => Self::conflict(UNDER_WAY, error.to_string()),
            Refusal::Removed => Self::conflict(REMOVED, error.to_string()),
            Refusal::TenantNotIn => {
                Self::invalid_field("/tenant", "tenant_not_in_backup", error.to_string())
            }
        }
    }
}
