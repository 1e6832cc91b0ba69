//! The account of a person: one row per address, whatever tenants they belong to.

pub(crate) mod closure;
pub(crate) mod email_change;
pub(crate) mod export;
pub(crate) mod store;

use gantry_db::from_row;
use gantry_kernel::{Email, IdentityId, Text, Timestamp};

/// A person's name as shown to others.
pub type PersonName = Text<1, 120>;

/// An identity with what signing in needs.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: IdentityId,
    pub(crate) email: Email,
    pub(crate) name: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) state: String,
    pub(crate) verified_at: Option<Timestamp>,
    pub(crate) second_factor_since: Option<Timestamp>,
}

from_row!(Account {
    id,
    email,
    name,
    password_hash,
    state,
    verified_at,
    second_factor_since
});

impl Account {
    /// Whether this person may have sessions: the address is confirmed and nobody disabled the account.
    pub(crate) fn may_sign_in(&self) -> bool {
        self.verified_at.is_some() && self.state == "active"
    }

    /// Whether a password alone does not sign in.
    pub(crate) fn has_second_factor(&self) -> bool {
        self.second_factor_since.is_some()
    }
}
