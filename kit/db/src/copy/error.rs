//! What copying can fail with.

use crate::DbError;

/// Why a copy could not be taken, read or loaded. Messages name tables and places, never contents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The file or stream the copy is written to.
    #[error("cannot write the copy: {0}")]
    Write(#[source] std::io::Error),
    /// The file or stream the copy is read from.
    #[error("cannot read the copy: {0}")]
    Read(#[source] std::io::Error),
    /// The data does not begin as a copy does.
    #[error("this is not a copy of a database")]
    NotACopy,
    /// The copy is of a format that this program does not know.
    #[error("the copy has format {0}, this program reads format {FORMAT}; use the newer program", FORMAT = super::FORMAT)]
    Format(u32),
    /// The copy was changed or cut off.
    #[error("the copy is damaged at byte {at}: {detail}")]
    Damaged {
        /// How many bytes were read before.
        at: u64,
        /// What is wrong there.
        detail: String,
    },
    /// The copy is of something else than what is wanted.
    #[error("the copy is of {found}, wanted is {wanted}")]
    OtherSubject {
        /// What it is of.
        found: String,
        /// What it should be of.
        wanted: String,
    },
    /// There is something already where only nothing may be.
    #[error("{0} is there already; restoring everything needs an empty installation")]
    Occupied(String),
    /// A database is not what its migrations make, so a copy would leave something out.
    #[error("the database does not fit its migrations: {0}")]
    Unfit(String),
    /// What was loaded is not what the copy holds.
    #[error("the loaded database differs from the copy: {0}")]
    Differs(String),
}

impl CopyError {
    pub(super) fn unfit(detail: impl Into<String>) -> Self {
        Self::Unfit(detail.into())
    }
}
