//! Checking a backup that is there: its files against the manifest, their contents against their
//! hashes, and each by restoring it to a scratch database.

use crate::run::blocking;
use crate::store::Store;
use crate::works::Watch;
use crate::{BackupConfig, BackupError, Backups, Entry, Evidence, Identity, Manifest, evidence};

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
        self.verify_watched(name, &mut Watch::of(None)).await
    }

    /// As [`Backups::verify`], telling how far it has come. What is found out becomes the evidence of the
    /// backup, if control knows it.
    pub(crate) async fn verify_watched(
        &self,
        name: Option<&str>,
        watch: &mut Watch,
    ) -> Result<(Manifest, Vec<Checked>), BackupError> {
        let (store, manifest) = self.find(name).await?;
        let own = self.clone();
        let identity = blocking(move || own.config.identity()).await?;
        let known = self
            .control
            .read(async |tx| evidence::by_name(tx, &manifest.name).await)
            .await?;
        watch.more(self, manifest.entries.len()).await?;
        let mut all = Vec::new();
        for entry in &manifest.entries {
            let (found, outcome) = self
                .looked_at(&store, &manifest.name, entry, &identity)
                .await;
            if let Some(backup) = &known {
                self.note(backup.id, found).await?;
            }
            all.push(Checked {
                place: entry.place.clone(),
                outcome,
            });
            watch.step(self).await?;
        }
        if let Some(backup) = known {
            self.control
                .write(async move |tx| evidence::looked_at(tx, backup.id).await)
                .await?;
        }
        Ok((manifest, all))
    }

    async fn looked_at(
        &self,
        store: &Store,
        name: &str,
        entry: &Entry,
        identity: &Identity,
    ) -> (Evidence, Result<u64, BackupError>) {
        let (files, called, one) = (store.clone(), name.to_owned(), entry.clone());
        let checked = blocking(move || files.check(&called, &one)).await;
        let outcome = match checked {
            Ok(()) => self.proof(store, name, entry, identity).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(found) => (found, Ok(entry.rows)),
            Err(error) => {
                let found = Evidence {
                    error: Some(error.to_string()),
                    ..Evidence::of(entry)
                };
                (found, Err(error))
            }
        }
    }

    /// A backup and the store that has it.
    pub(crate) async fn find(&self, name: Option<&str>) -> Result<(Store, Manifest), BackupError> {
        self.config.find(name).await
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

impl BackupConfig {
    /// A backup (the newest, without a name) and the store that has it.
    pub(crate) async fn find(&self, name: Option<&str>) -> Result<(Store, Manifest), BackupError> {
        let first = self.store()?;
        let second = self.second_directory.clone().map(Store::new);
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

    pub(crate) fn store(&self) -> Result<Store, BackupError> {
        self.directory
            .clone()
            .map(Store::new)
            .ok_or(BackupError::NotConfigured)
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
