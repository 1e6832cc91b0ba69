//! The relying party against a provider on this machine, which does everything that can go wrong on purpose.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what does not hold ends the test"
)]

mod party;
mod provider;
mod tokens;
