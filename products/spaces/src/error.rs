//! What can go wrong here, and the one place where it gets its status and code.

use gantry_db::DbError;
use gantry_http::ErrorCode;
use gantry_kernel::{Kind, Problem};

use crate::import::read::BadMapping;
use crate::import::read::FileFault;
use crate::import::{State, UploadFault};
use crate::student::StudentId;

/// A refusal or failure of this module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or beyond the caller's scope.
    #[error("not found")]
    NotFound,
    /// The stored version is another one.
    #[error("the version is another one")]
    Stale,
    /// Another branch has the code.
    #[error("another branch has this code")]
    BranchCodeTaken,
    /// Something belongs to the branch.
    #[error("something belongs to the branch")]
    BranchNotEmpty,
    /// Something about money.
    #[error(transparent)]
    Money(#[from] crate::money::Error),
    /// The branch takes no students.
    #[error("the branch is closed")]
    BranchInactive,
    /// A branch that was named is not within reach.
    #[error("there is no such branch")]
    BranchUnknown,
    /// Another student has the code.
    #[error("another student has this code")]
    StudentCodeTaken,
    /// The same person is already there; the id is given when the caller may see them.
    #[error("a student of this name has this phone")]
    StudentExists(Option<StudentId>),
    /// Something that is kept belongs to the student.
    #[error("something that is kept belongs to the student")]
    StudentInUse,
    /// Somebody else has the phone and the request does not say that this is meant.
    #[error("another student has this phone")]
    PhoneShared,
    /// A name without letters.
    #[error("there is no letter in the name")]
    NameWithoutLetters,
    /// A date of birth that lies ahead.
    #[error("the day of birth has not come yet")]
    BirthInFuture,
    /// An order the list does not have.
    #[error("the list has no such order")]
    UnknownOrder,
    /// The upload cannot be taken.
    #[error(transparent)]
    Upload(#[from] UploadFault),
    /// The file cannot be imported.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The mapping does not fit the file.
    #[error(transparent)]
    Mapping(#[from] BadMapping),
    /// The import's state does not allow this.
    #[error("the import is {}", .0.as_str())]
    ImportState(State),
    /// The export could not be written.
    #[error("writing the export: {0}")]
    Export(#[from] std::io::Error),
    /// The tenant has all it may have.
    #[error(transparent)]
    Limit(#[from] Problem),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The codes of this module, for the documentation of errors.
pub const CODES: &[ErrorCode] = &[
    ErrorCode::new(
        "branch_code_taken",
        409,
        "Branch code taken",
        "Another branch of the tenant has this code. Choose another one.",
    ),
    ErrorCode::new(
        "branch_not_empty",
        409,
        "Branch not empty",
        "Students, seats, shifts, leads, tickets or announcements belong to the branch, or its books and papers name it. Move or remove them first, or set the branch to inactive.",
    ),
    ErrorCode::new(
        "branch_inactive",
        409,
        "Branch inactive",
        "The branch takes no students. Choose another one, or set it to active.",
    ),
    ErrorCode::new(
        "branch_unknown",
        422,
        "Unknown branch",
        "The branch named in the request does not exist among those you may use.",
    ),
    ErrorCode::new(
        "student_code_taken",
        409,
        "Student code taken",
        "Another student of the tenant has this code. Choose another one, or leave it out.",
    ),
    ErrorCode::new(
        "student_exists",
        409,
        "Student exists",
        "A student with the same phone and name is already there; `existing_id` names the record when you may see it.",
    ),
    ErrorCode::new(
        "student_in_use",
        409,
        "Student in use",
        "The student has or had a seat, or dues, payments or papers name them, so the record stays. Set the status to left instead.",
    ),
    ErrorCode::new(
        "phone_shared",
        409,
        "Phone shared",
        "Another student has this phone. If they are siblings, repeat the request with `shares_phone: true`.",
    ),
    ErrorCode::new(
        "file_unreadable",
        422,
        "File unreadable",
        "The uploaded file cannot be read as a table; `file_fault` says why and `fix` what to do.",
    ),
    ErrorCode::new(
        "mapping_invalid",
        422,
        "Mapping invalid",
        "The mapping of columns does not fit the file.",
    ),
    ErrorCode::new(
        "import_state",
        409,
        "Import state",
        "The import is in a state that does not allow this; `state` names it.",
    ),
];

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound => Self::not_found(),
            Error::Stale => Self::precondition_failed(),
            Error::BranchCodeTaken => {
                Self::conflict("branch_code_taken", detail).and_field("/code", "taken", "taken")
            }
            Error::BranchNotEmpty => Self::conflict("branch_not_empty", detail),
            Error::BranchInactive => Self::conflict("branch_inactive", detail),
            Error::BranchUnknown => Self::invalid("branch_unknown", detail),
            Error::StudentCodeTaken => {
                Self::conflict("student_code_taken", detail).and_field("/code", "taken", "taken")
            }
            Error::StudentExists(id) => {
                let problem = Self::conflict("student_exists", detail);
                match id {
                    Some(id) => problem.with("existing_id", id.to_string()),
                    None => problem,
                }
            }
            Error::StudentInUse => Self::conflict("student_in_use", detail),
            Error::PhoneShared => Self::conflict("phone_shared", detail).and_field(
                "/phone",
                "shared",
                "repeat with shares_phone true if this is a sibling",
            ),
            Error::NameWithoutLetters => {
                Self::invalid_field("/name", "name_without_letters", detail)
            }
            Error::BirthInFuture => {
                Self::invalid_field("/date_of_birth", "birth_in_future", detail)
            }
            Error::UnknownOrder => Self::invalid_field(
                "?order_by",
                "unknown_order",
                "expected name, code or created_at, with a leading - for descending",
            ),
            Error::Upload(fault) => fault.into(),
            Error::File(fault) => Self::new(Kind::Invalid, "file_unreadable", fault.reason)
                .with("file_fault", fault.code)
                .with("fix", fault.fix),
            Error::Mapping(fault) => {
                let pointer = format!("/mapping/{}", fault.field().as_str());
                Self::invalid("mapping_invalid", detail.clone()).and_field(
                    pointer,
                    fault.code(),
                    detail,
                )
            }
            Error::ImportState(state) => {
                Self::conflict("import_state", detail).with("state", state.as_str())
            }
            Error::Money(error) => error.into(),
            Error::Export(error) => Self::internal(error),
            Error::Limit(problem) => problem,
            Error::Db(error) => error.into(),
        }
    }
}
