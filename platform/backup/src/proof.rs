//! The proof of each file of a backup: restored to scratch and compared, and asked through the API.

use std::sync::Arc;
use std::time::Duration;

use gantry_db::Engine;

use crate::manifest::CONTROL;
use crate::rehearsal::Rehearsal;
use crate::run::blocking;
use crate::smoke::Answers;
use crate::store::{self, Store};
use crate::verify::same;
use crate::{BackupError, Backups, Entry, Evidence, Identity, Manifest};

/// What is proven, and with what.
pub(crate) struct Proofs<'a> {
    store: &'a Store,
    manifest: &'a Manifest,
    identity: &'a Arc<Identity>,
    /// The restored installation, unless nobody can put the program together; or why it did not come about.
    rehearsal: Result<Option<Rehearsal>, String>,
}

impl Backups {
    /// Prepares the proof of a backup.
    pub(crate) async fn proofs<'a>(
        &self,
        store: &'a Store,
        manifest: &'a Manifest,
        identity: &'a Arc<Identity>,
    ) -> Proofs<'a> {
        let rehearsal = self.rehearsal(store, manifest, identity).await;
        Proofs {
            store,
            manifest,
            identity,
            rehearsal: rehearsal.map_err(|error| error.to_string()),
        }
    }
}

impl Proofs<'_> {
    /// The evidence of one file, with what is wrong with it.
    pub(crate) async fn of(
        &self,
        backups: &Backups,
        entry: &Entry,
    ) -> (Evidence, Option<BackupError>) {
        let clock = &backups.kernel.clock;
        let began = clock.monotonic();
        let mut found = Evidence::of(entry);
        let fault = match self.prove(backups, entry).await {
            Err(error) => Some(error),
            Ok(answers) => {
                let unserved = answers.as_ref().and_then(Answers::fault);
                found.answers = answers;
                unserved.map(|why| BackupError::Unserved {
                    file: entry.file.clone(),
                    why,
                })
            }
        };
        if let Some(fault) = &fault {
            found.error = Some(fault.to_string());
        } else {
            found.proven_at = Some(backups.kernel.now());
            found.restore_us = Some(micros(clock.monotonic().saturating_sub(began)));
        }
        (found, fault)
    }

    async fn prove(
        &self,
        backups: &Backups,
        entry: &Entry,
    ) -> Result<Option<Answers>, BackupError> {
        // What the API is asked over is restored to SQLite and compared, too.
        let rehearsed = matches!(self.rehearsal, Ok(Some(_)));
        if !rehearsed || backups.control.engine() != Engine::Sqlite {
            self.compare(backups, entry).await?;
        }
        self.ask(entry).await
    }

    /// Restores one file to scratch on the engine in use and compares.
    async fn compare(&self, backups: &Backups, entry: &Entry) -> Result<(), BackupError> {
        let file = self.store.fetch(&self.manifest.name, entry).await?;
        let (one, key) = (entry.clone(), Arc::clone(self.identity));
        let source = blocking(move || store::open(file, &one, &key)).await?;
        let proof = backups.tenants.prove(source).await;
        let proof = proof.map_err(|source| BackupError::Copy {
            file: entry.file.clone(),
            source,
        })?;
        same(entry, &proof.summary)
    }

    async fn ask(&self, entry: &Entry) -> Result<Option<Answers>, BackupError> {
        match &self.rehearsal {
            Ok(None) => Ok(None),
            Ok(Some(rehearsal)) if entry.place == CONTROL => Ok(Some(rehearsal.control().await)),
            Ok(Some(rehearsal)) => rehearsal
                .tenant(self.store, &self.manifest.name, entry, self.identity)
                .await
                .map(Some),
            Err(why) => Err(BackupError::Rehearsal(why.clone())),
        }
    }

    /// Removes what was restored.
    pub(crate) async fn end(self) {
        if let Ok(Some(rehearsal)) = self.rehearsal
            && let Err(error) = rehearsal.end().await
        {
            tracing::warn!(%error, "what was restored for proof stays behind until the next proof");
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
