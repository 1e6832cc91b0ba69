//! The master keys: from the configuration, or from a file beside the data directory that the first
//! start makes. Beside, not inside, so that whoever copies the data has not copied its key with it.
//!
//! Several may be given: the first seals, the others only open what was sealed before. Control holds a
//! known text sealed under each key that something may still need; all of them are opened before anything
//! else is read. A process that starts without one of them would otherwise find sealed secrets broken, one
//! request at a time, and one with another key would seal new ones that the right key cannot open.

mod error;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_audit::{Entry, Target};
use gantry_db::{ControlDb, ControlTx, DbError, args, from_row, sql};
use gantry_kernel::crypto::{Keyring, sha256_hex};
use gantry_kernel::{Actor, Kernel, Secret};

pub use error::MasterKeyError;

const PLACE: &str = "key_check/proof";
const PROOF: &[u8] = b"gantry";

const WARNING: &str = "\
The file beside this one whose name ends in .master-key opens every secret Gantry keeps in its
database: signing keys, tokens, passwords of mail servers.

- Without it the data directory and its backups are useless. Keep a copy, apart from the backups.
- With it, a copy of the data is open. Never put it into a backup of the data, an image or a
  repository.
- To keep it elsewhere, give it as GANTRY_MASTER_KEY or master_key_file and delete the file here.
";

/// Keys that fit the data.
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

/// Finds or makes the keys and proves that they are those the data was sealed under. `configured` is
/// the text of the keys with the words for where it came from.
pub async fn settle(
    configured: Option<(&Secret<String>, String)>,
    data: &Path,
    control: &ControlDb,
    kernel: &Kernel,
) -> Result<MasterKey, MasterKeyError> {
    let proofs = control
        .read(async |tx: &mut ControlTx| load(tx).await)
        .await?;
    let data = std::path::absolute(data).map_err(|source| MasterKeyError::Io {
        path: data.to_owned(),
        source,
    })?;
    let path = path_of(&data);
    let key = match find(configured, &path, &proofs)? {
        Some(key) => key,
        None => MasterKey {
            keyring: generate(&data, &path, kernel)?,
            file: Some(path),
            generated: true,
            exposed: false,
        },
    };
    let known = |proofs: &[Proof]| {
        let current = key.keyring.current();
        proofs.iter().any(|proof| proof.key_id == current)
    };
    let proofs = if known(&proofs) {
        proofs
    } else {
        enrol(&key.keyring, control, kernel).await?
    };
    refuse_strangers(&key, &proofs)?;
    Ok(key)
}

/// The same without making or writing anything: whether the keys fit the data of `control`, should there be any yet.
/// `None` when the first start would make a key.
pub async fn look(
    configured: Option<(&Secret<String>, String)>,
    data: &Path,
    control: Option<&ControlDb>,
) -> Result<Option<MasterKey>, MasterKeyError> {
    let proofs = match control {
        Some(control) => {
            let read = control.read(async |tx: &mut ControlTx| load(tx).await);
            read.await?
        }
        None => Vec::new(),
    };
    let key = find(configured, &path_of(data), &proofs)?;
    if let Some(key) = &key {
        refuse_strangers(key, &proofs)?;
    }
    Ok(key)
}

/// The keys that were given, or lie at `path`; `None` when there are none and nothing needs one.
fn find(
    configured: Option<(&Secret<String>, String)>,
    path: &Path,
    proofs: &[Proof],
) -> Result<Option<MasterKey>, MasterKeyError> {
    let mut key = match configured {
        Some((text, origin)) => MasterKey {
            keyring: ring(text, &origin)?,
            file: None,
            generated: false,
            exposed: false,
        },
        None => match read(path)? {
            Some(text) => MasterKey {
                keyring: ring(&text, &path.display().to_string())?,
                file: Some(path.to_owned()),
                generated: false,
                exposed: false,
            },
            None if proofs.is_empty() => return Ok(None),
            None => {
                let needed = proofs.iter().map(|proof| proof.key_id.clone()).collect();
                let path = path.to_owned();
                return Err(MasterKeyError::Missing { path, needed });
            }
        },
    };
    if let Some(file) = &key.file {
        key.exposed = readable_by_others(file)?;
    }
    Ok(Some(key))
}

/// What a key was enrolled with.
#[derive(Clone)]
pub(crate) struct Proof {
    pub(crate) key_id: String,
    proof: Vec<u8>,
}

from_row!(Proof { key_id, proof });

fn opens(keyring: &Keyring, proof: &Proof) -> bool {
    keyring
        .open(PLACE, &proof.proof)
        .is_ok_and(|plain| plain.expose() == PROOF)
}

