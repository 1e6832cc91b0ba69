//! The durable queue: work is asked for in the transaction that wants it, found among thousands of
//! tenants without opening them, and done at least once, with a way to do its effect exactly once.
//!
//! A job lives in the database of its effect (control or a tenant's). A worker leases it, renews the
//! lease while it works, and completes it by deleting its row; a failed job comes back after a
//! growing wait; one that fails for good stays as `dead` for a person to see and replay. All changes
//! to a leased job are fenced by the lease's token: whoever lost the lease changes nothing.
//!
//! Times in rows are wall time, waits inside the process are monotonic. A wall clock set back delays
//! what was due by the jump; set forward, it lets leases run out early, and then fencing keeps
//! effects in the job's own database single while outside effects may happen twice. A process never
//! takes over a job that it is itself still running.

pub mod admin;
mod backoff;
mod cx;
mod hints;
mod job;
mod kind;
mod latent;
mod mail;
pub mod outbox;
mod runner;
mod schedule;
mod settle;
mod stats;
mod store;

pub use cx::{JobCx, JobError, Lease, Place};
pub use hints::{Hints, Reindexed, quiet, reindex, reindex_one};
pub use job::{NewJob, enqueue};
pub use kind::{Death, JobKind, Probe, Schedule};
pub use mail::{MailKind, OutboxMail};
pub use outbox::{Intent, Mail, OutboxId, OutboxState};
pub use runner::{RegistryError, Runner, RunnerConfig, Running};

use gantry_db::Migrations;

/// The tables: `jobs` and `outbox` in both places, `due_hints` and `schedules` in control.
pub const MIGRATIONS: Migrations = gantry_db::migrations! {
    module: "jobs",
    control: ["0001_jobs", "0002_due"],
    tenant: ["0001_jobs"],
};
