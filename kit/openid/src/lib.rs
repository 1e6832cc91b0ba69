//! Signing in with OpenID Connect providers (OpenID Connect Core and Discovery 1.0): the relying party's side.
//!
//! [`RelyingParty::begin`] makes the address a browser is sent to, [`RelyingParty::finish`] turns what the browser comes
//! back with into [`Identity`]: who the provider says it is. Nothing here knows accounts. What is checked, and why, is
//! told in `id_token.rs`; every request goes through `kit/outbound`.

mod attempt;
mod client;
mod error;
mod id_token;
mod issuer;
mod known;
mod metadata;
mod party;
mod token;

pub use attempt::Attempt;
pub use client::{Client, ClientAuth};
pub use error::OpenIdError;
pub use id_token::Identity;
pub use issuer::{Issuer, NotAnIssuer};
pub use party::{Begun, RelyingParty, Returned};
