//! Keeping a file as it was before its schema changes.

use std::fs;
use std::path::Path;

use super::conn::SqliteConn;
use super::files::{discard, io, snapshot, sync_dir};
use crate::keep::{Keep, refused};
use crate::migrate::{self, Plan};
use crate::{DbError, SqliteConfig};

/// Copies the open file if the plan changes it. An older copy gives way when the new one is whole.
pub(super) fn keep_before(
    keep: &Keep,
    conn: &SqliteConn,
    path: &Path,
    plan: &Plan,
    config: &SqliteConfig,
) -> Result<(), DbError> {
    let Some(applied) = migrate::sqlite_applied(conn)? else {
        return Ok(());
    };
    if !plan.changes(&applied)? {
        return Ok(());
    }
    let what = path
        .file_stem()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let Some(to) = keep.file(&what, "db")? else {
        return Ok(());
    };
    let next = to.with_extension("next");
    let made = discard(&next)
        .and_then(|()| snapshot(path, &next, config))
        .and_then(|()| fs::rename(&next, &to).map_err(|e| io(&to, &e)))
        .and_then(|()| to.parent().map_or(Ok(()), sync_dir));
    made.map_err(|error| refused(&what, &error))?;
    tracing::info!(database = what, copy = %to.display(), "kept a copy before the upgrade");
    Ok(())
}
