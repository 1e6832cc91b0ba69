//! Tests of Gantry put together.
#![expect(clippy::unwrap_used, reason = "what does not hold ends the test")]

mod backups;
mod cli;
mod config;
mod deploy;
mod life;
mod mails;
mod routes;
mod schema;
mod sealed;
mod statements;
