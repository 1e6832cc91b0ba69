//! What operators ask for. Each is a row and a job in one transaction; the row tells how it goes.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::ControlTx;
use gantry_http::{Accepted, Body, Path, PlatformCx, RequestContext};
use gantry_kernel::{TenantId, Text};
use schemars::JsonSchema;
use serde::Deserialize;

use super::list::BackupPath;
use super::views::WorkView;
use crate::error::Refusal;
use crate::works::store::{self, NewWork};
use crate::works::{Work, WorkKind};
use crate::{Backup, BackupId, Backups, evidence};

pub(crate) async fn take(
    backups: Arc<Backups>,
    cx: PlatformCx,
    (): (),
) -> Result<Accepted<WorkView>, Refusal> {
    let new = NewWork {
        kind: WorkKind::Take,
        backup: None,
        tenant: None,
        reason: None,
        asked_by: cx.principal().identity,
    };
    ask(&backups, &cx, new).await
}

pub(crate) async fn verify(
    backups: Arc<Backups>,
    cx: PlatformCx,
    Path(BackupPath { backup }): Path<BackupPath>,
) -> Result<Accepted<WorkView>, Refusal> {
    let new = NewWork {
        kind: WorkKind::Verify,
        backup: Some(backup),
        tenant: None,
        reason: None,
        asked_by: cx.principal().identity,
    };
    ask(&backups, &cx, new).await
}

/// A tenant to be taken back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreTenant {
    /// The tenant's id.
    tenant: TenantId,
    /// Why, for the audit log.
    reason: Text<1, 500>,
}

pub(crate) async fn restore(
    backups: Arc<Backups>,
    cx: PlatformCx,
    (Path(BackupPath { backup }), Body(RestoreTenant { tenant, reason })): (
        Path<BackupPath>,
        Body<RestoreTenant>,
    ),
) -> Result<Accepted<WorkView>, Refusal> {
    let new = NewWork {
        kind: WorkKind::Restore,
        backup: Some(backup),
        tenant: Some(tenant),
        reason: Some(reason.as_str().to_owned()),
        asked_by: cx.principal().identity,
    };
    ask(&backups, &cx, new).await
}

async fn ask(
    backups: &Backups,
    cx: &PlatformCx,
    new: NewWork,
) -> Result<Accepted<WorkView>, Refusal> {
    let configured = backups.config.is_configured();
    let (actor, origin) = (cx.actor(), cx.origin());
    let work = backups
        .control
        .write(async move |tx| {
            let about = match new.backup {
                Some(id) => Some(there(tx, id).await?),
                None => None,
            };
            if !configured {
                return Err(Refusal::NotConfigured);
            }
            check(tx, &new).await?;
            let work = store::insert(tx, &new).await?;
            let action = match new.kind {
                WorkKind::Take => "backup.take.asked",
                WorkKind::Verify => "backup.verify.asked",
                WorkKind::Restore => "backup.restore.asked",
            };
            let facts = Facts::new()
                .with("backup", about.as_ref().map(|backup| backup.name.as_str()))
                .with("reason", new.reason.as_deref());
            let mut entry = Entry::new(actor, action, Target::new("backup_work", work.id))
                .after(facts)
                .origin(&origin);
            if let Some(tenant) = new.tenant {
                entry = entry.about(tenant);
            }
            gantry_audit::append(tx, entry).await?;
            Ok::<Work, Refusal>(work)
        })
        .await?;
    Ok(Accepted(work.into()))
}

/// The backup, with its files.
async fn there(tx: &mut ControlTx, id: BackupId) -> Result<Backup, Refusal> {
    let backup = evidence::by_id(tx, id).await?.ok_or(Refusal::NotFound)?;
    if backup.removed_at.is_some() || backup.finished_at.is_none() {
        return Err(Refusal::Removed);
    }
    Ok(backup)
}

async fn check(tx: &mut ControlTx, new: &NewWork) -> Result<(), Refusal> {
    if store::under_way(tx, new.kind, new.tenant).await?.is_some() {
        return Err(Refusal::UnderWay);
    }
    if let (Some(backup), Some(tenant)) = (new.backup, new.tenant)
        && !evidence::holds(tx, backup, &tenant.to_string()).await?
    {
        return Err(Refusal::TenantNotIn);
    }
    Ok(())
}
