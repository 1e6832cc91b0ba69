//! What operators ask for: a row that says how far it has come, and the job that does it.

pub(crate) mod job;
pub(crate) mod store;
mod watch;

use std::fmt;
use std::str::FromStr;

use gantry_db::{from_row, text_value};
use gantry_kernel::{IdentityId, TenantId, Timestamp, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use watch::Watch;

use crate::BackupId;
use crate::evidence::{Unknown, words};

define_id! {
    /// Something an operator asked for.
    pub struct WorkId;
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WorkKind {
    /// Take a backup.
    Take,
    /// Look at one again: files, contents, and each restored to scratch.
    Verify,
    /// Take one tenant back to it.
    Restore,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WorkState {
    /// It waits for its turn.
    Queued,
    /// It is being done.
    Running,
    /// It is done, and all of it well.
    Done,
    /// It could not be done, or something was found wrong.
    Failed,
}

words!(WorkKind { Take = "take", Verify = "verify", Restore = "restore" });
words!(WorkState { Queued = "queued", Running = "running", Done = "done", Failed = "failed" });

/// A row of `backup_works`.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) id: WorkId,
    pub(crate) kind: WorkKind,
    pub(crate) state: WorkState,
    pub(crate) backup_id: Option<BackupId>,
    pub(crate) tenant_id: Option<TenantId>,
    pub(crate) reason: Option<String>,
    pub(crate) asked_by: IdentityId,
    pub(crate) steps: i64,
    pub(crate) steps_done: i64,
    pub(crate) outcome: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) asked_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
}

from_row!(Work {
    id,
    kind,
    state,
    backup_id,
    tenant_id,
    reason,
    asked_by,
    steps,
    steps_done,
    outcome,
    error,
    asked_at,
    ended_at
});
