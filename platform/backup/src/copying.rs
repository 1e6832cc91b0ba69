//! Copies of backups in the other stores: of the new one, and of those that were missed before.

use gantry_kernel::Timestamp;

use crate::store::{self, Place, Places};
use crate::{BackupError, BackupId, Backups, Manifest, evidence};

impl Backups {
    /// Copies a finished backup to the other stores and notes what became of it there. One that fails does not stop
    /// the others. When they were whole, `None` also when there is no other store, and whether all are.
    ///
    /// A store that took this one is then given what it missed before, while it was out of reach or not configured.
    pub(crate) async fn copies(
        &self,
        places: &Places,
        id: BackupId,
        manifest: &Manifest,
    ) -> Result<(Option<Timestamp>, bool), BackupError> {
        let (mut copied_at, mut whole) = (None, true);
        for place in &places.copies {
            let copied = place.store.copy_from(&places.first.store, manifest).await;
            let fault = copied.err().map(|error| error.to_string());
            if let Some(error) = &fault {
                tracing::error!(store = %place.kind, error, "a backup could not be copied");
            }
            let failed = fault.is_some();
            whole &= !failed;
            copied_at = Some(self.note_copy(id, place.kind, fault).await?);
            if !failed && let Err(error) = self.make_up(places, place).await {
                // It is still missed, which its own backup says; the next one tries again.
                tracing::error!(store = %place.kind, %error, "a copy that was missed is still missed");
            }
        }
        Ok((copied_at.filter(|_| whole), whole))
    }

    /// Copies what the first store has and the policy keeps to a store that has nothing of that name.
    async fn make_up(&self, places: &Places, to: &Place) -> Result<(), BackupError> {
        let names = places.first.store.list().await?;
        let there = to.store.list().await?;
        let taken: Vec<Timestamp> = names
            .iter()
            .filter_map(|name| store::taken_at(name))
            .collect();
        let kept = crate::keep(&taken, self.config.policy());
        let missed = names
            .iter()
            .zip(kept)
            .filter(|(name, kept)| *kept && !there.contains(name));
        for (name, _) in missed.rev() {
            let manifest = places.first.store.manifest(name).await?;
            to.store.copy_from(&places.first.store, &manifest).await?;
            let known = self
                .control
                .read(async |tx| evidence::by_name(tx, name).await)
                .await?;
            // Control may have been restored from before this backup.
            if let Some(backup) = known {
                self.note_copy(backup.id, to.kind, None).await?;
                self.control
                    .write(async move |tx| evidence::judge(tx, backup.id).await)
                    .await?;
            }
            tracing::info!(backup = name, store = %to.kind, "made up for a copy that was missed");
        }
        Ok(())
    }
}
