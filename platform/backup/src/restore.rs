//! Restoring one tenant: the backup is loaded beside the tenant's database as its next life, its mail
//! is held, and one control transaction makes it the tenant's.

use std::sync::Arc;

use gantry_audit::{Entry as AuditEntry, Facts, Target};
use gantry_db::copy::{Adoption, Loaded};
use gantry_db::{ControlTx, DbError, TenantState, directory};
use gantry_jobs::outbox;
use gantry_kernel::{Actor, TenantId, Timestamp};

use crate::api::RestoredView;
use crate::evidence::whole;
use crate::run::blocking;
use crate::store::{self, Store};
use crate::verify::same;
use crate::works::{WorkId, store as works};
use crate::{BackupError, Backups, Entry, Identity};

/// Why mail of a restored tenant is held.
const HELD: &str =
    "held because the workspace was restored from a backup; it may have been sent before";

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup it came from.
    pub backup: String,
    /// To when the tenant was taken back.
    pub taken_at: Timestamp,
    /// The number of its new life.
    pub incarnation: i64,
    /// Rows.
    pub rows: u64,
    /// Mails that wait for somebody to decide about them.
    pub held: u64,
    /// Where its former database is.
    pub replaced: String,
}

/// What is to be restored, and for whom.
pub(crate) struct Wish<'a> {
    pub(crate) tenant: TenantId,
    /// The newest that has the tenant, without a name.
    pub(crate) backup: Option<&'a str>,
    pub(crate) actor: Actor,
    pub(crate) reason: Option<&'a str>,
    /// What an operator asked for; it is in place together with the tenant.
    pub(crate) work: Option<WorkId>,
}

/// The one transaction that makes a loaded database the tenant's.
struct Change {
    adoption: Adoption,
    tenant: TenantId,
    incarnation: i64,
    actor: Actor,
    backup: String,
    reason: Option<String>,
    held: i64,
    work: Option<WorkId>,
    outcome: String,
}

impl Change {
    async fn make(&self, tx: &mut ControlTx) -> Result<(), DbError> {
        let tenant = self.tenant;
        let before = directory::by_id(tx, tenant).await?;
        self.adoption.adopt(tx).await?;
        // One that a restore of everything had nothing of is a tenant again.
        if before.is_some_and(|it| it.state == TenantState::Failed && it.database.is_empty()) {
            directory::set_state(tx, tenant, TenantState::Active, None).await?;
        }
        if let Some(work) = self.work {
            works::in_place(tx, work, &self.outcome).await?;
        }
        let forgotten = gantry_audit::chain::forget_head(tx, tenant).await?;
        let facts = Facts::new()
            .with("backup", &self.backup)
            .with("reason", self.reason.as_deref())
            .with("incarnation", self.incarnation)
            .with("mail_held", self.held);
        let mut row = AuditEntry::new(
            self.actor,
            "backup.tenant.restored",
            Target::new("tenant", tenant),
        )
        .about(tenant)
        .after(facts);
        if let Some(end) = forgotten {
            row = row.before(Facts::new().with("audit_rows", end.seq));
        }
        gantry_audit::append(tx, row).await.map(drop)
    }
}

impl Backups {
    /// Takes a tenant back to a backup (the newest that has it, without a name). Nothing is changed
    /// before all of it is loaded and compared; other tenants are not touched at all. On SQLite no
    /// other process may have the tenant open.
    pub async fn restore(
        &self,
        tenant: TenantId,
        name: Option<&str>,
        actor: Actor,
    ) -> Result<Restored, BackupError> {
        let wish = Wish {
            tenant,
            backup: name,
            actor,
            reason: None,
            work: None,
        };
        let restored = self.restore_as(&wish).await?;
        self.settle(tenant, &restored.replaced).await?;
        Ok(restored)
    }

    /// After a restore is in place: nobody goes on with the former database, and control learns what is
    /// due in the new one. As often as asked.
    pub(crate) async fn settle(&self, tenant: TenantId, former: &str) -> Result<(), BackupError> {
        self.tenants.replaced(tenant, former).await?;
        gantry_jobs::reindex_one(
            &self.control,
            &self.tenants,
            tenant,
            &gantry_runtime::PROBES,
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn restore_as(&self, wish: &Wish<'_>) -> Result<Restored, BackupError> {
        let Wish {
            tenant,
            backup: name,
            actor,
            work,
            ..
        } = *wish;
        let (from, manifest) = self.places()?.find(name).await?;
        let place = tenant.to_string();
        let entry = manifest
            .entry(&place)
            .cloned()
            .ok_or_else(|| BackupError::NotIn {
                backup: manifest.name.clone(),
                place,
            })?;
        let own = self.clone();
        let identity = Arc::new(blocking(move || own.config.identity()).await?);
        let (loaded, held) = self
            .load(&from.store, &manifest.name, &entry, &identity, HELD)
            .await?;
        let outcome = RestoredView {
            taken_at: entry.taken_at,
            incarnation: loaded.incarnation(),
            rows: whole(loaded.summary().rows()),
            mails_held: whole(held),
            former: loaded.replaced().to_owned(),
        };
        let outcome =
            serde_json::to_string(&outcome).map_err(|error| DbError::Other(error.to_string()))?;
        let incarnation = loaded.incarnation();
        let change = Change {
            adoption: loaded.adoption(),
            tenant,
            incarnation,
            actor,
            backup: manifest.name.clone(),
            reason: wish.reason.map(str::to_owned),
            held: whole(held),
            work,
            outcome,
        };
        self.control
            .write(async move |tx| change.make(tx).await)
            .await?;
        Ok(Restored {
            backup: manifest.name,
            taken_at: entry.taken_at,
            incarnation,
            rows: loaded.summary().rows(),
            held,
            replaced: loaded.replaced().to_owned(),
        })
    }

    /// Loads a tenant's file beside whatever the tenant has, and holds its mail; what is loaded equals the
    /// manifest's entry.
    pub(crate) async fn load(
        &self,
        store: &Store,
        name: &str,
        entry: &Entry,
        identity: &Arc<Identity>,
        held: &str,
    ) -> Result<(Loaded, u64), BackupError> {
        let damaged = || BackupError::Damaged {
            file: entry.file.clone(),
            detail: "it is no tenant's".to_owned(),
        };
        let tenant: TenantId = entry.place.parse().map_err(|_| damaged())?;
        let file = store.fetch(name, entry).await?;
        let (one, identity) = (entry.clone(), Arc::clone(identity));
        let source = blocking(move || store::open(file, &one, &identity)).await?;
        let loaded =
            self.tenants
                .load(tenant, source)
                .await
                .map_err(|source| BackupError::Copy {
                    file: entry.file.clone(),
                    source,
                })?;
        same(entry, loaded.summary())?;
        let reason = held.to_owned();
        let held = loaded
            .db()
            .write(async move |tx| outbox::hold_all(tx, &reason).await)
            .await?;
        Ok((loaded, held))
    }
}
