//! Taking a backup: control, then the tenants it knows, then the proof of each, the copies elsewhere, and
//! what retention lets go.

use std::path::PathBuf;
use std::sync::Arc;

use gantry_db::copy::{CopyError, Summary};
use gantry_db::{DbError, directory};
use gantry_kernel::{TenantId, Timestamp};

use crate::evidence::{self, whole};
use crate::manifest::{CONTROL, FORM};
use crate::notices;
use crate::store::{self, Places, Sink, Store, Turn};
use crate::works::{Watch, store as works};
use crate::{
    Backup, BackupError, BackupId, Backups, Cause, Entry, Evidence, Manifest, Missing, Recipient,
    State,
};

/// Tenants looked up at a time.
const PAGE: i64 = 200;

impl Backups {
    /// Takes a backup, proves it, copies it to the other stores and lets old ones go. A tenant that
    /// cannot be copied or proven does not stop the others: the backup is then `partial`.
    pub async fn run(&self, cause: Cause) -> Result<Backup, BackupError> {
        self.run_watched(cause, &mut Watch::of(None)).await
    }

    /// As [`Backups::run`], telling how far it has come.
    pub(crate) async fn run_watched(
        &self,
        cause: Cause,
        watch: &mut Watch,
    ) -> Result<Backup, BackupError> {
        if let Some(restore) = self.unfinished_restore().await? {
            return Err(BackupError::Restoring(restore.backup));
        }
        let places = self.places()?;
        let store = places.first.store.clone();
        let turn = store.turn().await?;
        let id: BackupId = self.kernel.id();
        let unique = id.uuid().simple().to_string();
        let name = store::name_of(self.kernel.now(), unique.get(24..).unwrap_or_default());
        let (noted, work) = (name.clone(), watch.work());
        self.control
            .write(async move |tx| {
                if let Some(work) = work {
                    works::makes(tx, work, id).await?;
                }
                evidence::begin(tx, id, &noted, cause).await
            })
            .await?;
        let scheduled = cause == Cause::Schedule;
        let outcome = self
            .take(&places, &turn, (id, scheduled), &name, watch)
            .await;
        if let Err(error) = &outcome {
            let why = error.to_string();
            if let Err(error) = store.abandon(&name).await {
                tracing::warn!(%error, "an unfinished backup stays behind until the next one");
            }
            self.control
                .write(async move |tx| {
                    evidence::end(tx, id, State::Failed, 0, None, Some(&why)).await
                })
                .await?;
        }
        drop(turn);
        outcome?;
        let backup = self
            .control
            .read(async |tx| evidence::by_id(tx, id).await)
            .await?
            .ok_or_else(|| BackupError::Unknown(id.to_string()))?;
        if backup.state == State::Done {
            // What was kept from before an upgrade is older than this and not proven.
            match self.tenants.forget_kept(backup.started_at).await {
                Ok(0) => {}
                Ok(copies) => tracing::info!(copies, "removed copies from before an upgrade"),
                Err(error) => tracing::warn!(%error, "copies from before an upgrade stay behind"),
            }
        }
        Ok(backup)
    }

