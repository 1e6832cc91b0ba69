//! Tests of Gantry put together.
#![expect(clippy::unwrap_used, reason = "what does not hold ends the test")]

mod cli;
mod config;
mod life;
mod mails;
mod routes;
mod sealed;
mod statements;
