//! Why there is no usable master key.

use std::io;
use std::path::PathBuf;

use gantry_db::DbError;
use gantry_kernel::crypto::SealError;

/// Why there is no usable master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Not 32 bytes in base64.
    #[error(
        "the master key from {0} is not 32 bytes in base64 (44 characters, as \"openssl rand -base64 32\" prints), \
         or several of them with spaces or line ends between"
    )]
    NotAKey(String),
    /// There is sealed data and no key.
    #[error(
        "the data was sealed under a master key that is not here ({}): put it back at {} or give it as \
         GANTRY_MASTER_KEY; without it the sealed data cannot be opened, and no new key is made",
        needed.join(", "), path.display()
    )]
    Missing {
        /// Where it would lie.
        path: PathBuf,
        /// The ids of the keys it was sealed under.
        needed: Vec<String>,
    },
    /// There is sealed data and another key.
    #[error(
        "the data was sealed under another master key than the one from {origin}: {} is needed, {} was given; \
         give the right one, nothing was changed",
        needed.join(", "), given.join(", ")
    )]
    Wrong {
        /// Where the key came from.
        origin: String,
        /// The ids of the keys the data was sealed under.
        needed: Vec<String>,
        /// The ids of the keys that were given.
        given: Vec<String>,
    },
    /// Some of the data is sealed under a key that was left out.
    #[error(
        "some of the data is still sealed under master key {}, which {origin} does not give; add it after the key that \
         seals, and remove it when \"gantry keys rewrap\" has said that nothing needs it",
        missing.join(", ")
    )]
    Incomplete {
        /// Where the keys came from.
        origin: String,
        /// The ids of the keys that are missing.
        missing: Vec<String>,
    },
    /// The key file cannot be read or made.
    #[error("cannot use {}: {source}; the key can also be given as GANTRY_MASTER_KEY", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Control could not be asked.
    #[error(transparent)]
    Db(#[from] DbError),
}
