//! One server per data directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

use crate::DbError;

/// Held by `gantry serve` while it uses a data directory with SQLite. The operating system releases
/// it with the process, however that ends. Rescue commands do not take it: SQLite's own locks keep
/// their few writes apart from the server's.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

impl DataDirLock {
    /// Takes the lock, or says that another server has it.
    pub fn take(data_dir: &Path) -> Result<Self, DbError> {
        let failed = |e: std::io::Error| {
            DbError::Unavailable(format!("cannot lock {}: {e}", data_dir.display()))
        };
        fs::create_dir_all(data_dir).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(data_dir.join("gantry.lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DbError::Config(format!(
                "another gantry server uses {}; stop it first or choose another data directory",
                data_dir.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
