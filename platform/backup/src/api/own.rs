//! What the people of a workspace see of its backups: times, and nothing about where they are.

use std::sync::Arc;

use gantry_http::{Json, TenantCx};
use gantry_kernel::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Refusal;
use crate::{Backups, evidence};

/// How well the workspace is backed up.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WorkspaceBackups {
    /// The moment the newest backup of the workspace holds; null: there is none.
    last_backup_at: Option<Timestamp>,
    /// When a backup of the workspace was last restored elsewhere and found equal; null: never.
    last_proven_restore_at: Option<Timestamp>,
    /// The moment that restored backup holds.
    last_proven_backup_at: Option<Timestamp>,
    /// Whether the newest backup also lies, whole, in another store.
    second_copy: bool,
}

pub(crate) async fn get(
    backups: Arc<Backups>,
    cx: TenantCx,
    (): (),
) -> Result<Json<WorkspaceBackups>, Refusal> {
    let place = cx.tenant().to_string();
    let (last, proven) = backups
        .control
        .read(async |tx| {
            let last = evidence::last_of(tx, &place).await?;
            Ok::<_, Refusal>((last, evidence::last_proof_of(tx, &place).await?))
        })
        .await?;
    Ok(Json(WorkspaceBackups {
        last_backup_at: last.as_ref().map(|(taken_at, _)| *taken_at),
        last_proven_restore_at: proven.as_ref().map(|(proven_at, _)| *proven_at),
        last_proven_backup_at: proven.as_ref().map(|(_, taken_at)| *taken_at),
        second_copy: last.is_some_and(|(_, whole_at)| whole_at.is_some()),
    }))
}
