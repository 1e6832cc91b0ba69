//! Delivery against a real SMTP dialogue, and of notices, on both engines.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod delivery;
mod held;
mod notices;
mod retention;
mod world;
