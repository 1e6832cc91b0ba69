//! Where backups are kept: a folder, or a bucket of an object store. A backup is listed when its manifest is there, and the
//! manifest is written last; what a process left half done is removed by the next run.

mod bucket;
mod file;
mod folder;
mod name;
mod places;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use bucket::Bucket;
pub(crate) use file::{Sink, close, file_of, open, sink};
pub(crate) use folder::{Folder, clear, discard};
pub(crate) use name::{name_of, taken_at};
pub use places::Kind;
pub(crate) use places::{Place, Places};

use crate::manifest::FORM;
use crate::run::blocking;
use crate::{BackupError, Entry, Manifest};

const MANIFEST: &str = "manifest.json";
const LOCK: &str = "gantry-backup.lock";

/// A folder or a bucket. Files in it are named by their backup and the entry of its manifest.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Folder(Folder),
    Bucket(Bucket),
}

/// The right to write into a store, until it is dropped.
pub(crate) struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits for nobody: two backups at once would only take turns at the same disk.
    pub(crate) fn take(folder: &Path, label: String) -> Result<Self, BackupError> {
        fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
        let path = folder.join(LOCK);
        let lock = File::create(&path).map_err(|e| failed(&path, e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(BackupError::Busy(label)),
            Err(TryLockError::Error(error)) => Err(failed(&path, error)),
        }
    }
}

