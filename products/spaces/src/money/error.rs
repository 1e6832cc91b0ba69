//! What can go wrong with money.

use gantry_db::DbError;
use gantry_http::ErrorCode;
use gantry_kernel::money::MoneyError;
use gantry_kernel::{Currency, Kind, Money, Problem};
use gantry_ledger::Refusal;

use super::quote::QuoteFault;

/// A refusal or failure of anything about money.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or beyond the caller's scope.
    #[error("not found")]
    NotFound,
    /// The stored version is another one.
    #[error("the version is another one")]
    Stale,
    /// A branch that was named is not within reach.
    #[error("there is no such branch")]
    BranchUnknown,
    /// A student who was named is not there, or not within reach.
    #[error("there is no such student")]
    StudentUnknown,
    /// The caller is no person or program that can answer for money.
    #[error("money needs somebody who answers for it")]
    Nobody,
    /// Another plan of the branch has the name.
    #[error("another plan of the branch has this name")]
    PlanNameTaken,
    /// A plan that was named is not there.
    #[error("there is no such plan")]
    PlanUnknown,
    /// The plan is not sold any more.
    #[error("the plan is not sold any more")]
    PlanInactive,
    /// A plan's terms contradict each other.
    #[error("{1}")]
    Terms(&'static str, &'static str),
    /// Another discount of the branch has the code.
    #[error("another discount of the branch has this code")]
    DiscountCodeTaken,
    /// The discount cannot be used, and why.
    #[error("the discount {0}")]
    DiscountUnusable(&'static str),
    /// No price comes of it.
    #[error(transparent)]
    Quote(#[from] QuoteFault),
    /// Another branch has the prefix.
    #[error("another branch has this prefix")]
    PrefixTaken,
    /// The state is not the one of the registration.
    #[error("the state is not the one the GSTIN begins with")]
    StateOfGstin,
    /// The currency cannot change any more.
    #[error("amounts of {0} are already in the books")]
    CurrencyInUse(Currency),
    /// Parts that do not sum to what they are parts of.
    #[error("the parts sum to {0} and should to {1}")]
    Parts(i64, i64),
    /// More than is left.
    #[error("at most {0} is left")]
    TooMuch(i64),
    /// Another payment has the reference.
    #[error("another payment has this reference")]
    ReferenceTaken,
    /// The method needs a reference.
    #[error("this method needs a reference")]
    ReferenceMissing,
    /// A due that was named is not an open one of the student.
    #[error("a due is not an open one of the student")]
    DueUnknown,
    /// It was decided already.
    #[error("it is {0} already")]
    Decided(&'static str),
    /// Who took or asked for it cannot approve it.
    #[error("a second person has to approve this")]
    SamePerson,
    /// The day is closed, or has not come.
    #[error("{0}")]
    Day(&'static str),
    /// Counted amounts differ from what should be there, and nobody said why.
    #[error("what was counted differs from what should be there")]
    ReasonMissing,
    /// The series is used up.
    #[error("the series of numbers is used up")]
    SeriesFull,
    /// An amount out of range.
    #[error(transparent)]
    Amount(#[from] MoneyError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] Refusal),
    /// A document could not be made.
    #[error("{0}")]
    Document(String),
    /// A file could not be written.
    #[error("writing the file: {0}")]
    File(#[from] std::io::Error),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The codes, for the documentation of errors.
pub const CODES: &[ErrorCode] = &[
    ErrorCode::new(
        "student_unknown",
        422,
        "Unknown student",
        "The student named in the request is not in the branch, or not among those you may see.",
    ),
    ErrorCode::new(
        "plan_name_taken",
        409,
        "Plan name taken",
        "Another fee plan of the branch has this name. Choose another one.",
    ),
    ErrorCode::new(
        "plan_unknown",
        422,
        "Unknown plan",
        "The fee plan named in the request does not exist in this branch.",
    ),
    ErrorCode::new(
        "plan_inactive",
        409,
        "Plan inactive",
        "The fee plan is not sold any more. Choose another one, or set it to active.",
    ),
    ErrorCode::new(
        "discount_code_taken",
        409,
        "Discount code taken",
        "Another discount of the branch has this code. Choose another one.",
    ),
    ErrorCode::new(
        "discount_unusable",
        409,
        "Discount unusable",
        "The discount does not exist in this branch, is inactive, not valid today, or used up; the detail says which.",
    ),
    ErrorCode::new(
        "no_price",
        422,
        "No price",
        "No price can be worked out for these dates with this plan; the detail says why.",
    ),
    ErrorCode::new(
        "prefix_taken",
        409,
        "Prefix taken",
        "Another branch's documents begin with this prefix. Choose another one.",
    ),
    ErrorCode::new(
        "currency_in_use",
        409,
        "Currency in use",
        "There are amounts in the books already, so the currency stays.",
    ),
    ErrorCode::new(
        "parts_do_not_sum",
        422,
        "Parts do not sum",
        "The instalments do not sum to the amount that is charged, which is `total`.",
    ),
    ErrorCode::new(
        "more_than_is_left",
        409,
        "More than is left",
        "The amount exceeds what is left to be paid, credited or refunded, which is `left`.",
    ),
    ErrorCode::new(
        "reference_taken",
        409,
        "Reference taken",
        "A payment of this method with this reference was entered already.",
    ),
    ErrorCode::new(
        "due_unknown",
        422,
        "Unknown due",
        "One of the dues is not an open due of this student in this branch.",
    ),
    ErrorCode::new(
        "already_decided",
        409,
        "Already decided",
        "The payment or refund was approved or rejected before; `state` says which.",
    ),
    ErrorCode::new(
        "second_person_needed",
        409,
        "Second person needed",
        "Whoever took a payment or asked for a refund cannot approve it. Somebody else has to.",
    ),
    ErrorCode::new(
        "day_not_open",
        409,
        "Day not open",
        "The day is closed already, or has not come yet.",
    ),
    ErrorCode::new(
        "series_full",
        409,
        "Series full",
        "This branch has issued 999,999 documents of this kind in the financial year. Give it another prefix.",
    ),
];

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound => Self::not_found(),
            Error::Stale => Self::precondition_failed(),
            Error::BranchUnknown => Self::invalid("branch_unknown", detail),
            Error::StudentUnknown => Self::invalid("student_unknown", detail),
            Error::Nobody => Self::forbidden("permission_missing", detail),
            Error::PlanNameTaken => {
                Self::conflict("plan_name_taken", detail).and_field("/name", "taken", "taken")
            }
            Error::PlanUnknown => Self::invalid("plan_unknown", detail),
            Error::PlanInactive => Self::conflict("plan_inactive", detail),
            Error::Terms(field, why) => Self::invalid_field(field, "terms_invalid", why),
            Error::DiscountCodeTaken => {
                Self::conflict("discount_code_taken", detail).and_field("/code", "taken", "taken")
            }
            Error::DiscountUnusable(_) => Self::conflict("discount_unusable", detail),
            Error::Quote(_) => Self::invalid("no_price", detail),
            Error::PrefixTaken => {
                Self::conflict("prefix_taken", detail).and_field("/prefix", "taken", "taken")
            }
            Error::StateOfGstin => Self::invalid_field("/state", "state_of_gstin", detail),
            Error::CurrencyInUse(_) => Self::conflict("currency_in_use", detail),
            Error::Parts(_, total) => {
                Self::invalid("parts_do_not_sum", detail).with("total", total)
            }
            Error::TooMuch(left) => Self::conflict("more_than_is_left", detail).with("left", left),
            Error::ReferenceTaken => Self::conflict("reference_taken", detail),
            Error::ReferenceMissing => {
                Self::invalid_field("/reference", "reference_missing", detail)
            }
            Error::DueUnknown => Self::invalid("due_unknown", detail),
            Error::Decided(state) => Self::conflict("already_decided", detail).with("state", state),
            Error::SamePerson => Self::conflict("second_person_needed", detail),
            Error::Day(_) => Self::conflict("day_not_open", detail),
            Error::ReasonMissing => Self::invalid_field("/reason", "reason_missing", detail),
            Error::SeriesFull => Self::conflict("series_full", detail),
            Error::Amount(_) => Self::invalid("invalid_request", detail),
            Error::Ledger(Refusal::Db(error)) | Error::Db(error) => error.into(),
            Error::Ledger(refusal) => Self::internal(refusal),
            Error::Document(reason) => Self::new(Kind::Internal, "internal", reason),
            Error::File(error) => Self::internal(error),
        }
    }
}

/// An amount that a person reads.
pub(crate) const fn money(amount: i64, currency: Currency) -> Money {
    Money::new(amount, currency)
}
