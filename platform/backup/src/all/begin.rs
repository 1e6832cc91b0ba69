//! Control: loaded apart, prepared, and put in place.

use futures_util::future::BoxFuture;
use gantry_audit::{Entry as AuditEntry, Facts, Target};
use gantry_db::copy::{self, Arriving};
use gantry_db::{ControlTx, DbConfig, DbError, MigrationSet};
use gantry_jobs::outbox;
use gantry_kernel::{Actor, Kernel};
use gantry_outbound::OutboundSettings;

use super::{HELD, store};
use crate::manifest::CONTROL;
use crate::run::blocking;
use crate::store::{self as files, Places};
use crate::verify::same;
use crate::works::store as works;
use crate::{BackupConfig, BackupError, Manifest, evidence};

/// What else belongs into the transaction that prepares a restored control, such as ending sessions.
pub type Also = for<'a> fn(&'a mut ControlTx) -> BoxFuture<'a, Result<(), DbError>>;

/// Puts the control database of a backup (the newest, without a name) where there is no installation yet.
/// Its tenants have no databases here until [`Backups::go_on`](crate::Backups::go_on) has brought them.
pub async fn begin(
    config: &BackupConfig,
    outbound: &OutboundSettings,
    db: DbConfig,
    kernel: &Kernel,
    migrations: MigrationSet,
    name: Option<&str>,
    also: Also,
) -> Result<(), BackupError> {
    let places = Places::of(config, outbound, &db.data_dir)?;
    let (place, manifest) = places.find(name).await?;
    let entry = manifest
        .entry(CONTROL)
        .cloned()
        .ok_or_else(|| BackupError::NotIn {
            backup: manifest.name.clone(),
            place: CONTROL.to_owned(),
        })?;
    let (own, one) = (config.clone(), entry.clone());
    let identity = blocking(move || own.identity()).await?;
    let file = place.store.fetch(&manifest.name, &entry).await?;
    let source = blocking(move || files::open(file, &one, &identity)).await?;
    let failed = |source| BackupError::Copy {
        file: entry.file.clone(),
        source,
    };
    let arriving = Arriving::load(db, kernel.clone(), migrations, source)
        .await
        .map_err(failed)?;
    same(&entry, arriving.summary())?;
    arriving
        .control()
        .write(async move |tx| prepare(tx, &manifest, also).await)
        .await?;
    arriving.arrive().await.map_err(failed)
}

/// What of a control that came back must not simply go on.
async fn prepare(tx: &mut ControlTx, manifest: &Manifest, also: Also) -> Result<(), DbError> {
    let engine = tx.engine();
    let tenants = copy::vacate(tx, engine).await?;
    let id = store::insert(tx, &manifest.name, manifest.taken_at, &tenants).await?;
    let held = outbox::hold_all(tx, HELD).await?;
    works::give_up(tx, "the installation was restored from a backup").await?;
    evidence::restored(tx, manifest).await?;
    also(tx).await?;
    let facts = Facts::new()
        .with("backup", &manifest.name)
        .with("taken_at", manifest.taken_at.to_string())
        .with("tenants", evidence::whole(tenants.len() as u64))
        .with("mail_held", evidence::whole(held));
    let row = AuditEntry::new(
        Actor::Rescue,
        "backup.installation.restoring",
        Target::new("restore", id),
    );
    gantry_audit::append(tx, row.after(facts)).await.map(drop)
}
