//! Backups on both engines, with real databases and files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod bucket;
mod faults;
mod notices;
mod restoring;
mod support;
mod taking;
