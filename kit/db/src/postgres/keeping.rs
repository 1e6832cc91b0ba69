//! Keeping a database as it was before its schema changes: as a portable copy, because the server makes its own
//! copies only of databases that nobody is connected to.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use gantry_kernel::Timestamp;

use super::admin::Server;
use super::conn::{PgConn, UNBOUNDED};
use super::error::failure;
use crate::DbError;
use crate::copy::{CopyError, apart, dump_postgres};
use crate::keep::refused;
use crate::migrate::{self, Plan};

impl Server {
    /// Copies the connection's database if the plan changes it. An older copy gives way when the new one is whole.
    pub(super) async fn keep_before(
        &self,
        conn: PgConn,
        what: &str,
        plan: &Plan,
    ) -> Result<PgConn, DbError> {
        let Some(applied) = migrate::postgres_applied(&conn).await? else {
            return Ok(conn);
        };
        if !plan.changes(&applied)? {
            return Ok(conn);
        }
        let Some(to) = self.keep.file(what, "copy")? else {
            return Ok(conn);
        };
        let (plan, now, path) = (plan.clone(), self.kernel.now(), to.clone());
        let kept = apart(async move { written(conn, &plan, now, &path).await }).await;
        let conn = kept.map_err(|error| refused(what, &error))?;
        tracing::info!(database = what, copy = %to.display(), "kept a copy before the upgrade");
        Ok(conn)
    }
}

async fn written(
    conn: PgConn,
    plan: &Plan,
    now: Timestamp,
    to: &Path,
) -> Result<PgConn, CopyError> {
    let next = to.with_extension("next");
    let file = BufWriter::new(File::create(&next).map_err(CopyError::Write)?);
    let failed = |error| CopyError::Db(failure(&error));
    let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {UNBOUNDED}");
    conn.raw_batch(&begin).await.map_err(failed)?;
    let dumped = dump_postgres(&conn, plan, now, file).await;
    // Nothing was written in it, so its end is all the same.
    conn.raw_batch("ROLLBACK").await.map_err(failed)?;
    let (file, _) = dumped?;
    let file = file
        .into_inner()
        .map_err(|e| CopyError::Write(e.into_error()))?;
    file.sync_all().map_err(CopyError::Write)?;
    fs::rename(&next, to).map_err(CopyError::Write)?;
    Ok(conn)
}
