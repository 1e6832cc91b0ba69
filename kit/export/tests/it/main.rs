//! Exports against a collector and a tracker that are there, hang, refuse, or are gone.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod errors;
mod traces;
