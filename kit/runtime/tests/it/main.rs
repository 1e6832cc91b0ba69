//! Tests of the runtime from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what does not hold ends the test"
)]

mod config;
mod master_key;
mod process;
mod registry;
mod sample;
mod sealed;
mod upkeep;
