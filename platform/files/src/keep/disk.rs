//! A folder: a subfolder for each tenant, in it one for the last two characters of the files' ids.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use gantry_kernel::TenantId;

use super::{KeepError, Object};

/// What is being written; left by a process that died, it is written over by nobody and removed with the tenant.
const PART: &str = "part";

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Names are made of ids alone; nothing that anybody typed is in them.
    fn path(&self, object: Object) -> PathBuf {
        let id = object.file.to_string();
        let last = id.get(id.len().saturating_sub(2)..).unwrap_or_default();
        let folder = self.root.join(object.tenant.to_string()).join(last);
        folder.join(format!("{id}.{}", object.variant))
    }

    pub(super) async fn put(&self, object: Object, bytes: Vec<u8>) -> Result<(), KeepError> {
        let path = self.path(object);
        on_disk(path, move |path| write(path, &bytes)).await
    }

    pub(super) async fn get(&self, object: Object) -> Result<Option<Bytes>, KeepError> {
        let path = self.path(object);
        on_disk(path, |path| match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(|bytes| Some(bytes.into())),
        })
        .await
    }

    pub(super) async fn delete(&self, object: Object) -> Result<(), KeepError> {
        let path = self.path(object);
        on_disk(path, |path| match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        })
        .await
    }

    pub(super) async fn forget(&self, tenant: TenantId) -> Result<(), KeepError> {
        let path = self.root.join(tenant.to_string());
        on_disk(path, |path| match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        })
        .await
    }
}

/// Under another name first, so that there is never half of one under its own.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    if !folder.is_dir() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        for above in folder.ancestors().skip(1).take(2) {
            sync(above)?;
        }
    }
    let part = path.with_extension(PART);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    sync(folder)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

async fn on_disk<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, KeepError> {
    let at = path.clone();
    let done = tokio::task::spawn_blocking(move || work(&at)).await;
    done.map_err(io::Error::other)
        .flatten()
        .map_err(|source| KeepError::Disk { path, source })
}
