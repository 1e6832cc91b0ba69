//! What tenancy refuses, and the one mapping to an answer.

use gantry_contracts::NotProvided;
use gantry_db::copy::CopyError;
use gantry_db::{DbError, TenantState};
use gantry_http::ErrorCode;
use gantry_kernel::{Problem, Slug, TenantId};

use crate::MoveState;

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
    /// The copy is of a tenant that is here.
    #[error(
        "the tenant {0} is in this installation already; gantry restore takes it back to a backup"
    )]
    Here(TenantId),
    /// No place for tenants' databases has this name.
    #[error("there is no home called {0}")]
    UnknownHome(String),
    /// The tenant is where it should go.
    #[error("the tenant is in {0} already")]
    AlreadyThere(String),
    /// Another move of the tenant is not over, or not confirmed.
    #[error("a move of the tenant is {0}")]
    MoveOpen(MoveState),
    /// The move is in a state in which this makes no sense.
    #[error("the move is {0}")]
    MoveState(MoveState),
    /// Reading or writing a copy of a tenant.
    #[error(transparent)]
    Copy(#[from] CopyError),
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
const MOVE_OPEN: &str = "move_open";
const MOVE_STATE: &str = "move_state";
const ALREADY_THERE: &str = "already_there";

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
    ErrorCode::new(
        MOVE_OPEN,
        409,
        "A move is not over",
        "A move of the tenant goes on, or waits to be confirmed or reverted; the member state says which.",
    ),
    ErrorCode::new(
        MOVE_STATE,
        409,
        "Move not in this state",
        "Only a move that has come about and is not decided can be confirmed or reverted; the member state says what it is.",
    ),
    ErrorCode::new(
        ALREADY_THERE,
        409,
        "Already there",
        "The tenant's database is where it should be moved to.",
    ),
];

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(DbError::Stale) => Self::precondition_failed(),
            Error::Db(error) | Error::Copy(CopyError::Db(error)) => error.into(),
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
            Error::UnknownHome(_) => Self::invalid_field(
                "/to",
                "home_unknown",
                "there is no place for tenants' databases of this name",
            ),
            Error::Here(_) => Self::conflict(TENANT_STATE, error.to_string()),
            Error::AlreadyThere(home) => {
                Self::conflict(ALREADY_THERE, format!("the tenant is in {home} already"))
            }
            Error::MoveOpen(state) => {
                Self::conflict(MOVE_OPEN, format!("a move of the tenant is {state}"))
                    .with("state", state.as_str())
            }
            Error::MoveState(state) => Self::conflict(MOVE_STATE, format!("the move is {state}"))
                .with("state", state.as_str()),
            Error::Copy(error) => Self::internal(error),
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
