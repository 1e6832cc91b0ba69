//! Passkeys (WebAuthn level 3) without a place to keep them: what is asked of authenticators, and whether their answers
//! hold. Who asks, for whom, and how often an answer counts is the caller's.
//!
//! The rules that hold for all: one host name and one origin, from the configured address; the authenticator must verify
//! the person, so a passkey is two factors by itself; it must find the key by itself, so nobody types a name; no
//! attestation, so what it says of itself is its word; no pages inside those of others.

mod asked;
mod key;
mod party;

pub use asked::{Answer, Asked, Options};
pub use key::{Key, Shown};
pub use party::{Account, Party, Verdict};

use webauthn_rs::prelude::WebauthnError;

/// Why nothing can be asked or judged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the server, or of the page that asks, is none that a passkey can belong to; the text says why.
    #[error("no passkeys here: {0}")]
    Unavailable(String),
    /// The library could not ask.
    #[error(transparent)]
    Library(#[from] WebauthnError),
    /// What was kept is not what was made here.
    #[error(transparent)]
    Kept(#[from] serde_json::Error),
}
