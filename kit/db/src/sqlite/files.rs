//! The files of SQLite databases: control, templates, tenants and snapshots.
//!
//! A tenant's file appears under its name complete and synced, or not at all: it is a copy of a
//! migrated template, made under a temporary name, marked with its owner, flushed and renamed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gantry_kernel::{Slug, TenantId, Timestamp};
use rusqlite::OptionalExtension;

use super::conn::{Mode, SqliteConn};
use super::error::failure;
use super::keeping::keep_before;
use crate::keep::Keep;
use crate::migrate::{self, Plan};
use crate::{DbError, Engine, SqliteConfig};

/// Who a tenant's database says it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) tenant: TenantId,
    pub(crate) incarnation: i64,
}

/// The data directory.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    root: PathBuf,
    config: SqliteConfig,
    keep: Keep,
}

impl Files {
    pub(crate) fn new(root: PathBuf, config: SqliteConfig) -> Self {
        Self {
            root,
            config,
            keep: Keep::default(),
        }
    }

    /// Keeping copies from before upgrades.
    pub(crate) fn keeping(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    pub(crate) fn control(&self) -> PathBuf {
        self.root.join("control.db")
    }

    /// The name of the file of a tenant's life below `tenants/`. The folder is the end of the id, its
    /// random part: the beginning is the time, which would fill one folder after the other.
    pub(crate) fn name(id: TenantId, incarnation: i64) -> String {
        let text = id.to_string();
        let folder = text.get(text.len() - 2..).unwrap_or("00");
        if incarnation == 1 {
            format!("{folder}/{text}.db")
        } else {
            format!("{folder}/{text}.{incarnation}.db")
        }
    }

    /// The file at an address of the directory.
    pub(crate) fn at(&self, address: &str) -> PathBuf {
        self.root.join("tenants").join(address)
    }

    /// Opens or makes the control database and brings it to the plan.
    pub(crate) fn open_control(&self, plan: &Plan, now: Timestamp) -> Result<usize, DbError> {
        make_dir(&self.root)?;
        let path = self.control();
        let conn = SqliteConn::open(&path, Mode::Create, &self.config)?;
        keep_before(&self.keep, &conn, &path, plan, &self.config)?;
        let count = migrate::on_sqlite(&conn, plan, now)?;
        sync_dir(&self.root)?;
        Ok(count)
    }

    /// Brings a tenant's file to the plan after checking whose it is; `None` when there is none.
    pub(crate) fn open_tenant(
        &self,
        address: &str,
        owner: Owner,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<Option<usize>, DbError> {
        let path = self.at(address);
        if !path.try_exists().map_err(|e| io(&path, &e))? {
            return Ok(None);
        }
        let conn = SqliteConn::open(&path, Mode::Write, &self.config)?;
        check_owner(&conn, owner)?;
        keep_before(&self.keep, &conn, &path, plan, &self.config)?;
        migrate::on_sqlite(&conn, plan, now).map(Some)
    }

    /// Closes a tenant's file to writes, or opens it to them again; on disk when this returns.
    pub(crate) fn set_fence(&self, address: &str, up: bool) -> Result<(), DbError> {
        let conn = SqliteConn::open(&self.at(address), Mode::Write, &self.config)?;
        let number = i32::from(up);
        conn.batch(&format!(
            "PRAGMA synchronous = FULL; BEGIN IMMEDIATE; PRAGMA user_version = {number}; COMMIT"
        ))
    }

    /// Closes a file that is no tenant's any more to writes; one that was removed is as good.
    pub(crate) fn fence_for_good(&self, address: &str) -> Result<(), DbError> {
        if !self.at(address).exists() {
            return Ok(());
        }
        self.set_fence(address, true)
    }

    /// The bytes of a tenant's file and its log.
    pub(crate) fn size(&self, address: &str) -> Option<u64> {
        let path = self.at(address);
        let file = fs::metadata(&path).ok()?.len();
        let log = fs::metadata(beside(&path, "-wal")).map_or(0, |data| data.len());
        Some(file + log)
    }

    /// Removes a tenant's file.
    pub(crate) fn remove(&self, address: &str) -> Result<(), DbError> {
        let path = self.at(address);
        discard(&path)?;
        sync_dir(parent(&path)?)
    }

    /// Makes a tenant's file; one that is there already must belong to the same owner.
    pub(crate) fn provision(
        &self,
        owner: Owner,
        slug: &Slug,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let address = Self::name(owner.tenant, owner.incarnation);
        if self.open_tenant(&address, owner, plan, now)?.is_some() {
            return Ok(());
        }
        let _turn = self.turn()?;
        if self.open_tenant(&address, owner, plan, now)?.is_some() {
            return Ok(());
        }
        let template = self.template(plan, now)?;
        let path = self.at(&address);
        let folder = parent(&path)?;
        make_dir(folder)?;
        drafted(&path, |draft| {
            fs::copy(&template, draft).map_err(|e| io(draft, &e))?;
            let conn = SqliteConn::open(draft, Mode::Write, &self.config)?;
            conn.raw()
                .execute(
                    "INSERT INTO _meta (one, tenant_id, slug, incarnation, created_at) \
                     VALUES (1, $1, $2, $3, $4)",
                    rusqlite::params![
                        owner.tenant.to_string(),
                        slug.as_str(),
                        owner.incarnation,
                        now.as_micros()
                    ],
                )
                .map_err(|e| failure(&e))?;
            fold(conn, draft)
        })
    }

    /// Waits for the right to make files, which ends with the returned handle. An attempt that was
    /// given up goes on in its thread, and its draft must not get under the hands of the next one: the
    /// later rename would put a half-made file, or an empty one, in the place of a tenant's data.
    fn turn(&self) -> Result<File, DbError> {
        let path = self.root.join("making.lock");
        let turn = File::create(&path).map_err(|e| io(&path, &e))?;
        turn.lock().map_err(|e| io(&path, &e))?;
        Ok(turn)
    }

    /// The migrated, empty database every tenant of this schema starts as; only during a turn.
    fn template(&self, plan: &Plan, now: Timestamp) -> Result<PathBuf, DbError> {
        let folder = self.root.join("templates");
        let path = folder.join(format!("{}.db", plan.fingerprint(Engine::Sqlite)));
        if path.try_exists().map_err(|e| io(&path, &e))? {
            return Ok(path);
        }
        make_dir(&folder)?;
        drafted(&path, |draft| {
            let conn = SqliteConn::open(draft, Mode::Create, &self.config)?;
            migrate::on_sqlite(&conn, plan, now)?;
            fold(conn, draft)
        })?;
        Ok(path)
    }
}

/// Whether the open database belongs to this owner.
fn check_owner(conn: &SqliteConn, owner: Owner) -> Result<(), DbError> {
    let found: Option<(String, i64)> = conn
        .raw()
        .query_row("SELECT tenant_id, incarnation FROM _meta", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(|e| match failure(&e) {
            DbError::Other(detail) => DbError::Corrupt(detail),
            other => other,
        })?;
    same_owner(owner, found)
}

/// Compares what a database says with what the directory says.
pub(crate) fn same_owner(owner: Owner, found: Option<(String, i64)>) -> Result<(), DbError> {
    match found {
        Some((id, incarnation))
            if id == owner.tenant.to_string() && incarnation == owner.incarnation =>
        {
            Ok(())
        }
        Some((id, incarnation)) => Err(DbError::Corrupt(format!(
            "the database of tenant {} incarnation {} says it is {id} incarnation {incarnation}",
            owner.tenant, owner.incarnation
        ))),
        None => Err(DbError::Corrupt(format!(
            "the database of tenant {} has no owner",
            owner.tenant
        ))),
    }
}

/// Makes a file under another name and gives it its own once it is whole and synced. What fails
/// leaves nothing.
pub(crate) fn drafted<T, E: From<DbError>>(
    path: &Path,
    make: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    let draft = path.with_extension("draft");
    discard(&draft)?;
    let outcome = make(&draft).and_then(|value| {
        File::open(&draft)
            .and_then(|file| file.sync_all())
            .map_err(|e| io(&draft, &e))?;
        fs::rename(&draft, path).map_err(|e| io(path, &e))?;
        Ok(value)
    });
    if outcome.is_err()
        && let Err(left) = discard(&draft)
    {
        tracing::warn!(draft = %draft.display(), error = %left, "a draft stays behind");
    }
    let value = outcome?;
    sync_dir(parent(path)?)?;
    Ok(value)
}

/// Closes a draft with all of its log in the file. Closing alone would do that too, but keeps silent
/// when it cannot (the disk is full) and leaves a file that is empty without its log.
pub(crate) fn fold(conn: SqliteConn, draft: &Path) -> Result<(), DbError> {
    let busy: i64 = conn
        .raw()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))
        .map_err(|e| failure(&e))?;
    if busy != 0 {
        return Err(DbError::Unavailable(format!(
            "{}: somebody else has the draft open",
            draft.display()
        )));
    }
    conn.close()?;
    let log = beside(draft, "-wal");
    match fs::metadata(&log) {
        Ok(left) if left.len() > 0 => Err(DbError::Unavailable(format!(
            "{}: the log was not folded in",
            log.display()
        ))),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io(&log, &error)),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes what an interrupted attempt left.
pub(crate) fn discard(draft: &Path) -> Result<(), DbError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(beside(draft, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io(draft, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Copies a live database to a new file: one consistent state, synced, under its name only when
/// complete.
pub(crate) fn snapshot(from: &Path, to: &Path, config: &SqliteConfig) -> Result<(), DbError> {
    if to.try_exists().map_err(|e| io(to, &e))? {
        return Err(DbError::Config(format!("{} exists already", to.display())));
    }
    let source = SqliteConn::open(from, Mode::Read, config)?;
    drafted(to, |draft| {
        let mut copy = rusqlite::Connection::open(draft).map_err(|e| failure(&e))?;
        {
            let backup =
                rusqlite::backup::Backup::new(source.raw(), &mut copy).map_err(|e| failure(&e))?;
            // All pages in one step: a writer in between would make SQLite begin again.
            match backup.step(-1).map_err(|e| failure(&e))? {
                rusqlite::backup::StepResult::Done => {}
                _ => {
                    return Err(DbError::Busy(
                        "the database cannot be copied now".to_owned(),
                    ));
                }
            }
        }
        copy.close().map_err(|(_, e)| failure(&e))
    })
}

/// Makes a directory (and those above it) so that its name survives power loss.
pub(crate) fn make_dir(path: &Path) -> Result<(), DbError> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path)?;
    make_dir(above)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(io(path, &error)),
        _ => sync_dir(above),
    }
}

pub(crate) fn parent(path: &Path) -> Result<&Path, DbError> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(folder) => Ok(folder),
        None => Err(DbError::Config(format!(
            "{} has no parent folder",
            path.display()
        ))),
    }
}

