//! What notify refuses, and the one mapping to an answer.

use gantry_db::DbError;
use gantry_http::ErrorCode;
use gantry_kernel::Problem;

/// A refusal or failure of this module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A request that cannot be answered as it stands.
    #[error(transparent)]
    Request(#[from] Problem),
    /// No such mail or job.
    #[error("not found")]
    NotFound,
    /// Neither or both of the two ways to name notices.
    #[error("give either ids or up_to")]
    WhichNotices,
    /// More ids than one call takes.
    #[error("name at most 100 notices")]
    TooManyNotices,
    /// The mail is on its way or was sent.
    #[error("the mail is not held, dead or skipped")]
    MailNotStuck,
    /// Another job with the same purpose waits or runs.
    #[error("an unfinished job does the same work already")]
    JobSuperseded,
}

const INVALID: &str = "invalid_request";
const MAIL_NOT_STUCK: &str = "mail_not_stuck";
const JOB_SUPERSEDED: &str = "job_superseded";

/// The codes of this module, with their meaning.
pub(crate) const CODES: &[ErrorCode] = &[
    ErrorCode::new(
        MAIL_NOT_STUCK,
        409,
        "Mail is not stuck",
        "Only a held, dead or skipped mail can be tried again; this one is on its way or was sent.",
    ),
    ErrorCode::new(
        JOB_SUPERSEDED,
        409,
        "Job superseded",
        "An unfinished job with the same purpose exists, so replaying this one would do the work twice.",
    ),
];

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Request(problem) => problem,
            Error::NotFound => Self::not_found(),
            Error::WhichNotices => Self::invalid(INVALID, error.to_string()),
            Error::TooManyNotices => Self::invalid_field("/ids", "too_many", error.to_string()),
            Error::MailNotStuck => Self::conflict(MAIL_NOT_STUCK, error.to_string()),
            Error::JobSuperseded => Self::conflict(JOB_SUPERSEDED, error.to_string()),
        }
    }
}
