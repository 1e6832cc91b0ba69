//! What identity refuses, and the one mapping to an answer.

use std::time::Duration;

use gantry_db::DbError;
use gantry_http::ErrorCode;
use gantry_kernel::{Kind, Problem};

use crate::password::rules::WeakPassword;
use crate::password::{HashError, PoolError};
use crate::role::GrantError;
use crate::token::{KeyError, TokenError};

/// A refusal or failure of this module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The hashing pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Another module, through a contract.
    #[error(transparent)]
    Contract(#[from] Problem),
    /// A new password that is too weak; the pointer says which field.
    #[error("weak password")]
    Weak(&'static str, WeakPassword),
    /// Unknown account, wrong password, not verified or disabled: one answer for all.
    #[error("invalid credentials")]
    Credentials,
    /// The signed-in caller's current password is wrong; the pointer says which field.
    #[error("wrong password")]
    WrongPassword(&'static str),
    /// Too many failures for this account.
    #[error("the account is locked for {0:?}")]
    Locked(Duration),
    /// Too many requests of one kind.
    #[error("too many requests")]
    TooMany(Duration),
    /// A link from a mail that was used, expired, or never was.
    #[error("the link is no longer valid")]
    LinkGone,
    /// A credential that no longer names a living session.
    #[error("no living session")]
    SessionEnded,
    /// A refresh token that is unknown, expired or was used before.
    #[error("the refresh token is not valid")]
    Refresh,
    /// Not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// The object changed since the client read it.
    #[error("version mismatch")]
    Stale,
    /// The tenant would be left without an owner.
    #[error("last owner")]
    LastOwner,
    /// A grant that cannot be given.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// More grants or units at once than make sense.
    #[error("too many grants")]
    TooManyGrants,
    /// The target holds more than the caller.
    #[error("the member holds more than the caller")]
    Outranked,
    /// Already a member.
    #[error("already a member")]
    AlreadyMember,
    /// Already invited.
    #[error("already invited")]
    AlreadyInvited,
    /// An invitation that is no longer open.
    #[error("the invitation is not open")]
    InvitationClosed,
    /// The address of an operator or user to create is taken.
    #[error("the address is taken")]
    AddressTaken,
    /// A name and a password are needed to make the account.
    #[error("an account must be made")]
    AccountNeeded,
    /// The password was set from outside (never): a stored hash that cannot be read.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Keys(keys) => Self::Keys(keys),
            TokenError::Refused(_) | TokenError::Expired => Self::SessionEnded,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) | Error::Keys(KeyError::Db(error)) => error.into(),
            Error::Pool(error) => error.into(),
            Error::Keys(error) => Self::internal(error),
            Error::Hash(error) => Self::internal(error),
            Error::Contract(problem) => problem,
            Error::Weak(pointer, weak) => {
                Self::invalid_field(pointer, weak.code(), weak.to_string())
            }
            Error::Credentials => Self::unauthenticated(
                INVALID_CREDENTIALS.code,
                "the e-mail address or the password is wrong, or the address has not been confirmed yet",
            ),
            Error::WrongPassword(pointer) => Self::invalid_field(
                pointer,
                "wrong_password",
                "this is not your current password",
            ),
            Error::Locked(after) => Self::new(
                Kind::TooMany,
                ACCOUNT_LOCKED.code,
                "too many failed attempts for this account; wait, or reset the password",
            )
            .retry_after(after),
            Error::TooMany(after) => Self::new(
                Kind::TooMany,
                "rate_limited",
                "too many requests of this kind",
            )
            .retry_after(after),
            Error::LinkGone => Self::new(
                Kind::Gone,
                LINK_GONE.code,
                "this link was already used, has expired, or is incomplete; ask for a new one",
            ),
            Error::SessionEnded => Self::unauthenticated("unauthenticated", "sign in again"),
            Error::Refresh => Self::unauthenticated(
                REFRESH_REFUSED.code,
                "the refresh token is unknown, expired or was used before; sign in again",
            ),
            Error::NotFound => Self::not_found(),
            Error::Stale => Self::precondition_failed(),
            Error::LastOwner => Self::conflict(
                LAST_OWNER.code,
                "a workspace needs an owner: make somebody else an owner first",
            ),
            Error::Grant(error @ GrantError::NotYours(_)) => {
                Self::forbidden(GRANT_EXCEEDS.code, error.to_string())
            }
            Error::Grant(error) => {
                Self::invalid_field("/grants", "grant_invalid", error.to_string())
            }
            Error::TooManyGrants => Self::invalid(
                TOO_MANY_GRANTS.code,
                "a member holds at most 50 grants, and a grant names at most 200 units",
            ),
            Error::Outranked => Self::forbidden(
                GRANT_EXCEEDS.code,
                "this member may do things that you may not, so you cannot change or remove them",
            ),
            Error::AlreadyMember => Self::conflict(
                ALREADY_MEMBER.code,
                "this person is already a member of the workspace",
            ),
            Error::AlreadyInvited => Self::conflict(
                ALREADY_INVITED.code,
                "this address has an open invitation; send it again or revoke it",
            ),
            Error::InvitationClosed => Self::conflict(
                INVITATION_CLOSED.code,
                "the invitation was accepted, was revoked or has expired",
            ),
            Error::AddressTaken => {
                Self::conflict(ADDRESS_TAKEN.code, "an account with this address exists")
            }
            Error::AccountNeeded => Self::invalid(
                ACCOUNT_NEEDED.code,
                "there is no account with the invited address yet: send name and password to make it",
            ),
        }
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal $status:literal $title:literal: $meaning:literal;)+) => {
        $(const $name: ErrorCode = ErrorCode::new($code, $status, $title, $meaning);)+

        /// The codes this module answers with, for the pages under `/errors/`.
        pub(crate) const CODES: &[ErrorCode] = &[$($name),+];
    };
}

