//! Taking a backup: control, then the tenants it knows, then the proof of each, the second copy, and
//! what retention lets go.

use std::path::{Path, PathBuf};

use gantry_db::copy::{CopyError, Summary};
use gantry_db::{DbError, directory};
use gantry_kernel::{TenantId, Timestamp};

use crate::evidence::{self, whole};
use crate::manifest::{CONTROL, FORM};
use crate::notices;
use crate::store::{self, Sink, Store};
use crate::works::{Watch, store as works};
use crate::{
    Backup, BackupError, BackupId, Backups, Cause, Entry, Evidence, Identity, Manifest, Missing,
    Recipient, State,
};

/// Tenants looked up at a time.
const PAGE: i64 = 200;

impl Backups {
    /// Takes a backup, proves it, copies it to the second folder and lets old ones go. A tenant that
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
        let store = self.config.store()?;
        let (held, own) = (store.clone(), self.clone());
        let (turn, identity) = blocking(move || {
            let turn = held.turn()?;
            held.sweep(&turn)?;
            Ok((turn, own.config.identity_or_new(&own.kernel)?))
        })
        .await?;
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
            .take(&store, (id, scheduled), &name, &identity, watch)
            .await;
        if let Err(error) = &outcome {
            let (why, left) = (error.to_string(), store.clone());
            if let Err(error) = blocking(move || left.abandon(&name)).await {
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
        store: &Store,
        (id, scheduled): (BackupId, bool),
        name: &str,
        identity: &Identity,
        watch: &mut Watch,
    ) -> Result<(), BackupError> {
        watch.more(self, 2).await?;
        let recipients = self.config.recipients_with(identity);
        let (at, called) = (store.clone(), name.to_owned());
        let folder = blocking(move || at.begin(&called)).await?;
        let control = self.copy(None, &folder, &recipients).await?;
        watch.step(self).await?;
        let mut manifest = Manifest {
            form: FORM,
            name: name.to_owned(),
            taken_at: control.taken_at,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            recipients: recipients.iter().map(ToString::to_string).collect(),
            entries: vec![control],
            missing: Vec::new(),
        };
        self.tenants_into(&mut manifest, &folder, &recipients, watch)
            .await?;
        let (at, written) = (store.clone(), manifest.clone());
        blocking(move || at.finish(&written)).await?;

        let mut failed = manifest.missing.len();
        for missing in &manifest.missing {
            let found = Evidence::failed(&missing.place, missing.error.clone());
            self.note(id, found).await?;
        }
        for entry in &manifest.entries {
            let found = self.proven(store, name, entry, identity).await;
            failed += usize::from(found.error.is_some());
            self.note(id, found).await?;
            watch.step(self).await?;
        }
        let (copied_at, mut error) = match self.second(store, &manifest).await {
            Ok(at) => (at, None),
            Err(error) => (None, Some(format!("the second copy: {error}"))),
        };
        if failed == 0
            && error.is_none()
            && let Err(failure) = self.let_go(store).await
        {
            error = Some(format!("old backups were not removed: {failure}"));
        }
        let state = if failed == 0 && error.is_none() {
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
        folder: &Path,
        recipients: &[Recipient],
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
                match self.copy(Some(tenant.id), folder, recipients).await {
                    Ok(entry) => manifest.entries.push(entry),
                    Err(error) => {
                        tracing::error!(tenant = %tenant.id, %error, "a tenant is not in the backup");
                        let place = tenant.id.to_string();
                        discard(folder, &place)?;
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
        folder: &Path,
        recipients: &[Recipient],
    ) -> Result<Entry, BackupError> {
        let place = tenant.map_or_else(|| CONTROL.to_owned(), |id| id.to_string());
        let (to, of, own) = (folder.to_owned(), place.clone(), self.clone());
        let recipients = recipients.to_vec();
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
        let path = folder.join(store::file_of(&place));
        let (bytes, sha256) =
            blocking(move || store::close(sink).map_err(|e| store::failed(&path, e))).await?;
        Ok(Entry {
            file: store::file_of(&place),
            place,
            bytes,
            sha256,
            rows: summary.rows(),
            content: summary.content.clone(),
            taken_at: summary.header.taken_at(),
        })
    }

    async fn proven(
        &self,
        store: &Store,
        name: &str,
        entry: &Entry,
        identity: &Identity,
    ) -> Evidence {
        match self.proof(store, name, entry, identity).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(place = entry.place, %error, "a backup could not be restored");
                Evidence {
                    error: Some(error.to_string()),
                    ..Evidence::of(entry)
                }
            }
        }
    }

    /// Restores one file to scratch, and the evidence of that.
    pub(crate) async fn proof(
        &self,
        store: &Store,
        name: &str,
        entry: &Entry,
        identity: &Identity,
    ) -> Result<Evidence, BackupError> {
        let began = self.kernel.clock.monotonic();
        self.prove(store, name, entry, identity).await?;
        Ok(Evidence {
            proven_at: Some(self.kernel.now()),
            restore_us: Some(micros(self.kernel.clock.monotonic().saturating_sub(began))),
            ..Evidence::of(entry)
        })
    }

    pub(crate) async fn note(&self, id: BackupId, found: Evidence) -> Result<(), BackupError> {
        Ok(self
            .control
            .write(async move |tx| evidence::note(tx, id, &found).await)
            .await?)
    }

    async fn second(
        &self,
        store: &Store,
        manifest: &Manifest,
    ) -> Result<Option<Timestamp>, BackupError> {
        let Some(second) = self.config.second_directory.clone().map(Store::new) else {
            return Ok(None);
        };
        let (from, manifest) = (store.clone(), manifest.clone());
        blocking(move || second.copy_from(&from, &manifest)).await?;
        Ok(Some(self.kernel.now()))
    }

    /// Removes what the policy does not keep, in both folders.
    async fn let_go(&self, store: &Store) -> Result<(), BackupError> {
        let stores: Vec<Store> = [Some(store.clone())]
            .into_iter()
            .chain([self.config.second_directory.clone().map(Store::new)])
            .flatten()
            .collect();
        for store in stores {
            let policy = self.config.policy();
            let gone = blocking(move || {
                let names = store.list()?;
                let taken: Vec<Timestamp> = names
                    .iter()
                    .filter_map(|name| store::taken_at(name))
                    .collect();
                let mut gone = Vec::new();
                for (name, kept) in names.iter().zip(crate::keep(&taken, policy)) {
                    if !kept {
                        store.remove(name)?;
                        gone.push(name.clone());
                    }
                }
                Ok(gone)
            })
            .await?;
            for name in gone {
                tracing::info!(backup = name, "removed an old backup");
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

/// Removes the half of a file.
fn discard(folder: &Path, place: &str) -> Result<(), BackupError> {
    let path: PathBuf = folder.join(store::file_of(place));
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(store::failed(&path, error))
        }
        _ => Ok(()),
    }
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Runs file work on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(BackupError::Panicked(error.to_string())))
}
