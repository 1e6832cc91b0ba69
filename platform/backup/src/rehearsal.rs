//! A restored installation of which nobody knows: control and, one at a time, its tenants, in files of their own, with the
//! program's API over them. It is always one of SQLite: what a copy holds is the same on both engines.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_db::copy::{self, Arriving};
use gantry_db::{ControlTx, DbConfig, DbError, Engine, TenantState, directory};
use gantry_kernel::TenantId;

use crate::manifest::CONTROL;
use crate::run::blocking;
use crate::smoke::{Answers, Api};
use crate::store::{self, Store, Turn, failed};
use crate::verify::same;
use crate::{BackupError, BackupId, Backups, Entry, Identity, Manifest};

/// Where they lie, in the data directory.
const ROOT: &str = "backup-rehearsals";
const GATE: &str = "gate.lock";

/// The installation.
pub(crate) struct Rehearsal {
    arriving: Arriving,
    api: Box<dyn Api>,
    folder: PathBuf,
    /// Says that somebody still works in the folder.
    _turn: Turn,
}

impl Backups {
    /// Restores control of a backup; `None` where nobody can put the program together.
    pub(crate) async fn rehearsal(
        &self,
        store: &Store,
        manifest: &Manifest,
        identity: &Arc<Identity>,
    ) -> Result<Option<Rehearsal>, BackupError> {
        let (Some(smoke), Some(entry)) = (&self.smoke, manifest.entry(CONTROL)) else {
            return Ok(None);
        };
        let (root, name) = (self.tenants.data_dir().join(ROOT), self.kernel.id());
        let (folder, turn) = blocking(move || room(&root, name)).await?;
        let file = store.fetch(&manifest.name, entry).await?;
        let (one, key) = (entry.clone(), Arc::clone(identity));
        let source = blocking(move || store::open(file, &one, &key)).await?;
        let failed = |source| BackupError::Copy {
            file: entry.file.clone(),
            source,
        };
        let place = DbConfig::sqlite(&folder);
        let migrations = smoke.migrations().map_err(BackupError::Rehearsal)?;
        let kernel = self.kernel.clone();
        let arriving = Arriving::load(place, kernel, migrations, source)
            .await
            .map_err(failed)?;
        same(entry, arriving.summary())?;
        arriving
            .control()
            .write(async |tx: &mut ControlTx| copy::vacate(tx, Engine::Sqlite).await)
            .await?;
        let api = smoke
            .over(arriving.databases())
            .map_err(BackupError::Rehearsal)?;
        Ok(Some(Rehearsal {
            arriving,
            api,
            folder,
            _turn: turn,
        }))
    }
}

impl Rehearsal {
    /// What the API says of the installation itself.
    pub(crate) async fn control(&self) -> Answers {
        Answers(self.api.ask(None).await)
    }

    /// Restores a tenant, asks the API about it, and removes it again. What was loaded is compared with the manifest.
    pub(crate) async fn tenant(
        &self,
        store: &Store,
        name: &str,
        entry: &Entry,
        identity: &Arc<Identity>,
    ) -> Result<Answers, BackupError> {
        let damaged = || BackupError::Damaged {
            file: entry.file.clone(),
            detail: "it is no tenant's".to_owned(),
        };
        let tenant: TenantId = entry.place.parse().map_err(|_| damaged())?;
        let file = store.fetch(name, entry).await?;
        let (one, key) = (entry.clone(), Arc::clone(identity));
        let source = blocking(move || store::open(file, &one, &key)).await?;
        let databases = self.arriving.databases();
        let loaded = databases.tenants.load(tenant, source).await;
        let loaded = loaded.map_err(|source| BackupError::Copy {
            file: entry.file.clone(),
            source,
        })?;
        same(entry, loaded.summary())?;
        let adoption = loaded.adoption();
        drop(loaded);
        let state = databases
            .control
            .write(async move |tx: &mut ControlTx| {
                adoption.adopt(tx).await?;
                let found = directory::by_id(tx, tenant).await?;
                Ok::<_, DbError>(found.map(|tenant| tenant.state))
            })
            .await?;
        // Nobody is answered about the others.
        let served = matches!(state, Some(TenantState::Active | TenantState::Suspended));
        let answers = if served {
            self.api.ask(Some(tenant)).await
        } else {
            Vec::new()
        };
        databases.tenants.close(tenant);
        let tenants = self.arriving.databases().config().data_dir.join("tenants");
        blocking(move || store::clear(&tenants)).await?;
        Ok(Answers(answers))
    }

    /// Removes everything.
    pub(crate) async fn end(self) -> Result<(), BackupError> {
        let Self {
            arriving,
            api,
            folder,
            _turn: turn,
        } = self;
        drop(api);
        let closed = arriving.abandon().await;
        let removed = blocking(move || {
            let cleared = store::clear(&folder);
            drop(turn);
            cleared
        })
        .await;
        closed.map_err(|source| BackupError::Copy {
            file: CONTROL.to_owned(),
            source,
        })?;
        removed
    }
}

/// A folder of its own; those of processes that were killed are removed.
fn room(root: &Path, name: BackupId) -> Result<(PathBuf, Turn), BackupError> {
    fs::create_dir_all(root).map_err(|e| failed(root, e))?;
    // One looks around at a time, and makes its folder meanwhile: what nobody holds is nobody's.
    let gate = root.join(GATE);
    let held = File::create(&gate).and_then(|gate| gate.lock().map(|()| gate));
    let _held = held.map_err(|e| failed(&gate, e))?;
    for entry in fs::read_dir(root).map_err(|e| failed(root, e))? {
        let path = entry.map_err(|e| failed(root, e))?.path();
        if path.is_dir()
            && let Ok(_turn) = Turn::take(&path, path.display().to_string())
        {
            store::clear(&path)?;
        }
    }
    let folder = root.join(name.to_string());
    let turn = Turn::take(&folder, folder.display().to_string())?;
    Ok((folder, turn))
}
