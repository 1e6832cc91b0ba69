//! The storage layer through its public entry points, on both engines.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod copy;
mod directory;
mod fleet;
mod group;
mod hook;
mod log;
mod migrations;
mod moving;
mod postgres;
mod racing;
mod secured;
mod sqlite;
mod stats;
mod support;
mod sweeping;
mod tenants;
mod transactions;
mod values;
