//! Checking a backup that is there: its files against the manifest, their contents against their
//! hashes, and each by restoring it to a scratch database.

use crate::run::blocking;
use crate::store::Store;
use crate::{BackupError, Backups, Entry, Identity, Manifest};

/// What was found out about one file.
#[derive(Debug)]
pub struct Checked {
    /// `control`, or a tenant's id.
    pub place: String,
    /// Rows in it, or why it cannot be restored.
    pub outcome: Result<u64, BackupError>,
}

impl Backups {
    /// Checks every file of a backup (the newest, without a name) and restores it to scratch. The
    /// second copy is checked where the first does not have the backup.
    pub async fn verify(
        &self,
        name: Option<&str>,
    ) -> Result<(Manifest, Vec<Checked>), BackupError> {
        let (store, manifest) = self.find(name).await?;
        let own = self.clone();
        let identity = blocking(move || own.config.identity()).await?;
        let mut all = Vec::new();
        for entry in &manifest.entries {
            let (files, called, one) = (store.clone(), manifest.name.clone(), entry.clone());
            let mut outcome = blocking(move || files.check(&called, &one)).await;
            if outcome.is_ok() {
                outcome = self.prove(&store, &manifest.name, entry, &identity).await;
            }
            all.push(Checked {
                place: entry.place.clone(),
                outcome: outcome.map(|()| entry.rows),
            });
        }
        Ok((manifest, all))
    }

    /// A backup and the store that has it.
    pub(crate) async fn find(&self, name: Option<&str>) -> Result<(Store, Manifest), BackupError> {
        let first = self.store()?;
        let second = self.config.second_directory.clone().map(Store::new);
        let name = name.map(str::to_owned);
        blocking(move || {
            let mut stores = vec![first];
            stores.extend(second);
            let name = if let Some(name) = name {
                name
            } else {
                let mut names = Vec::new();
                for store in &stores {
                    names.extend(store.list()?);
                }
                names.sort();
                names
                    .pop()
                    .ok_or_else(|| BackupError::Unknown("yet".to_owned()))?
            };
            let found = stores.into_iter().find(|store| store.has(&name));
            let store = found.ok_or_else(|| BackupError::Unknown(name.clone()))?;
            let manifest = store.manifest(&name)?;
            Ok((store, manifest))
        })
        .await
    }

    /// Restores one file to a scratch database and compares.
    pub(crate) async fn prove(
        &self,
        store: &Store,
        name: &str,
        entry: &Entry,
        identity: &Identity,
    ) -> Result<(), BackupError> {
        let source = store.open(name, entry, identity)?;
        let proof = self
            .tenants
            .prove(source)
            .await
            .map_err(|source| BackupError::Copy {
                file: entry.file.clone(),
                source,
            })?;
        same(entry, &proof.summary)
    }
}

/// The file must hold what the manifest says: another backup's file of the same place opens as well.
pub(crate) fn same(entry: &Entry, summary: &gantry_db::copy::Summary) -> Result<(), BackupError> {
    if summary.content == entry.content {
        Ok(())
    } else {
        Err(BackupError::Damaged {
            file: entry.file.clone(),
            detail: "its contents are not what the manifest says".to_owned(),
        })
    }
}
