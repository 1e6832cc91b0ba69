//! What tenancy refuses, and the one mapping to an answer.

use gantry_contracts::NotProvided;
use gantry_db::{DbError, TenantState};
use gantry_http::ErrorCode;
use gantry_kernel::{Problem, Slug};

/// A refusal or failure of this module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Another module, through a contract.
    #[error(transparent)]
    Contract(#[from] Problem),
    /// No such tenant.
    #[error("not found")]
    NotFound,
    /// Another tenant has the slug.
    #[error("the slug {0} is taken")]
    SlugTaken(Slug),
    /// A word that addresses something of the platform.
    #[error("the slug {0} is reserved")]
    SlugReserved(Slug),
    /// No free slug was found, which only a broken random generator explains.
    #[error("no free slug was found")]
    NoSlug,
    /// The tenant is in a state in which this makes no sense.
    #[error("the tenant is {0}")]
    WrongState(TenantState),
    /// Nobody configured a limit of this name.
    #[error("there is no limit called {0}")]
    UnknownLimit(String),
    /// A limit below zero.
    #[error("the limit {0} is below zero")]
    NegativeLimit(String),
}

impl From<NotProvided> for Error {
    fn from(missing: NotProvided) -> Self {
        Self::Contract(missing.into())
    }
}

const SLUG_TAKEN: &str = "slug_taken";
const SLUG_RESERVED: &str = "slug_reserved";
const TENANT_STATE: &str = "tenant_state";

/// The codes of this module, with their meaning.
pub(crate) const CODES: &[ErrorCode] = &[
    ErrorCode::new(
        SLUG_TAKEN,
        409,
        "Address taken",
        "Another workspace has this address. Choose another, or leave it out to get one from the name.",
    ),
    ErrorCode::new(
        TENANT_STATE,
        409,
        "Not in this state",
        "The tenant is in a state in which the operation makes no sense; the member state says which.",
    ),
];

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(DbError::Stale) => Self::precondition_failed(),
            Error::Db(error) => error.into(),
            Error::Contract(problem) => problem,
            Error::NotFound => Self::not_found(),
            Error::SlugTaken(slug) => Self::conflict(
                SLUG_TAKEN,
                format!("another workspace has the address {slug}"),
            ),
            Error::SlugReserved(slug) => Self::invalid_field(
                "/slug",
                SLUG_RESERVED,
                format!("{slug} is reserved for the platform"),
            ),
            Error::NoSlug => Self::internal(error),
            Error::WrongState(state) => {
                Self::conflict(TENANT_STATE, format!("the tenant is {state}"))
                    .with("state", state.as_str())
            }
            Error::UnknownLimit(name) => Self::invalid_field(
                format!("/limits/{}", pointer(&name)),
                "limit_unknown",
                "there is no limit of this name",
            ),
            Error::NegativeLimit(name) => Self::invalid_field(
                format!("/limits/{}", pointer(&name)),
                "limit_negative",
                "must be 0 or more",
            ),
        }
    }
}

/// One reference token of a JSON Pointer (RFC 6901, section 3).
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