/// Every key that was enrolled must be here.
fn refuse_strangers(key: &MasterKey, proofs: &[Proof]) -> Result<(), MasterKeyError> {
    let strange: Vec<&Proof> = proofs
        .iter()
        .filter(|proof| !opens(&key.keyring, proof))
        .collect();
    if strange.is_empty() {
        return Ok(());
    }
    let ids = |proofs: &[&Proof]| proofs.iter().map(|proof| proof.key_id.clone()).collect();
    let origin = key.file.as_ref().map_or_else(
        || "the configuration".to_owned(),
        |path| path.display().to_string(),
    );
    Err(if strange.len() == proofs.len() {
        MasterKeyError::Wrong {
            origin,
            needed: ids(&strange),
            given: key.keyring.ids().map(str::to_owned).collect(),
        }
    } else {
        MasterKeyError::Incomplete {
            origin,
            missing: ids(&strange),
        }
    })
}

/// Adds the key that seals from now on, unless one of those enrolled before is not here: on PostgreSQL another process
/// may have been first, and then its key counts.
async fn enrol(
    keyring: &Keyring,
    control: &ControlDb,
    kernel: &Kernel,
) -> Result<Vec<Proof>, MasterKeyError> {
    let fresh = Proof {
        key_id: keyring.current().to_owned(),
        proof: keyring.seal(&*kernel.entropy, PLACE, PROOF)?,
    };
    let before = control
        .read(async |tx: &mut ControlTx| load(tx).await)
        .await?;
    let fitting: Vec<String> = before
        .iter()
        .filter(|proof| opens(keyring, proof))
        .map(|proof| proof.key_id.clone())
        .collect();
    Ok(control
        .write(async move |tx: &mut ControlTx| add(tx, &fresh, &fitting).await)
        .await?)
}

/// Adds a key if all that are there are among `fitting`; answers what is there then.
async fn add(tx: &mut ControlTx, fresh: &Proof, fitting: &[String]) -> Result<Vec<Proof>, DbError> {
    let mut proofs = load(tx).await?;
    let known = proofs.iter().any(|proof| proof.key_id == fresh.key_id);
    if known || !proofs.iter().all(|proof| fitting.contains(&proof.key_id)) {
        return Ok(proofs);
    }
    let now = tx.now();
    tx.execute(
        sql!("insert into key_check (key_id, proof, created_at) values ($1, $2, $3)"),
        &args![fresh.key_id, fresh.proof, now],
    )
    .await?;
    if !proofs.is_empty() {
        note(
            tx,
            Actor::System,
            "runtime.master_key.changed",
            &fresh.key_id,
        )
        .await?;
    }
    proofs.push(fresh.clone());
    Ok(proofs)
}

/// The keys that something may still be sealed under, oldest first.
pub(crate) async fn load(tx: &mut ControlTx) -> Result<Vec<Proof>, DbError> {
    tx.all(
        sql!("select key_id, proof from key_check order by created_at, key_id"),
        &args![],
    )
    .await
}

/// Forgets a key that nothing is sealed under any more: a start needs it no longer.
pub(crate) async fn retire(tx: &mut ControlTx, key_id: &str) -> Result<(), DbError> {
    let removed = tx
        .execute(
            sql!("delete from key_check where key_id = $1"),
            &args![key_id],
        )
        .await?;
    if removed > 0 {
        note(tx, Actor::Rescue, "runtime.master_key.retired", key_id).await?;
    }
    Ok(())
}

async fn note(
    tx: &mut ControlTx,
    actor: Actor,
    action: &'static str,
    key_id: &str,
) -> Result<(), DbError> {
    let entry = Entry::new(actor, action, Target::new("master_key", key_id));
    gantry_audit::append(tx, entry).await?;
    Ok(())
}

/// The keys in a text, with white space between them: the first seals.
fn ring(text: &Secret<String>, origin: &str) -> Result<Keyring, MasterKeyError> {
    let refuse = || MasterKeyError::NotAKey(origin.to_owned());
    let mut words = text.expose().split_ascii_whitespace();
    let (id, key) = words.next().and_then(read_key).ok_or_else(refuse)?;
    let mut ring = Keyring::new(&id, key)?;
    for word in words {
        let (id, key) = read_key(word).ok_or_else(refuse)?;
        ring.add(&id, key)?;
    }
    Ok(ring)
}

fn read_key(text: &str) -> Option<(String, [u8; 32])> {
    let bytes = Secret::new(STANDARD.decode(text).ok()?);
    let key: [u8; 32] = bytes.expose().as_slice().try_into().ok()?;
    // The id tells keys apart in sealed values and in messages; 32 bits of a hash of 256 random
    // bits say nothing about them.
    let id: String = sha256_hex(&key).chars().take(8).collect();
    Some((format!("k-{id}"), key))
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
