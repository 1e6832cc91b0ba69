//! Copies of databases from before an upgrade changed their schema. They lie beside the data and are made at
//! once, so they help against a migration that goes wrong and against nothing else; a backup replaces them.

use std::path::{Path, PathBuf};

use gantry_kernel::Timestamp;

use crate::sqlite::make_dir;
use crate::{DbError, Tenants};

/// The folder, and what is kept under which name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keep(Option<PathBuf>);

impl Keep {
    pub(crate) const fn new(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// The file for a copy of this database; `None` when none is kept.
    pub(crate) fn file(&self, what: &str, extension: &str) -> Result<Option<PathBuf>, DbError> {
        let Some(folder) = &self.0 else {
            return Ok(None);
        };
        make_dir(folder).map_err(|error| refused(what, &error))?;
        Ok(Some(folder.join(format!("{what}.{extension}"))))
    }
}

pub(crate) fn refused(what: &str, why: &dyn std::fmt::Display) -> DbError {
    DbError::NotKept {
        what: what.to_owned(),
        why: why.to_string(),
    }
}

impl Tenants {
    /// Removes the copies from before upgrades that are older than `before`; answers how many. To be called when
    /// something better is there: a backup that was begun then, and proven.
    pub async fn forget_kept(&self, before: Timestamp) -> Result<usize, DbError> {
        let Some(folder) = self.shared().config.keep_before_upgrade.clone() else {
            return Ok(0);
        };
        crate::database::blocking(move || forget(&folder, before)).await
    }
}

fn forget(folder: &Path, before: Timestamp) -> Result<usize, DbError> {
    let failed =
        |error: std::io::Error| DbError::Unavailable(format!("{}: {error}", folder.display()));
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        other => other.map_err(failed)?,
    };
    let mut gone = 0;
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let made = entry.metadata().and_then(|data| data.modified());
        let made = made
            .map_err(failed)?
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
            .and_then(|at| i64::try_from(at.as_micros()).ok());
        if made.is_some_and(|made| made < before.as_micros()) {
            std::fs::remove_file(entry.path()).map_err(failed)?;
            gone += 1;
        }
    }
    Ok(gone)
}
