//! Checking a backup that is there: its files against the manifest, their contents against their
//! hashes, and each by restoring it to a scratch database.

use std::sync::Arc;

use crate::run::blocking;
use crate::store::{Kind, Place, Store};
use crate::works::Watch;
use crate::{BackupError, BackupId, Backups, Entry, Manifest, evidence};

/// What was found out about one file.
#[derive(Debug)]
pub struct Checked {
    /// `control`, or a tenant's id.
    pub place: String,
    /// Rows in it, or why it cannot be restored.
    pub outcome: Result<u64, BackupError>,
}

/// What was found out about a backup.
#[derive(Debug)]
pub struct Verified {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Each of its files.
    pub checked: Vec<Checked>,
    /// Its copies in other stores: whether all files of each are there and unchanged.
    pub copies: Vec<(Kind, Result<(), BackupError>)>,
}

impl Backups {
    /// Checks every file of a backup (the newest, without a name) in the first store that has it and restores it to
    /// scratch; its copies in the other stores are read and compared.
    pub async fn verify(&self, name: Option<&str>) -> Result<Verified, BackupError> {
        self.verify_watched(name, &mut Watch::of(None)).await
    }

    /// Whether each configured store can be used, with how it is called.
    pub async fn probe(&self) -> Result<Vec<(String, Result<(), BackupError>)>, BackupError> {
        let mut all = Vec::new();
        for place in self.places()?.all() {
            all.push((place.store.label(), place.store.probe().await));
        }
        Ok(all)
    }

    /// As [`Backups::verify`], telling how far it has come. What is found out becomes the evidence of the
    /// backup, if control knows it.
    pub(crate) async fn verify_watched(
        &self,
        name: Option<&str>,
        watch: &mut Watch,
    ) -> Result<Verified, BackupError> {
        let (place, manifest) = self.places()?.find(name).await?;
        let own = self.clone();
        let identity = Arc::new(blocking(move || own.config.identity()).await?);
        let known = self
            .control
            .read(async |tx| evidence::by_name(tx, &manifest.name).await)
            .await?;
        watch.more(self, manifest.entries.len()).await?;
        let mut all = Vec::new();
        let proofs = self.proofs(&place.store, &manifest, &identity).await;
        for entry in &manifest.entries {
            let (found, error) = proofs.of(self, entry).await;
            if let Some(backup) = &known {
                self.note(backup.id, found).await?;
            }
            all.push(Checked {
                place: entry.place.clone(),
                outcome: error.map_or(Ok(entry.rows), Err),
            });
            watch.step(self).await?;
        }
        proofs.end().await;
        let id = known.map(|backup| backup.id);
        let copies = self.look_at_copies(&place, &manifest, id).await?;
        if let Some(id) = id {
            self.control
                .write(async move |tx| evidence::looked_at(tx, id).await)
                .await?;
        }
        Ok(Verified {
            manifest,
            checked: all,
            copies,
        })
    }

    /// Reads the copies of a backup in the stores behind the one that was looked at.
    async fn look_at_copies(
        &self,
        looked_at: &Place,
        manifest: &Manifest,
        id: Option<BackupId>,
    ) -> Result<Vec<(Kind, Result<(), BackupError>)>, BackupError> {
        let mut all = Vec::new();
        for place in self.places()?.copies {
            if place.kind <= looked_at.kind {
                continue;
            }
            let compared = compare(&place.store, manifest).await;
            if let Some(id) = id {
                let fault = compared.as_ref().err().map(ToString::to_string);
                self.note_copy(id, place.kind, fault).await?;
            }
            all.push((place.kind, compared));
        }
        Ok(all)
    }
}

/// Whether a store has all of a backup, unchanged.
async fn compare(store: &Store, manifest: &Manifest) -> Result<(), BackupError> {
    let there = store.manifest(&manifest.name).await?;
    if there != *manifest {
        return Err(BackupError::Damaged {
            file: format!("{}/{}", store.label(), manifest.name),
            detail: "its manifest is another".to_owned(),
        });
    }
    for entry in &manifest.entries {
        store.check(&manifest.name, entry).await?;
    }
    Ok(())
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
