//! The tenants of a restored installation, one after the other, and the end.

use std::sync::Arc;

use gantry_audit::{Entry as AuditEntry, Facts, Target};
use gantry_db::{ControlTx, DbError, TenantState, directory};
use gantry_kernel::{Actor, TenantId};

use super::{HELD, RestoredAll, Unfinished, store};
use crate::evidence::{self, whole};
use crate::manifest::CONTROL;
use crate::run::blocking;
use crate::store::Store;
use crate::{
    BackupError, BackupId, Backups, BucketFault, Entry, Evidence, Identity, Manifest, State,
};

/// Tenants looked up at a time.
const PAGE: i64 = 100;

/// Whence tenants come.
struct From<'a> {
    restore: &'a Unfinished,
    store: Store,
    manifest: Manifest,
    identity: Arc<Identity>,
    /// The backup as control knows it.
    backup: Option<BackupId>,
}

impl Backups {
    /// Goes on with a restore of everything until it is over; `said` hears of each tenant. A tenant whose
    /// backup is missing or damaged does not stop the others: it is then in state `failed`.
    pub async fn go_on(
        &self,
        restore: &Unfinished,
        mut said: impl FnMut(TenantId, Result<u64, &str>) + Send,
    ) -> Result<RestoredAll, BackupError> {
        let (place, manifest) = self.places()?.find(Some(&restore.backup)).await?;
        let own = self.clone();
        let identity = Arc::new(blocking(move || own.config.identity()).await?);
        let known = self
            .control
            .read(async |tx| evidence::by_name(tx, &restore.backup).await)
            .await?;
        let from = From {
            restore,
            store: place.store,
            manifest,
            identity,
            backup: known.map(|backup| backup.id),
        };
        loop {
            let page = self
                .control
                .read(async |tx| store::waiting(tx, restore.id, PAGE).await)
                .await?;
            if page.is_empty() {
                break;
            }
            for (tenant,) in page {
                match self.bring(&from, tenant).await {
                    Ok(rows) => said(tenant, Ok(rows)),
                    Err(error) if passing(&error) => return Err(error),
                    Err(error) => {
                        let why = error.to_string();
                        self.lose(&from, tenant, &why).await?;
                        said(tenant, Err(&why));
                    }
                }
            }
        }
        self.end_all(&from).await
    }

    async fn bring(&self, from: &From<'_>, tenant: TenantId) -> Result<u64, BackupError> {
        let place = tenant.to_string();
        let entry = from
            .manifest
            .entry(&place)
            .ok_or_else(|| BackupError::NotIn {
                backup: from.manifest.name.clone(),
                place,
            })?;
        let began = self.kernel.clock.monotonic();
        let (loaded, held) = self
            .load(
                &from.store,
                &from.manifest.name,
                entry,
                &from.identity,
                HELD,
            )
            .await?;
        let rows = loaded.summary().rows();
        let took = self.kernel.clock.monotonic().saturating_sub(began);
        let found = Evidence {
            proven_at: Some(self.kernel.now()),
            restore_us: i64::try_from(took.as_micros()).ok(),
            ..Evidence::of(entry)
        };
        let (id, backup, adopting) = (from.restore.id, from.backup, loaded.adoption());
        let incarnation = loaded.incarnation();
        let name = from.manifest.name.clone();
        self.control
            .write(async move |tx: &mut ControlTx| {
                adopting.adopt(tx).await?;
                gantry_audit::chain::forget_head(tx, tenant).await?;
                store::done(tx, id, tenant, whole(rows), whole(held)).await?;
                if let Some(backup) = backup {
                    evidence::note(tx, backup, &found).await?;
                }
                let facts = Facts::new()
                    .with("backup", &name)
                    .with("incarnation", incarnation)
                    .with("mail_held", whole(held));
                let row = AuditEntry::new(
                    Actor::Rescue,
                    "backup.tenant.restored",
                    Target::new("tenant", tenant),
                );
                gantry_audit::append(tx, row.about(tenant).after(facts)).await?;
                Ok::<_, DbError>(())
            })
            .await?;
        self.tenants.close(tenant);
        Ok(rows)
    }