codes! {
    INVALID_CREDENTIALS = "invalid_credentials" 401 "Not signed in":
        "The address or the password is wrong, or the address has not been confirmed. The answer is the same for accounts that do not exist.";
    REFRESH_REFUSED = "refresh_refused" 401 "Refresh token refused":
        "The refresh token is unknown, expired or was used before. If it was used before, its whole session has been ended. Sign in again.";
    ACCOUNT_LOCKED = "account_locked" 429 "Account locked for a while":
        "Five log-ins in a row failed for this account. Retry-After says when the next attempt is looked at; sessions that are open stay open.";
    LINK_GONE = "link_gone" 410 "Link no longer valid":
        "The token of the link was used, has expired, was replaced by a newer one, or is incomplete.";
    LAST_OWNER = "last_owner" 409 "Last owner":
        "The last owner of a workspace cannot leave, be removed or lose the role.";
    GRANT_EXCEEDS = "grant_exceeds" 403 "More than you hold":
        "Nobody gives, takes or changes access that exceeds their own, in permissions or in scope.";
    ALREADY_MEMBER = "already_member" 409 "Already a member":
        "The invited person belongs to the workspace; change their roles instead.";
    ALREADY_INVITED = "already_invited" 409 "Already invited":
        "There is an open invitation for this address in this workspace.";
    INVITATION_CLOSED = "invitation_closed" 409 "Invitation not open":
        "The invitation was accepted, revoked or has expired.";
    ADDRESS_TAKEN = "address_taken" 409 "Address taken":
        "An account with this address exists already.";
    TOO_MANY_GRANTS = "too_many_grants" 422 "Too many grants":
        "A member holds at most 50 grants, and one grant names at most 200 units.";
    ACCOUNT_NEEDED = "account_needed" 422 "Account needed":
        "The invited address has no account yet; name and password are needed to make one.";
    BUSY = "busy" 503 "Busy signing people in":
        "More passwords are waiting to be checked than the server takes. Retry-After says when to try again.";
    STOPPING = "stopping" 503 "Stopping":
        "The server is stopping and checks no more passwords.";
}