pub(super) fn sync_dir(path: &Path) -> Result<(), DbError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| io(path, &e))
}

pub(super) fn io(path: &Path, error: &std::io::Error) -> DbError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => DbError::DiskFull,
        _ => DbError::Unavailable(format!("{}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_whose_log_cannot_be_folded_in_does_not_get_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("made.db");
        let config = SqliteConfig {
            busy_timeout: std::time::Duration::from_millis(20),
            ..SqliteConfig::default()
        };
        let mut looking = None;
        let mut make = |hold: bool| {
            drafted(&path, |draft| {
                let conn = SqliteConn::open(draft, Mode::Create, &config)?;
                conn.batch("CREATE TABLE a (x INTEGER) STRICT")?;
                if hold {
                    let reader = SqliteConn::open(draft, Mode::Read, &config)?;
                    reader.batch("BEGIN; SELECT * FROM a")?;
                    looking = Some(reader);
                }
                conn.batch("INSERT INTO a VALUES (1)")?;
                fold(conn, draft)
            })
        };
        let refused = make(true);
        assert!(
            matches!(refused, Err(DbError::Unavailable(_))),
            "{refused:?}"
        );
        assert!(!path.exists());
        make(false).unwrap();
        drop(looking);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no rest");
        let conn = SqliteConn::open(&path, Mode::Read, &config).unwrap();
        let x: i64 = conn
            .raw()
            .query_row("SELECT x FROM a", (), |row| row.get(0))
            .unwrap();
        assert_eq!(x, 1);
    }
}
