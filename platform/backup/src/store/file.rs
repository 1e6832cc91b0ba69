//! One file of a backup: a copy of a database, compressed, sealed, and hashed on the way.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use gantry_kernel::Kernel;
use gantry_kernel::crypto::{Sha256, hex};

use super::failed;
use crate::age::{self, Opening, Sealing};
use crate::{BackupError, Entry, Identity, Recipient};

/// Fast, and most of the gain.
const LEVEL: i32 = 3;

/// The outermost layer first: what is written is compressed, sealed, hashed, and goes to a file.
pub(crate) type Sink = zstd::Encoder<'static, Sealing<Hashed<BufWriter<File>>>>;
/// And back.
pub(crate) type Source = zstd::Decoder<'static, BufReader<Opening<BufReader<File>>>>;

/// Counts and hashes what passes.
pub(crate) struct Hashed<W> {
    out: W,
    sum: Sum,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.out.write(data)?;
        self.sum.add(data.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Length and hash of what was seen so far.
pub(super) struct Sum {
    hash: Sha256,
    bytes: u64,
}

impl Sum {
    pub(super) fn new() -> Self {
        Self {
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    pub(super) fn add(&mut self, data: &[u8]) {
        self.hash.update(data);
        self.bytes += data.len() as u64;
    }

    /// Whether that is what the manifest says of `entry`; `file` is how it is called.
    pub(super) fn must_be(self, entry: &Entry, file: String) -> Result<(), BackupError> {
        let detail = if self.bytes != entry.bytes {
            format!(
                "it has {} bytes, the manifest says {}",
                self.bytes, entry.bytes
            )
        } else if hex(&self.hash.finish()) != entry.sha256 {
            "its hash is not the manifest's".to_owned()
        } else {
            return Ok(());
        };
        Err(BackupError::Damaged { file, detail })
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
        sum: Sum::new(),
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
    Ok((hashed.sum.bytes, hex(&hashed.sum.hash.finish())))
}

/// Opens a file that was fetched.
pub(crate) fn open(file: File, entry: &Entry, identity: &Identity) -> Result<Source, BackupError> {
    let sealed = |source| BackupError::Sealed {
        file: entry.file.clone(),
        source,
    };
    let opened = age::open(BufReader::new(file), identity).map_err(sealed)?;
    zstd::Decoder::new(opened).map_err(|e| sealed(e.into()))
}

/// Whether a file is byte for byte what its manifest says; needs no key. It is left at its beginning.
pub(super) fn unchanged(file: &mut File, path: &Path, entry: &Entry) -> Result<(), BackupError> {
    let (mut sum, mut piece) = (Sum::new(), vec![0; 1 << 18]);
    loop {
        let count = file.read(&mut piece).map_err(|e| failed(path, e))?;
        if count == 0 {
            break;
        }
        sum.add(piece.get(..count).unwrap_or_default());
    }
    sum.must_be(entry, path.display().to_string())?;
    file.rewind().map_err(|e| failed(path, e))
}
