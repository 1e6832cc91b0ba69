//! What can go wrong, and what a caller is told.

use std::time::Duration;

use gantry_db::DbError;
use gantry_files::LinkFault;
use gantry_http::ErrorCode;
use gantry_kernel::crypto::SealError;
use gantry_kernel::{Kind, Problem};

use crate::check::{Fault, Sniffed};
use crate::keep::KeepError;
use crate::rows::MOST_LOOSE;

/// A refusal or failure of this module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// A type that is not taken.
    #[error("files may be image/jpeg, image/png, image/webp or application/pdf")]
    TypeRefused,
    /// The bytes are of another type than was said.
    #[error("the file is not what its Content-Type says: {}", found.map_or("it is none of the types that are taken", Sniffed::said))]
    TypeMismatch {
        /// What the bytes begin like.
        found: Option<Sniffed>,
    },
    /// What it holds.
    #[error(transparent)]
    Content(#[from] Fault),
    /// The caller has uploads that nothing holds.
    #[error("{MOST_LOOSE} of your uploads wait for a record to hold them")]
    Loose,
    /// The tenant has all it may have.
    #[error(transparent)]
    Limit(#[from] Problem),
    /// A link.
    #[error(transparent)]
    Link(#[from] LinkFault),
    /// The store.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// A key cannot be opened, or bytes are not what was stored.
    #[error("a sealed file: {0}")]
    Sealed(#[from] SealError),
    /// Work on a thread of its own came to a bad end.
    #[error("the work panicked: {0}")]
    Panicked(#[from] tokio::task::JoinError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The codes of this module, for the documentation of errors.
pub const CODES: &[ErrorCode] = &[
    ErrorCode::new(
        "file_type_refused",
        415,
        "File type refused",
        "Files may be JPEG, PNG or WebP pictures or PDF documents; say which in Content-Type.",
    ),
    ErrorCode::new(
        "file_type_mismatch",
        422,
        "Another type",
        "The bytes are not of the type that Content-Type says.",
    ),
    ErrorCode::new(
        "file_damaged",
        422,
        "File damaged",
        "The file cannot be read to its end. Save it anew, or take the picture again.",
    ),
    ErrorCode::new(
        "image_too_large",
        422,
        "Picture too large",
        "The picture has more pixels than are taken. Make it smaller and upload it again.",
    ),
    ErrorCode::new(
        "files_loose",
        409,
        "Uploads left lying",
        "You have uploaded files that no record holds yet. Use them, or wait a day until they are removed.",
    ),
    ErrorCode::new(
        "file_link_expired",
        410,
        "Link expired",
        "The link to the file has expired. Open the record again to get a new one.",
    ),
    ErrorCode::new(
        "files_unavailable",
        503,
        "Files unavailable",
        "The place where files are kept cannot be reached now. Nothing was stored; try again.",
    ),
];

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound | Error::Link(LinkFault::Forged) => Self::not_found(),
            Error::Link(LinkFault::Expired) => Self::new(Kind::Gone, "file_link_expired", detail),
            Error::TypeRefused => Self::new(Kind::Unsupported, "file_type_refused", detail),
            Error::TypeMismatch { .. } => Self::invalid("file_type_mismatch", detail),
            Error::Content(Fault::TooLarge { .. }) => Self::invalid("image_too_large", detail),
            Error::Content(_) => Self::invalid("file_damaged", detail),
            Error::Loose => Self::conflict("files_loose", detail),
            Error::Limit(problem) => problem,
            Error::Keep(error) => Self::unavailable(
                "files_unavailable",
                "the place where files are kept cannot be reached",
                Duration::from_secs(10),
            )
            .because(error),
            Error::Sealed(error) => Self::internal(error),
            Error::Panicked(error) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}
