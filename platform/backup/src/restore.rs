//! Restoring one tenant: the backup is loaded beside the tenant's database as its next life, its mail
//! is held, and one control transaction makes it the tenant's.

use std::sync::Arc;

use gantry_audit::{Entry as AuditEntry, Facts, Target};
use gantry_db::{ControlTx, DbError};
use gantry_jobs::outbox;
use gantry_kernel::{Actor, TenantId, Timestamp};

use crate::run::blocking;
use crate::verify::same;
use crate::{BackupError, Backups};

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

impl Backups {
    /// Takes a tenant back to a backup (the newest that has it, without a name). Nothing is changed
    /// before all of it is loaded and compared; other tenants are not touched at all. On SQLite no
    /// server may have the tenant open: the caller holds the data directory.
    pub async fn restore(
        &self,
        tenant: TenantId,
        name: Option<&str>,
        actor: Actor,
    ) -> Result<Restored, BackupError> {
        let (store, manifest) = self.find(name).await?;
        let place = tenant.to_string();
        let entry = manifest
            .entry(&place)
            .cloned()
            .ok_or_else(|| BackupError::NotIn {
                backup: manifest.name.clone(),
                place,
            })?;
        let (own, files, called, one) = (
            self.clone(),
            store.clone(),
            manifest.name.clone(),
            entry.clone(),
        );
        let source = blocking(move || {
            let identity = own.config.identity()?;
            files.check(&called, &one)?;
            files.open(&called, &one, &identity)
        })
        .await?;
        let loaded =
            self.tenants
                .load(tenant, source)
                .await
                .map_err(|source| BackupError::Copy {
                    file: entry.file.clone(),
                    source,
                })?;
        same(&entry, loaded.summary())?;
        let held = loaded
            .db()
            .write(async |tx| outbox::hold_all(tx, HELD).await)
            .await?;
        let loaded = Arc::new(loaded);
        let (adopting, backup) = (Arc::clone(&loaded), manifest.name.clone());
        self.control
            .write(async move |tx: &mut ControlTx| {
                adopting.adopt(tx).await?;
                let forgotten = gantry_audit::chain::forget_head(tx, tenant).await?;
                let facts = Facts::new()
                    .with("backup", &backup)
                    .with("incarnation", adopting.incarnation())
                    .with("mail_held", whole(held));
                let mut row = AuditEntry::new(
                    actor,
                    "backup.tenant.restored",
                    Target::new("tenant", tenant),
                )
                .about(tenant)
                .after(facts);
                if let Some(end) = forgotten {
                    row = row.before(Facts::new().with("audit_rows", end.seq));
                }
                gantry_audit::append(tx, row).await?;
                Ok::<_, DbError>(())
            })
            .await?;
        self.tenants.adopted(&loaded).await?;
        Ok(Restored {
            backup: manifest.name,
            taken_at: entry.taken_at,
            incarnation: loaded.incarnation(),
            rows: loaded.summary().rows(),
            held,
            replaced: loaded.replaced().to_owned(),
        })
    }
}

fn whole(n: u64) -> i64 {
    crate::evidence::whole(n)
}
