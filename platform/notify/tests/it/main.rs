//! Delivery against a real SMTP dialogue, on both engines.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod delivery;
mod held;
mod retention;
mod world;
