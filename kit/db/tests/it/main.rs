//! The storage layer through its public entry points, on both engines.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod copy;
mod directory;
mod hook;
mod migrations;
mod postgres;
mod sqlite;
mod support;
mod tenants;
mod transactions;
mod values;
