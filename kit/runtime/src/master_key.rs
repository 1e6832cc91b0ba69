//! The master key: from the configuration, or from a file beside the data directory that the first
//! start makes. Beside, not inside, so that whoever copies the data has not copied its key with it.
//!
//! A value sealed under the key lies in control. It is checked before anything else is read: a
//! process that starts with another key would otherwise find each sealed secret broken, one request
//! at a time, and would seal new ones that the right key cannot open.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_db::{ControlDb, ControlTx, DbError, args, sql};
use gantry_kernel::crypto::{Keyring, SealError, sha256_hex};
use gantry_kernel::{Kernel, Secret};

const PLACE: &str = "runtime/key_check";
const PROOF: &[u8] = b"gantry";

const WARNING: &str = "\
The file beside this one whose name ends in .master-key opens every secret Gantry keeps in its
database: signing keys, tokens, passwords of mail servers.

- Without it the data directory and its backups are useless. Keep a copy, apart from the backups.
- With it, a copy of the data is open. Never put it into a backup of the data, an image or a
  repository.
- To keep it elsewhere, give it as GANTRY_MASTER_KEY or master_key_file and delete the file here.
";

/// Why there is no usable master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Not 32 bytes in base64.
    #[error(
        "the master key from {0} is not 32 bytes in base64 (44 characters, as \"openssl rand -base64 32\" prints)"
    )]
    NotAKey(String),
    /// There is sealed data and no key.
    #[error(
        "the data was sealed under a master key that is not here: put it back at {} or give it as GANTRY_MASTER_KEY; \
         without it the sealed data cannot be opened, and no new key is made", .0.display()
    )]
    Missing(PathBuf),
    /// There is sealed data and another key.
    #[error(
        "the data was sealed under another master key than the one from {0}; give the right one, nothing was changed"
    )]
    Wrong(String),
    /// The key file cannot be read or made.
    #[error("cannot use {}: {source}; the key can also be given as GANTRY_MASTER_KEY", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Control could not be asked.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A key that fits the data.
#[derive(Debug)]
pub struct MasterKey {
    /// The ring to seal and open with.
    pub keyring: Keyring,
    /// The file it lives in, unless the configuration names the key.
    pub file: Option<PathBuf>,
    /// It was made just now.
    pub generated: bool,
    /// People other than the file's owner can read it.
    pub exposed: bool,
}

/// Where the key of a data directory lies: `data` has it at `data.master-key`.
pub fn path_of(data: &Path) -> PathBuf {
    beside(data, ".master-key")
}

fn beside(data: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(data.components().as_path());
    name.push(suffix);
    name.into()
}

/// Finds or makes the key and proves that it is the one the data was sealed under. `configured` is
/// the key with the words for where it came from.
pub async fn settle(
    configured: Option<(&Secret<String>, String)>,
    data: &Path,
    control: &ControlDb,
    kernel: &Kernel,
) -> Result<MasterKey, MasterKeyError> {
    let sealed: Option<Vec<u8>> = control
        .read(async |tx: &mut ControlTx| load(tx).await)
        .await?;
    let data = std::path::absolute(data).map_err(|source| MasterKeyError::Io {
        path: data.to_owned(),
        source,
    })?;
    let path = path_of(&data);
    let mut key = match configured {
        Some((text, origin)) => MasterKey {
            keyring: ring(text, &origin)?,
            file: None,
            generated: false,
            exposed: false,
        },
        None => match read(&path)? {
            Some(text) => MasterKey {
                keyring: ring(&text, &path.display().to_string())?,
                exposed: readable_by_others(&path)?,
                file: Some(path),
                generated: false,
            },
            None if sealed.is_some() => return Err(MasterKeyError::Missing(path)),
            None => MasterKey {
                keyring: generate(&data, &path, kernel)?,
                file: Some(path),
                generated: true,
                exposed: false,
            },
        },
    };
    let fits = match sealed {
        Some(sealed) => opens(&key.keyring, &sealed),
        None => enrol(&mut key, control, kernel).await?,
    };
    if fits {
        return Ok(key);
    }
    let origin = key.file.map_or_else(
        || "the configuration".to_owned(),
        |path| path.display().to_string(),
    );
    Err(MasterKeyError::Wrong(origin))
}

fn opens(keyring: &Keyring, sealed: &[u8]) -> bool {
    keyring
        .open(PLACE, sealed)
        .is_ok_and(|plain| plain.expose() == PROOF)
}

/// Seals the check value; on PostgreSQL another process may have been first, and then its key counts.
async fn enrol(
    key: &mut MasterKey,
    control: &ControlDb,
    kernel: &Kernel,
) -> Result<bool, MasterKeyError> {
    let sealed = key.keyring.seal(&*kernel.entropy, PLACE, PROOF)?;
    let stored = control
        .write(async move |tx: &mut ControlTx| {
            let now = tx.now();
            tx.execute(
                sql!(
                    "INSERT INTO key_check (id, sealed, created_at) VALUES (1, $1, $2) \
                     ON CONFLICT (id) DO NOTHING"
                ),
                &args![sealed.clone(), now],
            )
            .await?;
            load(tx).await
        })
        .await?;
    Ok(stored.is_some_and(|stored| opens(&key.keyring, &stored)))
}

async fn load(tx: &mut ControlTx) -> Result<Option<Vec<u8>>, DbError> {
    let row = tx
        .opt::<(Vec<u8>,)>(sql!("SELECT sealed FROM key_check WHERE id = 1"), &args![])
        .await?;
    Ok(row.map(|(sealed,)| sealed))
}

fn ring(text: &Secret<String>, origin: &str) -> Result<Keyring, MasterKeyError> {
    let refuse = || MasterKeyError::NotAKey(origin.to_owned());
    let bytes = Secret::new(
        STANDARD
            .decode(text.expose().trim())
            .map_err(|_| refuse())?,
    );
    let key: [u8; 32] = bytes.expose().as_slice().try_into().map_err(|_| refuse())?;
    // The id tells keys apart in sealed values and in messages; 32 bits of a hash of 256 random
    // bits say nothing about them.
    let id: String = sha256_hex(&key).chars().take(8).collect();
    Ok(Keyring::new(&format!("k-{id}"), key)?)
}

fn read(path: &Path) -> Result<Option<Secret<String>>, MasterKeyError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MasterKeyError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn generate(data: &Path, path: &Path, kernel: &Kernel) -> Result<Keyring, MasterKeyError> {
    let mut key = Secret::new([0; 32]);
    kernel.entropy.fill(key.expose_mut());
    let text = Secret::new(format!("{}\n", STANDARD.encode(key.expose())));
    let warning = beside(data, ".master-key.README.txt");
    let failed = |source| MasterKeyError::Io {
        path: path.to_owned(),
        source,
    };
    write_private(&warning, WARNING.as_bytes()).map_err(failed)?;
    write_private(path, text.expose().as_bytes()).map_err(failed)?;
    ring(&text, &path.display().to_string())
}

/// Writes a file that is there whole or not at all, also after a power cut, and is its owner's alone.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut unfinished = OsString::from(path);
    unfinished.push(".new");
    let mut options = OpenOptions::new();
    // A file that is there already has a mode and perhaps a reader of its own: what an interrupted attempt left goes first.
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> Result<bool, MasterKeyError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).map_err(|source| MasterKeyError::Io {
        path: path.to_owned(),
        source,
    })?;
    Ok(metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Result<bool, MasterKeyError> {
    Ok(false)
}
