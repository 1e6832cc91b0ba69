//! Outbound requests against real servers on this machine.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what does not hold ends the test"
)]

mod guard;
mod server;
mod trust;
