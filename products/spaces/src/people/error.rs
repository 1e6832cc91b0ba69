//! What can go wrong here, and the one place where it gets its status and code.

use gantry_db::DbError;
use gantry_files::{AttachError, State};
use gantry_http::ErrorCode;
use gantry_kernel::Problem;
use gantry_kernel::crypto::SealError;

use super::number::NotANumber;

/// A refusal or failure of this feature.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or beyond the caller's scope.
    #[error("not found")]
    NotFound,
    /// The student has as many as one may have.
    #[error("a student may have {0} of them")]
    TooMany(i64),
    /// The upload cannot become a document.
    #[error(transparent)]
    File(AttachError),
    /// The file cannot be read now.
    #[error("the file is {0}")]
    FileNotReady(State),
    /// A photo must be a picture.
    #[error("a photo is a picture, not a document")]
    PhotoNotAPicture,
    /// There is no smaller form of what is no picture.
    #[error("only pictures have a smaller form")]
    NoSmaller,
    /// The caller may see that there is one, and not what is in it.
    #[error("opening a document of identity needs the permission to reveal")]
    Sealed,
    /// The number cannot be one of its kind.
    #[error(transparent)]
    Number(#[from] NotANumber),
    /// The student has one of this kind.
    #[error("the student has a number of this kind already")]
    NumberExists,
    /// The stored version is another one.
    #[error("the version is another one")]
    Stale,
    /// A branch that was named is not within reach.
    #[error("there is no such branch")]
    BranchUnknown,
    /// A student who was named is not within reach.
    #[error("there is no such student")]
    StudentUnknown,
    /// A lead that was named is not within reach.
    #[error("there is no such lead")]
    LeadUnknown,
    /// A name without letters.
    #[error("there is no letter in the name")]
    NameWithoutLetters,
    /// An order the list does not have.
    #[error("the list has one order only")]
    UnknownOrder,
    /// The ticket is over.
    #[error("the ticket is closed")]
    TicketClosed,
    /// The lead is a student.
    #[error("the lead was won; what is known of the student is changed there")]
    LeadWon,
    /// A stage that is not simply set.
    #[error("a lead is won by making a student of it")]
    WonByConversion,
    /// The caller may change leads and not enter students.
    #[error("making a student of a lead needs the permission to enter students")]
    MayNotEnter,
    /// The student cannot be entered.
    #[error(transparent)]
    Student(#[from] crate::error::Error),
    /// A reward out of bounds.
    #[error("a reward is 1 to {} minor units", super::referral::LARGEST)]
    RewardAmount,
    /// Somebody else brought the lead.
    #[error("it is written down already who brought this lead")]
    ReferralExists,
    /// The reward is owed.
    #[error("the reward was earned and cannot be taken back")]
    ReferralEarned,
    /// Only who reaches all branches speaks to all.
    #[error("only who reaches every branch announces at every desk")]
    NotForAll,
    /// An end that is not after the beginning.
    #[error("it ends before it begins")]
    EndsBeforeItBegins,
    /// A sealed value.
    #[error("a sealed number: {0}")]
    Seal(#[from] SealError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<AttachError> for Error {
    fn from(error: AttachError) -> Self {
        match error {
            AttachError::Db(error) => Self::Db(error),
            other => Self::File(other),
        }
    }
}

/// The codes of this feature, for the documentation of errors.
pub const CODES: &[ErrorCode] = &[
    ErrorCode::new(
        "collection_full",
        409,
        "Collection full",
        "The record has as many of these as it may have. Remove one first.",
    ),
    ErrorCode::new(
        "file_unusable",
        422,
        "File unusable",
        "The file named is no upload of yours, was refused, or belongs to something else. Upload it again.",
    ),
    ErrorCode::new(
        "file_not_ready",
        409,
        "File not ready",
        "The file was not looked into yet, or was refused; `state` says which.",
    ),
    ErrorCode::new(
        "document_sealed",
        403,
        "Document sealed",
        "You may see that there is such a document, and not open it.",
    ),
    ErrorCode::new(
        "number_exists",
        409,
        "Number exists",
        "The student has a number of this kind. Remove it first if it is wrong.",
    ),
    ErrorCode::new(
        "ticket_closed",
        409,
        "Ticket closed",
        "The ticket is closed for good. Comment it, or open another one.",
    ),
    ErrorCode::new(
        "lead_won",
        409,
        "Lead won",
        "The lead is a student already; change the student instead.",
    ),
    ErrorCode::new(
        "student_write_needed",
        403,
        "May not enter students",
        "Making a student of a lead needs the permission to enter students in its branch.",
    ),
    ErrorCode::new(
        "referral_exists",
        409,
        "Referral exists",
        "It is written down already who brought this lead.",
    ),
    ErrorCode::new(
        "referral_earned",
        409,
        "Referral earned",
        "The reward of the referral was earned and cannot be taken back.",
    ),
    ErrorCode::new(
        "announcement_for_all",
        403,
        "For every desk",
        "Only who reaches every branch announces at every desk. Name a branch.",
    ),
];

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound => Self::not_found(),
            Error::TooMany(_) => Self::conflict("collection_full", detail),
            Error::File(_) => Self::invalid("file_unusable", detail.clone()).and_field(
                "/file_id",
                "file_unusable",
                detail,
            ),
            Error::FileNotReady(state) => {
                Self::conflict("file_not_ready", detail).with("state", state.as_str())
            }
            Error::PhotoNotAPicture => Self::invalid_field("/file_id", "not_a_picture", detail),
            Error::NoSmaller => Self::invalid_field("?variant", "no_smaller_form", detail),
            Error::Sealed => Self::forbidden("document_sealed", detail),
            Error::Number(_) => Self::invalid_field("/number", "number_invalid", detail),
            Error::NumberExists => Self::conflict("number_exists", detail),
            Error::Stale => Self::precondition_failed(),
            Error::BranchUnknown => Self::invalid("branch_unknown", detail),
            Error::StudentUnknown => Self::invalid_field("/student_id", "student_unknown", detail),
            Error::LeadUnknown => Self::invalid_field("/lead_id", "lead_unknown", detail),
            Error::NameWithoutLetters => {
                Self::invalid_field("/name", "name_without_letters", detail)
            }
            Error::UnknownOrder => Self::invalid_field("?order_by", "unknown_order", detail),
            Error::TicketClosed => Self::conflict("ticket_closed", detail),
            Error::LeadWon => Self::conflict("lead_won", detail),
            Error::WonByConversion => Self::invalid_field("/stage", "won_by_conversion", detail),
            Error::MayNotEnter => Self::forbidden("student_write_needed", detail),
            Error::Student(error) => error.into(),
            Error::RewardAmount => Self::invalid_field("/reward/amount", "reward_bounds", detail),
            Error::ReferralExists => Self::conflict("referral_exists", detail),
            Error::ReferralEarned => Self::conflict("referral_earned", detail),
            Error::NotForAll => Self::forbidden("announcement_for_all", detail),
            Error::EndsBeforeItBegins => Self::invalid_field("/until_at", "before_from", detail),
            Error::Seal(error) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}
