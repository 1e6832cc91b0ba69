//! The simulator as its clients see it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod client;
mod dialogue;
mod faults;
mod lettre_client;
mod web;
