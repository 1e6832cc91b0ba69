//! A folder of backups. A backup has its name only when all of it is there and synced; what is being
//! written has a name that ends in `.part`, and the next run removes it if it was left.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use gantry_kernel::crypto::{Sha256, hex};
use gantry_kernel::{Kernel, Timestamp};

use crate::age::{self, Opening, Sealing};
use crate::manifest::FORM;
use crate::{BackupError, Entry, Identity, Manifest, Recipient};

const MANIFEST: &str = "manifest.json";
const PART: &str = ".part";
const LOCK: &str = "gantry-backup.lock";
/// Fast, and most of the gain.
const LEVEL: i32 = 3;

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    root: PathBuf,
}

/// The right to write into the store, until it is dropped.
pub(crate) struct Turn {
    _lock: File,
}

/// The outermost layer first: what is written is compressed, sealed, hashed, and goes to a file.
pub(crate) type Sink = zstd::Encoder<'static, Sealing<Hashed<BufWriter<File>>>>;
/// And back.
pub(crate) type Source = zstd::Decoder<'static, BufReader<Opening<BufReader<File>>>>;

/// Counts and hashes what passes.
pub(crate) struct Hashed<W> {
    out: W,
    sum: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.out.write(data)?;
        self.sum.update(data.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Store {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Waits for nobody: two backups at once would only take turns at the same disk.
    pub(crate) fn turn(&self) -> Result<Turn, BackupError> {
        fs::create_dir_all(&self.root).map_err(|e| failed(&self.root, e))?;
        let path = self.root.join(LOCK);
        let lock = File::create(&path).map_err(|e| failed(&path, e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Turn { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(BackupError::Busy(self.root.clone())),
            Err(TryLockError::Error(error)) => Err(failed(&path, error)),
        }
    }

    /// Removes what interrupted runs left. Only during a turn.
    pub(crate) fn sweep(&self, _: &Turn) -> Result<(), BackupError> {
        for name in self.names(true)? {
            clear(&self.root.join(&name))?;
            tracing::info!(backup = name, "removed an unfinished backup");
        }
        Ok(())
    }

    /// Begins a backup's folder; answers where its files go.
    pub(crate) fn begin(&self, name: &str) -> Result<PathBuf, BackupError> {
        let path = self.root.join(format!("{name}{PART}"));
        fs::create_dir(&path).map_err(|e| failed(&path, e))?;
        Ok(path)
    }

    /// Ends a backup: its manifest, then its name.
    pub(crate) fn finish(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let part = self.root.join(format!("{}{PART}", manifest.name));
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

    /// Gives up a backup that was begun.
    pub(crate) fn abandon(&self, name: &str) -> Result<(), BackupError> {
        let path = self.root.join(format!("{name}{PART}"));
        clear(&path)
    }

    /// Copies a finished backup from another store, file by file, comparing each with the manifest
    /// as it is read back.
    pub(crate) fn copy_from(&self, other: &Self, manifest: &Manifest) -> Result<(), BackupError> {
        let turn = self.turn()?;
        self.sweep(&turn)?;
        let (from, to) = (other.folder(&manifest.name), self.begin(&manifest.name)?);
        for entry in &manifest.entries {
            let (source, target) = (from.join(&entry.file), to.join(&entry.file));
            fs::copy(&source, &target)
                .and_then(|_| File::open(&target)?.sync_all())
                .map_err(|e| failed(&target, e))?;
            unchanged(&target, entry)?;
        }
        self.finish(manifest)
    }

    /// The names of all finished backups, oldest first.
    pub(crate) fn list(&self) -> Result<Vec<String>, BackupError> {
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

    pub(crate) fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        if taken_at(name).is_none() {
            return Err(BackupError::Unknown(name.to_owned()));
        }
        let path = self.folder(name).join(MANIFEST);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::Unknown(name.to_owned()));
            }
            other => other.map_err(|e| failed(&path, e))?,
        };
        let damaged = |detail: String| BackupError::Damaged {
            file: format!("{name}/{MANIFEST}"),
            detail,
        };
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
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

    /// Removes a finished backup: the name goes first, so that there is never half of one.
    pub(crate) fn remove(&self, name: &str) -> Result<(), BackupError> {
        let (whole, part) = (self.folder(name), self.root.join(format!("{name}{PART}")));
        fs::rename(&whole, &part).map_err(|e| failed(&whole, e))?;
        sync(&self.root)?;
        fs::remove_dir_all(&part).map_err(|e| failed(&part, e))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.folder(name).is_dir()
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Opens a file of a finished backup.
    pub(crate) fn open(
        &self,
        name: &str,
        entry: &Entry,
        identity: &Identity,
    ) -> Result<Source, BackupError> {
        let path = self.folder(name).join(&entry.file);
        let file = File::open(&path).map_err(|e| failed(&path, e))?;
        let opened =
            age::open(BufReader::new(file), identity).map_err(|source| BackupError::Sealed {
                file: entry.file.clone(),
                source,
            })?;
        zstd::Decoder::new(opened).map_err(|e| failed(&path, e))
    }

    /// Whether a file is byte for byte what its manifest says; needs no key.
    pub(crate) fn check(&self, name: &str, entry: &Entry) -> Result<(), BackupError> {
        unchanged(&self.folder(name).join(&entry.file), entry)
    }
}

/// The file of a place.
pub(crate) fn file_of(place: &str) -> String {
    format!("{place}.copy.zst.age")
}

/// A new file in the folder of a backup that was begun.
pub(crate) fn sink(
    folder: &Path,
    place: &str,
    recipients: &[Recipient],
    kernel: &Kernel,
) -> Result<Sink, BackupError> {
    let path = folder.join(file_of(place));
    let file = File::create_new(&path).map_err(|e| failed(&path, e))?;
    let hashed = Hashed {
        out: BufWriter::with_capacity(1 << 18, file),
        sum: Sha256::new(),
        bytes: 0,
    };
    let sealed = age::seal(hashed, recipients, kernel).map_err(|source| BackupError::Sealed {
        file: file_of(place),
        source,
    })?;
    zstd::Encoder::new(sealed, LEVEL).map_err(|e| failed(&path, e))
}

/// Ends and syncs a file; its length and hash.
pub(crate) fn close(sink: Sink) -> io::Result<(u64, String)> {
    let hashed = sink.finish()?.finish()?;
    let file = hashed
        .out
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok((hashed.bytes, hex(&hashed.sum.finish())))
}

/// The name of a backup: when it was taken, and something that no other has.
pub(crate) fn name_of(taken_at: Timestamp, unique: &str) -> String {
    let at = taken_at.to_string();
    let stamp: String = at
        .chars()
        .take(19)
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{stamp}Z-{unique}")
}

/// When a backup of this name was taken, to the second; `None` for other folders.
pub(crate) fn taken_at(name: &str) -> Option<Timestamp> {
    let (stamp, unique) = name.split_once('-')?;
    let well_formed = !unique.is_empty() && unique.bytes().all(|byte| byte.is_ascii_hexdigit());
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    well_formed.then(|| Timestamp::from_micros(at.timestamp().as_microsecond()))
}

fn unchanged(path: &Path, entry: &Entry) -> Result<(), BackupError> {
    let mut file = File::open(path).map_err(|e| failed(path, e))?;
    let (mut sum, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 18]);
    loop {
        let count = file.read(&mut piece).map_err(|e| failed(path, e))?;
        if count == 0 {
            break;
        }
        sum.update(piece.get(..count).unwrap_or_default());
        bytes += count as u64;
    }
    let damaged = |detail: String| BackupError::Damaged {
        file: path.display().to_string(),
        detail,
    };
    if bytes != entry.bytes {
        return Err(damaged(format!(
            "it has {bytes} bytes, the manifest says {}",
            entry.bytes
        )));
    }
    if hex(&sum.finish()) != entry.sha256 {
        return Err(damaged("its hash is not the manifest's".to_owned()));
    }
    Ok(())
}

/// A run that was given up may still be writing its last file there.
fn clear(folder: &Path) -> Result<(), BackupError> {
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

pub(crate) fn failed(path: &Path, source: io::Error) -> BackupError {
    BackupError::Store {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_and_nothing_else_is_taken_for_one() {
        let at = Timestamp::from_micros(1_795_271_400_123_456);
        let name = name_of(at, "0a1b");
        assert_eq!(name, "20261121T143000Z-0a1b");
        assert_eq!(
            taken_at(&name),
            Some(Timestamp::from_micros(1_795_271_400_000_000))
        );
        for other in [
            "lost+found",
            "20261121T143000Z-",
            "20261121T143000Z-../x",
            "..",
            "",
        ] {
            assert_eq!(taken_at(other), None, "{other}");
        }
    }
}
