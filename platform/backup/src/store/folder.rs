//! A folder of backups. A backup has its name only when all of it is there and synced; what is being
//! written has a name that ends in `.part`, and the next run removes it if it was left.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file::{file_of, unchanged};
use super::{MANIFEST, Turn, failed, read_manifest, taken_at};
use crate::{BackupError, Entry, Manifest};

const PART: &str = ".part";

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn label(&self) -> String {
        self.root.display().to_string()
    }

    pub(super) fn turn(&self) -> Result<Turn, BackupError> {
        Turn::take(&self.root, self.label())
    }

    pub(super) fn sweep(&self) -> Result<(), BackupError> {
        for name in self.names(true)? {
            clear(&self.root.join(&name))?;
            tracing::info!(backup = name, "removed an unfinished backup");
        }
        Ok(())
    }

    pub(super) fn begin(&self, name: &str) -> Result<PathBuf, BackupError> {
        let path = self.part(name);
        fs::create_dir(&path).map_err(|e| failed(&path, e))?;
        Ok(path)
    }

    /// The manifest, then the name.
    pub(super) fn finish(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let part = self.part(&manifest.name);
        let path = part.join(MANIFEST);
        let text = serde_json::to_vec_pretty(manifest).map_err(|e| failed(&path, e.into()))?;
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()
        });
        written.map_err(|e| failed(&path, e))?;
        sync(&part)?;
        let whole = self.folder(&manifest.name);
        fs::rename(&part, &whole).map_err(|e| failed(&whole, e))?;
        sync(&self.root)
    }

    pub(super) fn abandon(&self, name: &str) -> Result<(), BackupError> {
        clear(&self.part(name))
    }

    /// Takes a file of another store's backup into one that was begun, comparing it as it is read back.
    pub(super) fn receive(
        &self,
        name: &str,
        entry: &Entry,
        mut from: File,
    ) -> Result<(), BackupError> {
        let path = self.part(name).join(&entry.file);
        let copied = File::create_new(&path).and_then(|mut to| {
            io::copy(&mut from, &mut to)?;
            to.sync_all()
        });
        copied.map_err(|e| failed(&path, e))?;
        let mut back = File::open(&path).map_err(|e| failed(&path, e))?;
        unchanged(&mut back, &path, entry)
    }

    pub(super) fn list(&self) -> Result<Vec<String>, BackupError> {
        self.names(false)
    }

    fn names(&self, unfinished: bool) -> Result<Vec<String>, BackupError> {
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|e| failed(&self.root, e))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| failed(&self.root, e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let bare = name.strip_suffix(PART);
            if entry.path().is_dir()
                && bare.is_some() == unfinished
                && taken_at(bare.unwrap_or(&name)).is_some()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        let path = self.folder(name).join(MANIFEST);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(BackupError::Unknown(name.to_owned()))
            }
            Err(error) => Err(failed(&path, error)),
            Ok(text) => read_manifest(name, &text),
        }
    }

    /// Removes a finished backup: the name goes first, so that there is never half of one.
    pub(super) fn remove(&self, name: &str) -> Result<(), BackupError> {
        let (whole, part) = (self.folder(name), self.part(name));
        fs::rename(&whole, &part).map_err(|e| failed(&whole, e))?;
        sync(&self.root)?;
        fs::remove_dir_all(&part).map_err(|e| failed(&part, e))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.folder(name).is_dir()
    }

    pub(super) fn fetch(&self, name: &str, entry: &Entry) -> Result<File, BackupError> {
        let path = self.folder(name).join(&entry.file);
        let mut file = File::open(&path).map_err(|e| failed(&path, e))?;
        unchanged(&mut file, &path, entry)?;
        Ok(file)
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn part(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}{PART}"))
    }
}

/// Removes the half of a file.
pub(crate) fn discard(folder: &Path, place: &str) -> Result<(), BackupError> {
    let path = folder.join(file_of(place));
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, error)),
        _ => Ok(()),
    }
}

/// A run that was given up may still be writing its last file there.
pub(crate) fn clear(folder: &Path) -> Result<(), BackupError> {
    const ATTEMPTS: u32 = 20;
    for attempt in 1.. {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error)
                if error.kind() == io::ErrorKind::DirectoryNotEmpty && attempt < ATTEMPTS => {}
            other => return other.map_err(|e| failed(folder, e)),
        }
    }
    Ok(())
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| failed(folder, e))
}
