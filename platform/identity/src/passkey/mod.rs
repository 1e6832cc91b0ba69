//! Passkeys of people: they sign in alone, are a second factor after the password, and confirm a session. All three go
//! through [`check`]; whether an answer holds is judged in kit/webauthn.

pub(crate) mod api;
mod ceremony;
mod check;
mod error;
pub(crate) mod log_in;
pub(crate) mod register;
pub(crate) mod store;

pub(crate) use ceremony::{Purpose, sweep};
pub(crate) use check::check;
pub(crate) use error::{CODES, PasskeyError};

use gantry_kernel::{Text, define_id};

define_id! {
    /// A passkey.
    pub struct PasskeyId;
}

define_id! {
    /// The name of an account in authenticators.
    pub struct UserHandle;
}

/// What a person calls a passkey.
pub(crate) type PasskeyName = Text<1, 60>;

/// Passkeys of one account.
pub(crate) const MOST: usize = 20;
