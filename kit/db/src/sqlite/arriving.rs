//! A control database that was made in a folder apart takes its place.

use std::fs;
use std::path::Path;

use super::conn::{Mode, SqliteConn};
use super::files::{fold, io, sync_dir};
use crate::{DbError, SqliteConfig};

/// Moves the control database of the folder `apart` to `root`, where none may be, and removes the folder.
pub(crate) fn arrive(apart: &Path, root: &Path) -> Result<(), DbError> {
    let (from, to) = (apart.join("control.db"), root.join("control.db"));
    if to.try_exists().map_err(|e| io(&to, &e))? {
        return Err(DbError::Config(format!(
            "{} is there already",
            to.display()
        )));
    }
    let conn = SqliteConn::open(&from, Mode::Write, &SqliteConfig::default())?;
    fold(conn, &from)?;
    fs::File::open(&from)
        .and_then(|file| file.sync_all())
        .map_err(|e| io(&from, &e))?;
    fs::rename(&from, &to).map_err(|e| io(&to, &e))?;
    sync_dir(root)?;
    fs::remove_dir_all(apart).map_err(|e| io(apart, &e))
}