    async fn lose(&self, from: &From<'_>, tenant: TenantId, why: &str) -> Result<(), BackupError> {
        tracing::error!(%tenant, why, "a tenant could not be restored");
        let (id, backup, why) = (from.restore.id, from.backup, why.to_owned());
        self.control
            .write(async move |tx: &mut ControlTx| {
                store::lost(tx, id, tenant, &why).await?;
                let reason = format!("not restored: {why}");
                directory::set_state(tx, tenant, TenantState::Failed, Some(&reason)).await?;
                if let Some(backup) = backup {
                    let found = Evidence::failed(&tenant.to_string(), why.clone());
                    evidence::note(tx, backup, &found).await?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(())
    }

    async fn end_all(&self, from: &From<'_>) -> Result<RestoredAll, BackupError> {
        let looked =
            gantry_jobs::reindex(&self.control, &self.tenants, &gantry_runtime::PROBES).await?;
        let mut strangers = Vec::new();
        for entry in &from.manifest.entries {
            if self.is_stranger(entry).await? {
                strangers.push(entry.place.clone());
            }
        }
        let (id, backup) = (from.restore.id, from.backup);
        let (bytes, control) = (
            whole(from.manifest.bytes()),
            from.manifest.entry(CONTROL).cloned(),
        );
        let (sums, lost) = self
            .control
            .write(async move |tx: &mut ControlTx| {
                let (sums, lost) = (store::sums(tx, id).await?, store::all_lost(tx, id).await?);
                store::end(tx, id, lost.is_empty()).await?;
                if let (Some(backup), Some(control)) = (backup, &control) {
                    // It was loaded and compared before any of this could be.
                    let found = Evidence {
                        proven_at: Some(tx.now()),
                        ..Evidence::of(control)
                    };
                    evidence::note(tx, backup, &found).await?;
                    let state = if lost.is_empty() {
                        State::Done
                    } else {
                        State::Partial
                    };
                    evidence::end(tx, backup, state, bytes, None, None).await?;
                }
                let facts = Facts::new()
                    .with("tenants", sums.tenants)
                    .with("lost", whole(lost.len() as u64))
                    .with("mail_held", sums.held);
                let row = AuditEntry::new(
                    Actor::Rescue,
                    "backup.installation.restored",
                    Target::new("restore", id),
                );
                gantry_audit::append(tx, row.after(facts)).await?;
                Ok::<_, DbError>((sums, lost))
            })
            .await?;
        Ok(RestoredAll {
            backup: from.restore.backup.clone(),
            taken_at: from.restore.taken_at,
            tenants: sums.tenants,
            rows: sums.rows,
            mails_held: sums.held,
            lost,
            strangers,
            unread: looked.failed,
        })
    }

    async fn is_stranger(&self, entry: &Entry) -> Result<bool, BackupError> {
        if entry.place == CONTROL {
            return Ok(false);
        }
        let Ok(tenant) = entry.place.parse::<TenantId>() else {
            return Ok(true);
        };
        let found = self
            .control
            .read(async |tx| directory::by_id(tx, tenant).await)
            .await?;
        Ok(found.is_none())
    }
}

/// Whether the fault is of this moment, not of the backup: then everything stops, to be gone on with.
fn passing(error: &BackupError) -> bool {
    use gantry_db::copy::CopyError;
    if let BackupError::Bucket { fault, .. } = error {
        return !matches!(fault, BucketFault::Gone(_));
    }
    matches!(
        error,
        BackupError::Db(_)
            | BackupError::Panicked(_)
            | BackupError::Store { .. }
            | BackupError::NoKey(_)
            | BackupError::Copy {
                source: CopyError::Db(_) | CopyError::Write(_),
                ..
            }
    )
}