impl Store {
    /// How it is called where somebody reads it.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Folder(folder) => folder.label(),
            Self::Bucket(bucket) => bucket.label(),
        }
    }

    /// The right to write here, which one process at a time has.
    pub(crate) async fn turn(&self) -> Result<Turn, BackupError> {
        match self.clone() {
            Self::Folder(folder) => blocking(move || folder.turn()).await,
            Self::Bucket(bucket) => blocking(move || bucket.turn()).await,
        }
    }

    /// Removes what interrupted runs left. Only during a turn.
    pub(crate) async fn sweep(&self, _: &Turn) -> Result<(), BackupError> {
        match self.clone() {
            Self::Folder(folder) => blocking(move || folder.sweep()).await,
            Self::Bucket(bucket) => bucket.sweep().await,
        }
    }

    /// Begins a backup; answers the folder that its files are written to, each followed by [`Store::keep`].
    pub(crate) async fn begin(&self, name: &str) -> Result<PathBuf, BackupError> {
        let name = name.to_owned();
        match self.clone() {
            Self::Folder(folder) => blocking(move || folder.begin(&name)).await,
            Self::Bucket(bucket) => blocking(move || bucket.begin(&name)).await,
        }
    }

    /// A file of a backup that was begun is complete in its folder.
    pub(crate) async fn keep(&self, name: &str, entry: &Entry) -> Result<(), BackupError> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Bucket(bucket) => bucket.keep(name, entry).await,
        }
    }

    /// Ends a backup: from now on it is listed.
    pub(crate) async fn finish(&self, manifest: &Manifest) -> Result<(), BackupError> {
        match self.clone() {
            Self::Folder(folder) => {
                let manifest = manifest.clone();
                blocking(move || folder.finish(&manifest)).await
            }
            Self::Bucket(bucket) => bucket.finish(manifest).await,
        }
    }

    /// Gives up a backup that was begun.
    pub(crate) async fn abandon(&self, name: &str) -> Result<(), BackupError> {
        match self.clone() {
            Self::Folder(folder) => {
                let name = name.to_owned();
                blocking(move || folder.abandon(&name)).await
            }
            Self::Bucket(bucket) => bucket.abandon(name).await,
        }
    }

    /// Copies a finished backup from another store, file by file, comparing each with the manifest as it
    /// is read back.
    pub(crate) async fn copy_from(
        &self,
        other: &Self,
        manifest: &Manifest,
    ) -> Result<(), BackupError> {
        let turn = self.turn().await?;
        self.sweep(&turn).await?;
        let copied = self.copy_files(other, manifest).await;
        if copied.is_err()
            && let Err(error) = self.abandon(&manifest.name).await
        {
            tracing::warn!(%error, "an unfinished copy stays behind until the next one");
        }
        copied
    }

    async fn copy_files(&self, other: &Self, manifest: &Manifest) -> Result<(), BackupError> {
        self.begin(&manifest.name).await?;
        for entry in &manifest.entries {
            let file = other.fetch(&manifest.name, entry).await?;
            match self.clone() {
                Self::Folder(folder) => {
                    let (name, entry) = (manifest.name.clone(), entry.clone());
                    blocking(move || folder.receive(&name, &entry, file)).await?;
                }
                Self::Bucket(bucket) => bucket.receive(&manifest.name, entry, file).await?,
            }
        }
        self.finish(manifest).await
    }

    /// The names of all finished backups, oldest first.
    pub(crate) async fn list(&self) -> Result<Vec<String>, BackupError> {
        match self.clone() {
            Self::Folder(folder) => blocking(move || folder.list()).await,
            Self::Bucket(bucket) => bucket.list().await,
        }
    }

    pub(crate) async fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        if taken_at(name).is_none() {
            return Err(BackupError::Unknown(name.to_owned()));
        }
        match self.clone() {
            Self::Folder(folder) => {
                let name = name.to_owned();
                blocking(move || folder.manifest(&name)).await
            }
            Self::Bucket(bucket) => bucket.manifest(name).await,
        }
    }

    /// Removes a finished backup. It is not listed any more before the first of its files goes.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), BackupError> {
        match self.clone() {
            Self::Folder(folder) => {
                let name = name.to_owned();
                blocking(move || folder.remove(&name)).await
            }
            Self::Bucket(bucket) => bucket.remove(name).await,
        }
    }

    /// Whether there is a finished backup of this name.
    pub(crate) async fn has(&self, name: &str) -> Result<bool, BackupError> {
        match self {
            Self::Folder(folder) => Ok(folder.has(name)),
            Self::Bucket(bucket) => bucket.has(name).await,
        }
    }

    /// A file of a finished backup, found to be byte for byte what the manifest says, at its beginning. What comes from
    /// a bucket lies on this disk as long as it is open.
    pub(crate) async fn fetch(&self, name: &str, entry: &Entry) -> Result<File, BackupError> {
        match self.clone() {
            Self::Folder(folder) => {
                let (name, entry) = (name.to_owned(), entry.clone());
                blocking(move || folder.fetch(&name, &entry)).await
            }
            Self::Bucket(bucket) => bucket.fetch(name, entry).await,
        }
    }

    /// Whether the store can be used: listed, and in a bucket an object written, read and deleted.
    pub(crate) async fn probe(&self) -> Result<(), BackupError> {
        match self {
            Self::Folder(_) => self.list().await.map(drop),
            Self::Bucket(bucket) => bucket.probe().await,
        }
    }

    /// Reads a file of a finished backup to its end and compares it with the manifest; needs no key.
    pub(crate) async fn check(&self, name: &str, entry: &Entry) -> Result<(), BackupError> {
        match self {
            Self::Folder(_) => self.fetch(name, entry).await.map(drop),
            Self::Bucket(bucket) => bucket.check(name, entry).await,
        }
    }
}

fn read_manifest(name: &str, text: &[u8]) -> Result<Manifest, BackupError> {
    let damaged = |detail: String| BackupError::Damaged {
        file: format!("{name}/{MANIFEST}"),
        detail,
    };
    let manifest: Manifest =
        serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
    if manifest.form != FORM || manifest.name != name {
        return Err(damaged(
            "it belongs to another backup or program".to_owned(),
        ));
    }
    // A file's name leads out of the folder only in a manifest that somebody changed.
    if let Some(entry) = manifest
        .entries
        .iter()
        .find(|entry| entry.file != file_of(&entry.place))
    {
        return Err(damaged(format!("it names a file {}", entry.file)));
    }
    Ok(manifest)
}

pub(crate) fn failed(path: &Path, source: io::Error) -> BackupError {
    BackupError::Store {
        path: path.to_owned(),
        source,
    }
}