    async fn take(
        &self,
        places: &Places,
        turn: &Turn,
        (id, scheduled): (BackupId, bool),
        name: &str,
        watch: &mut Watch,
    ) -> Result<(), BackupError> {
        watch.more(self, 2).await?;
        let store = &places.first.store;
        store.sweep(turn).await?;
        let own = self.clone();
        let identity = blocking(move || own.config.identity_or_new(&own.kernel)).await?;
        let identity = Arc::new(identity);
        let target = Target {
            store,
            name,
            folder: store.begin(name).await?,
            recipients: self.config.recipients_with(&identity),
        };
        let control = self.copy(None, &target).await?;
        watch.step(self).await?;
        let mut manifest = Manifest {
            form: FORM,
            name: name.to_owned(),
            taken_at: control.taken_at,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            recipients: target.recipients.iter().map(ToString::to_string).collect(),
            entries: vec![control],
            missing: Vec::new(),
        };
        self.tenants_into(&mut manifest, &target, watch).await?;
        store.finish(&manifest).await?;

        let mut failed = manifest.missing.len();
        for missing in &manifest.missing {
            let found = Evidence::failed(&missing.place, missing.error.clone());
            self.note(id, found).await?;
        }
        let proofs = self.proofs(store, &manifest, &identity).await;
        for entry in &manifest.entries {
            let (found, error) = proofs.of(self, entry).await;
            if let Some(error) = error {
                tracing::error!(place = entry.place, %error, "a backup could not be proven");
            }
            failed += usize::from(found.error.is_some());
            self.note(id, found).await?;
            watch.step(self).await?;
        }
        proofs.end().await;
        let (copied_at, copied) = self.copies(places, id, &manifest).await?;
        let mut error = None;
        if failed == 0
            && copied
            && let Err(failure) = self.let_go(places).await
        {
            error = Some(format!("old backups were not removed: {failure}"));
        }
        let state = if failed == 0 && copied && error.is_none() {
            State::Done
        } else {
            State::Partial
        };
        let bytes = whole(manifest.bytes());
        self.control
            .write(async move |tx| {
                evidence::end(tx, id, state, bytes, copied_at, error.as_deref()).await?;
                // Whoever asked for one by hand is told by the work.
                if scheduled && state != State::Done {
                    notices::schedule_failed(tx, Some(id)).await?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(())
    }

    /// The tenants that control knew when it was copied. Those that came later are not in this backup:
    /// nothing in it would know them.
    async fn tenants_into(
        &self,
        manifest: &mut Manifest,
        target: &Target<'_>,
        watch: &mut Watch,
    ) -> Result<(), BackupError> {
        let mut after: Option<TenantId> = None;
        loop {
            let page = self
                .control
                .read(async |tx| directory::list(tx, None, after, PAGE).await)
                .await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            let known = |tenant: &&directory::Tenant| {
                tenant.created_at <= manifest.taken_at && !tenant.database.is_empty()
            };
            let known: Vec<_> = page.iter().filter(known).collect();
            watch.more(self, 2 * known.len()).await?;
            for tenant in known {
                match self.copy(Some(tenant.id), target).await {
                    Ok(entry) => manifest.entries.push(entry),
                    // Without the store there is no backup at all; without a tenant there is.
                    Err(error @ BackupError::Bucket { .. }) => return Err(error),
                    Err(error) => {
                        tracing::error!(tenant = %tenant.id, %error, "a tenant is not in the backup");
                        let place = tenant.id.to_string();
                        store::discard(&target.folder, &place)?;
                        manifest.missing.push(Missing {
                            place,
                            error: error.to_string(),
                        });
                    }
                }
                watch.step(self).await?;
            }
        }
    }

    async fn copy(
        &self,
        tenant: Option<TenantId>,
        target: &Target<'_>,
    ) -> Result<Entry, BackupError> {
        let place = tenant.map_or_else(|| CONTROL.to_owned(), |id| id.to_string());
        let (to, of, own) = (target.folder.clone(), place.clone(), self.clone());
        let recipients = target.recipients.clone();
        let sink = blocking(move || store::sink(&to, &of, &recipients, &own.kernel)).await?;
        let cap = self.config.longest_copy.get();
        let copied: Result<(Sink, Summary), CopyError> = match tenant {
            None => self.control.copy_to(cap, sink).await,
            Some(id) => self.tenants.get(id).await?.copy_to(cap, sink).await,
        };
        let (sink, summary) = copied.map_err(|source| BackupError::Copy {
            file: store::file_of(&place),
            source,
        })?;
        let path = target.folder.join(store::file_of(&place));
        let (bytes, sha256) =
            blocking(move || store::close(sink).map_err(|e| store::failed(&path, e))).await?;
        let entry = Entry {
            file: store::file_of(&place),
            place,
            bytes,
            sha256,
            rows: summary.rows(),
            content: summary.content.clone(),
            taken_at: summary.header.taken_at(),
        };
        target.store.keep(target.name, &entry).await?;
        Ok(entry)
    }

    pub(crate) async fn note(&self, id: BackupId, found: Evidence) -> Result<(), BackupError> {
        Ok(self
            .control
            .write(async move |tx| evidence::note(tx, id, &found).await)
            .await?)
    }

    /// Removes what the policy does not keep, in all stores.
    async fn let_go(&self, places: &Places) -> Result<(), BackupError> {
        for place in places.all() {
            let names = place.store.list().await?;
            let taken: Vec<Timestamp> = names
                .iter()
                .filter_map(|name| store::taken_at(name))
                .collect();
            for (name, kept) in names
                .into_iter()
                .zip(crate::keep(&taken, self.config.policy()))
            {
                if kept {
                    continue;
                }
                place.store.remove(&name).await?;
                tracing::info!(backup = name, store = %place.kind, "removed an old backup");
                self.control
                    .write(async move |tx| evidence::removed(tx, &name).await)
                    .await?;
            }
        }
        Ok(())
    }

    /// The newest backups that control knows of.
    pub async fn list(&self, limit: i64) -> Result<Vec<Backup>, BackupError> {
        Ok(self
            .control
            .read(async |tx| evidence::page(tx, None, None, limit).await)
            .await?)
    }

    /// The evidence of a backup, place by place.
    pub async fn evidence(&self, id: BackupId) -> Result<Vec<Evidence>, BackupError> {
        Ok(self
            .control
            .read(async |tx| evidence::places(tx, id).await)
            .await?)
    }
}

/// What a backup that is being taken is written to.
struct Target<'a> {
    store: &'a Store,
    name: &'a str,
    folder: PathBuf,
    recipients: Vec<Recipient>,
}

/// Runs file work on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(BackupError::Panicked(error.to_string())))
}
