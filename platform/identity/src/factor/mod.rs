//! What an account is proven with beside its password: an authenticator app, passkeys, and codes on paper.

pub(crate) mod api;
mod change;
mod check;
mod error;
pub(crate) mod recovery;
pub(crate) mod store;
pub(crate) mod totp;

pub(crate) use change::{NewFactor, added, remove_all, removed};
pub(crate) use check::{Place, Proof, Verdict, check};
pub(crate) use error::{CODES, FactorError};

use schemars::JsonSchema;
use serde::Serialize;

/// A kind of second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Six digits of an authenticator app (RFC 6238).
    Totp,
    /// A key that an authenticator keeps (WebAuthn).
    Passkey,
    /// A code on paper, for when the others are gone.
    RecoveryCode,
}

impl Kind {
    /// The name in audit rows.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery_code",
        }
    }
}
