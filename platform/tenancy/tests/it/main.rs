//! Tenancy on both engines, with real storage and the real queue.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod killed;
mod moving;
mod operators;
mod provisioning;
mod support;
