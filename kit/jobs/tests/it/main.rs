//! The queue on both engines, with time in the test's hands.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod attempts;
mod crash;
mod dedupe;
mod fairness;
mod hints;
mod outbox;
mod schedules;
mod stop;
mod world;
