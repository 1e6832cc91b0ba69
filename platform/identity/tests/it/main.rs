//! Identity from outside: its routes behind the real pipeline, its tables on both engines, a clock that
//! stands still until it is moved.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: what does not hold ends the test"
)]

mod account;
mod app;
mod devices;
mod equal;
mod factors;
mod guessing;
mod impersonation;
mod import;
mod keys;
mod members;
mod module;
mod oidc;
mod passkeys;
mod passwords;
mod people;
mod removal;
mod roles;
mod security;
mod services;
mod sessions;
mod sign_up;
mod sweep;
mod tokens;
mod unlock;
