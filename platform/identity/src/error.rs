//! What identity refuses, and the one mapping to an answer.

use std::time::Duration;

use gantry_db::DbError;
use gantry_http::ErrorCode;
use gantry_kernel::{ApiKeyId, Kind, Problem, ScopeKind};
use gantry_passwords::{HashError, PoolError};
use gantry_signing::KeyError;

use crate::factor::FactorError;
use crate::oidc::ProviderError;
use crate::passkey::PasskeyError;
use crate::password::rules::WeakPassword;
use crate::role::{Fault, GrantError};

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
    /// An API key that is unknown, expired or revoked.
    #[error("no living key")]
    KeyRefused,
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
    /// The platform would be left without an operator.
    #[error("last operator")]
    LastOperator,
    /// Operators act in their own name only.
    #[error("operators are not impersonated")]
    StaffNotImpersonated,
    /// A grant of a list that cannot be given.
    #[error(transparent)]
    Grant(#[from] Fault),
    /// The one grant of the request cannot be given.
    #[error(transparent)]
    OneGrant(GrantError),
    /// Permissions of which no role can be made; the number is the place of one in the list.
    #[error("{1}")]
    RolePermission(Option<usize>, String),
    /// A role with a permission that the caller does not hold over the whole tenant.
    #[error("the caller does not hold {0}")]
    RoleExceeds(String),
    /// A change of a role that every tenant has.
    #[error("the role is built in")]
    RoleBuiltIn,
    /// Another role of the tenant has the title.
    #[error("the title is taken")]
    RoleTitleTaken,
    /// Somebody holds the role, or is invited to.
    #[error("the role is in use")]
    RoleInUse,
    /// Somebody holds the role with a scope that it would not have any more.
    #[error("the role is in use with the scope {}", .0.as_str())]
    RoleScopeInUse(ScopeKind),
    /// Another service account of the tenant has the name.
    #[error("the name is taken")]
    ServiceNameTaken,
    /// A key with no or too many networks, or one that is none; the number is its place in the list.
    #[error("not a network")]
    KeyNetwork(Option<usize>),
    /// A key that is bound to other networks.
    #[error("the key is bound to other networks")]
    KeyElsewhere,
    /// As many service accounts as a tenant may make.
    #[error("too many service accounts")]
    TooManyServices,
    /// As many living keys as a service account may have.
    #[error("too many keys")]
    TooManyKeys,
    /// A key whose end is past, or later than allowed.
    #[error("a key lives at most {0:?}")]
    KeyLifetime(Duration),
    /// The key was made and shown by an earlier request with the same idempotency key.
    #[error("the key {0} was shown before")]
    KeyShownBefore(ApiKeyId),
    /// As many roles as a tenant may make.
    #[error("too many roles")]
    TooManyRoles,
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
    /// Something about second factors.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// Something about signing in by others.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Something about passkeys.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// The password was set from outside (never): a stored hash that cannot be read.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl Error {
    /// For a request that holds one grant instead of a list of them.
    pub(crate) fn of_one(self) -> Self {
        match self {
            Self::Grant(fault) => Self::OneGrant(fault.error),
            other => other,
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
            Error::Factor(error) => error.into(),
            Error::Provider(error) => error.into(),
            Error::Passkey(error) => error.into(),
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
                "too many failed attempts for this account; wait, follow the link in the mail about it, or reset the password",
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
            Error::KeyRefused => Self::unauthenticated(
                "unauthenticated",
                "the API key is unknown, expired, revoked or of a disabled service account",
            ),
            Error::KeyElsewhere => Self::unauthenticated(
                "unauthenticated",
                "the API key may not be used from this network address",
            ),
            Error::KeyNetwork(at) => Self::invalid_field(
                at.map_or_else(|| "/networks".to_owned(), |at| format!("/networks/{at}")),
                "network_invalid",
                "name 1 to 20 networks, such as 192.0.2.0/24, or addresses",
            ),
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
            Error::LastOperator => Self::conflict(
                LAST_OPERATOR.code,
                "the platform needs an operator: make somebody else one first",
            ),
            Error::StaffNotImpersonated => Self::forbidden(
                STAFF_NOT_IMPERSONATED.code,
                "this person is an operator of the platform",
            ),
            Error::Grant(fault) => refused(&format!("/grants/{}", fault.at), &fault.error),
            Error::OneGrant(error) => refused("", &error),
            Error::RolePermission(at, why) => {
                let at = at.map(|at| format!("/{at}")).unwrap_or_default();
                Self::invalid_field(format!("/permissions{at}"), "permission_invalid", why)
            }
            Error::RoleExceeds(permission) => Self::forbidden(
                GRANT_EXCEEDS.code,
                format!(
                    "you do not hold {permission} over the whole workspace, so you decide about no role with it"
                ),
            ),
            Error::RoleBuiltIn => Self::conflict(
                ROLE_BUILT_IN.code,
                "every workspace has this role as it is; make one of your own instead",
            ),
            Error::RoleTitleTaken => Self::conflict(
                ROLE_TITLE_TAKEN.code,
                "another role of the workspace has this title",
            ),
            Error::RoleInUse => Self::conflict(
                ROLE_IN_USE.code,
                "somebody holds this role, or an open invitation offers it; take it from them first",
            ),
            Error::RoleScopeInUse(scope) => Self::conflict(
                ROLE_IN_USE.code,
                format!(
                    "somebody holds this role with the scope {}, in which not all of these permissions take effect",
                    scope.as_str()
                ),
            ),
            Error::ServiceNameTaken => Self::conflict(
                SERVICE_NAME_TAKEN.code,
                "another service account of the workspace has this name",
            ),
            Error::TooManyServices => Self::conflict(
                TOO_MANY_SERVICES.code,
                "a workspace has at most 100 service accounts",
            ),
            Error::TooManyKeys => Self::conflict(
                TOO_MANY_KEYS.code,
                "a service account has at most 20 keys that are good; revoke one",
            ),
            Error::KeyLifetime(longest) => Self::invalid_field(
                "/expires_at",
                "lifetime_invalid",
                format!(
                    "a key ends in the future, and within {} days",
                    longest.as_secs() / 86_400
                ),
            ),
            Error::KeyShownBefore(key) => Self::conflict(
                KEY_SHOWN_BEFORE.code,
                "this Idempotency-Key has made a key, which was shown then and is not shown again",
            )
            .with("key", key.to_string()),
            Error::TooManyRoles => Self::conflict(
                TOO_MANY_ROLES.code,
                "a workspace makes at most 100 roles of its own",
            ),
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

/// Why a grant at this place of the body cannot be given.
fn refused(place: &str, error: &GrantError) -> Problem {
    if let GrantError::NotYours(_) = error {
        return Problem::forbidden(GRANT_EXCEEDS.code, error.to_string());
    }
    let pointer = format!("{place}/{}", error.field());
    Problem::invalid_field(pointer, error.code(), error.to_string())
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
    LAST_OPERATOR = "last_operator" 409 "Last operator":
        "The last operator of the platform who can sign in cannot be suspended or close their account.";
    STAFF_NOT_IMPERSONATED = "staff_not_impersonated" 403 "Operators are not impersonated":
        "Nobody acts as an operator of the platform: its powers are used in one's own name.";
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
    ROLE_BUILT_IN = "role_built_in" 409 "Built-in role":
        "The role comes with the program and is the same in every workspace; it cannot be changed or removed.";
    ROLE_TITLE_TAKEN = "role_title_taken" 409 "Title taken":
        "Another role of the workspace has this title, or a built-in one has.";
    ROLE_IN_USE = "role_in_use" 409 "Role in use":
        "Somebody holds the role or is invited to it, and the change would take it from them or leave it without effect.";
    TOO_MANY_ROLES = "too_many_roles" 409 "Too many roles":
        "A workspace makes at most 100 roles of its own; remove one that nobody holds.";
    SERVICE_NAME_TAKEN = "service_name_taken" 409 "Name taken":
        "Another service account of the workspace has this name.";
    TOO_MANY_SERVICES = "too_many_services" 409 "Too many service accounts":
        "A workspace has at most 100 service accounts; remove one that nothing uses.";
    TOO_MANY_KEYS = "too_many_keys" 409 "Too many keys":
        "A service account has at most 20 keys that are neither revoked nor expired; revoke one.";
    KEY_SHOWN_BEFORE = "key_shown_before" 409 "Key shown before":
        "An earlier request with this Idempotency-Key made the key that the member key names. Its secret was in that answer and nowhere else; if the answer was lost, revoke the key and make another.";
    ACCOUNT_NEEDED = "account_needed" 422 "Account needed":
        "The invited address has no account yet; name and password are needed to make one.";
    BUSY = "busy" 503 "Busy signing people in":
        "More passwords are waiting to be checked than the server takes. Retry-After says when to try again.";
    STOPPING = "stopping" 503 "Stopping":
        "The server is stopping and checks no more passwords.";
}
