//! Identity from outside: its routes behind the real pipeline, its tables on both engines, a clock that
//! stands still until it is moved.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: what does not hold ends the test"
)]

mod app;
mod guessing;
mod members;
mod module;
mod sessions;
mod sign_up;
mod sweep;
mod tokens;
