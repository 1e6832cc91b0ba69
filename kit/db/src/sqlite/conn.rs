//! One SQLite connection: how it is opened, hardened, bounded in time, and how statements run.

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gantry_kernel::column::{Value, ValueRef};
use rusqlite::config::DbConfig as Switch;
use rusqlite::hooks::Wal;
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef as Raw};
use rusqlite::{CachedStatement, Connection, OpenFlags};

use super::error::{failure, open_failure};
use crate::row::Column;
use crate::{DbError, Engine, Sql, SqliteConfig, Synchronous};

/// Statements kept prepared per connection. The longest module has some dozens.
const STATEMENTS: usize = 128;
/// Bytes that the log holds of a page besides the page.
const FRAME_HEADER: u64 = 24;
/// Virtual machine steps between two looks at the clock, about 20 us.
const STEPS: i32 = 2_000;
/// `deadline` when no transaction runs.
const NEVER: u64 = u64::MAX;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reads only; the file must exist.
    Read,
    /// Reads and writes; the file must exist.
    Write,
    /// Reads and writes; the file is made when missing.
    Create,
}

/// A connection with the settings every database of ours has.
pub(crate) struct SqliteConn {
    conn: Connection,
    clock: Instant,
    /// Microseconds on `clock` after which a statement is interrupted.
    deadline: Arc<AtomicU64>,
    /// Bytes of arguments bound to statements that write.
    bound: usize,
    /// Whether a statement changed anything.
    wrote: bool,
    /// Size of the log after the last commit of this connection, when it is watched.
    log: Arc<AtomicU64>,
}

impl SqliteConn {
    pub(crate) fn open(path: &Path, mode: Mode, config: &SqliteConfig) -> Result<Self, DbError> {
        Self::try_open(path, mode, config).map_err(|error| open_failure(path, &error))
    }

    fn try_open(path: &Path, mode: Mode, config: &SqliteConfig) -> rusqlite::Result<Self> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if mode == Mode::Create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let mut conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(config.busy_timeout)?;
        conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        conn.set_db_config(Switch::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        conn.set_db_config(Switch::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Text in double quotes is an identifier, as on PostgreSQL.
        conn.set_db_config(Switch::SQLITE_DBCONFIG_DQS_DML, false)?;
        conn.set_db_config(Switch::SQLITE_DBCONFIG_DQS_DDL, false)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        let synchronous = match config.synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        conn.execute_batch(&format!(
            "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; \
             PRAGMA synchronous = {synchronous};"
        ))?;
        if mode == Mode::Read {
            conn.execute_batch("PRAGMA query_only = ON")?;
        } else {
            let journal: String =
                conn.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
            if journal != "wal" {
                return Err(rusqlite::Error::InvalidParameterName(format!(
                    "journal mode is {journal} instead of wal"
                )));
            }
            if let Some(bytes) = config.max_database_bytes {
                let page: u32 = conn.query_row("PRAGMA page_size", (), |row| row.get(0))?;
                let pages = (bytes / u64::from(page.max(1))).max(1);
                conn.query_row(&format!("PRAGMA max_page_count = {pages}"), (), |_| Ok(()))?;
            }
        }
        let clock = Instant::now();
        let deadline = Arc::new(AtomicU64::new(NEVER));
        let limit = Arc::clone(&deadline);
        conn.progress_handler(
            STEPS,
            Some(move || {
                let limit = limit.load(Ordering::Relaxed);
                limit != NEVER && micros(clock.elapsed()) > limit
            }),
        )?;
        Ok(Self {
            conn,
            clock,
            deadline,
            bound: 0,
            wrote: false,
            log: Arc::default(),
        })
    }

    /// Leaves checkpoints to others and notes how large the log gets; see `checkpoint`.
    pub(crate) fn watch_log(&mut self, config: &SqliteConfig) -> Result<(), DbError> {
        let log = Arc::clone(&self.log);
        self.page_size()
            .and_then(|page| {
                let frame = u64::from(page) + FRAME_HEADER;
                self.conn.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
                    log.store(u64::try_from(pages).unwrap_or(0) * frame, Ordering::Relaxed);
                    Ok(())
                }))?;
                // A log that had to grow once gives its room back when it begins anew.
                let keep = config.checkpoint_bytes.saturating_mul(2);
                self.conn
                    .query_row(&format!("PRAGMA journal_size_limit = {keep}"), (), |_| {
                        Ok(())
                    })
            })
            .map_err(|e| failure(&e))
    }

    fn page_size(&self) -> rusqlite::Result<u32> {
        self.conn
            .query_row("PRAGMA page_size", (), |row| row.get(0))
    }

    pub(crate) fn log_bytes(&self) -> u64 {
        self.log.load(Ordering::Relaxed)
    }

    /// Gives back the memory of prepared statements and pages; the next use makes them anew.
    pub(crate) fn rest(&self) -> Result<(), DbError> {
        self.conn.flush_prepared_statement_cache();
        self.conn
            .execute_batch("PRAGMA shrink_memory")
            .map_err(|e| failure(&e))
    }

    /// Copies of the log into the file what can be copied without waiting for anybody.
    pub(crate) fn checkpoint(&self) -> Result<(), DbError> {
        self.conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))
            .map_err(|e| failure(&e))
    }

    /// Copies the whole log into the file, so that the next write begins it anew; `false` when a
    /// reader (or another checkpoint) is in the way, for which it does not wait.
    pub(crate) fn empty_log(&self, busy_timeout: Duration) -> Result<bool, DbError> {
        let outcome = self.conn.busy_timeout(Duration::ZERO).and_then(|()| {
            self.conn
                .query_row("PRAGMA wal_checkpoint(RESTART)", (), |row| {
                    row.get::<_, i64>(0)
                })
        });
        self.conn
            .busy_timeout(busy_timeout)
            .map_err(|e| failure(&e))?;
        let emptied = outcome.map_err(|e| failure(&e))? == 0;
        if emptied {
            self.log.store(0, Ordering::Relaxed);
        }
        Ok(emptied)
    }

    /// Bytes of arguments that were bound to statements which write, since they were forgotten.
    pub(crate) const fn bound(&self) -> usize {
        self.bound
    }

    pub(crate) const fn forget_bound(&mut self) {
        self.bound = 0;
    }

    /// Whether a statement changed anything since [`SqliteConn::forget_writes`]. One that failed and was undone by SQLite
    /// did not.
    pub(crate) const fn wrote(&self) -> bool {
        self.wrote
    }

    pub(crate) const fn forget_writes(&mut self) {
        self.wrote = false;
    }

    /// Begins to count the time of a transaction; statements beyond it are interrupted.
    pub(crate) fn start(&self, cap: Duration) {
        self.deadline
            .store(micros(self.clock.elapsed() + cap), Ordering::Relaxed);
    }

    /// Stops counting; whether the time was exceeded.
    pub(crate) fn stop(&self) -> bool {
        let limit = self.deadline.swap(NEVER, Ordering::Relaxed);
        micros(self.clock.elapsed()) > limit
    }

    pub(crate) fn execute(&mut self, sql: Sql, args: &[Value]) -> Result<u64, DbError> {
        let mut changed = 0;
        self.run(sql, args, |_| Ok(()), &mut changed)?;
        Ok(changed)
    }

    pub(crate) fn query(
        &mut self,
        sql: Sql,
        args: &[Value],
        each: impl FnMut(&rusqlite::Row<'_>) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.run(sql, args, each, &mut 0)
    }

    /// Steps to the end even when the caller wants no more rows: `INSERT .. RETURNING` is complete
    /// only then.
    fn run(
        &mut self,
        sql: Sql,
        args: &[Value],
        mut each: impl FnMut(&rusqlite::Row<'_>) -> Result<(), DbError>,
        changed: &mut u64,
    ) -> Result<(), DbError> {
        let before = self.conn.total_changes();
        let mut statement = self
            .conn
            .prepare_cached(sql.text(Engine::Sqlite))
            .map_err(|e| failure(&e))?;
        bind(&mut statement, sql, args)?;
        if !statement.readonly() {
            self.bound += args.iter().map(size).sum::<usize>();
        }
        let mut rows = statement.raw_query();
        let outcome = loop {
            match rows.next() {
                Ok(Some(row)) => {
                    if let Err(error) = each(row) {
                        break Err(error);
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(failure(&error)),
            }
        };
        drop(rows);
        if !statement.readonly() {
            let moved = self.conn.total_changes() != before;
            self.wrote |= moved || outcome.is_ok();
            // `changes()` leaves out rows that foreign key actions touched, as PostgreSQL does;
            // it keeps its old value when the statement changed nothing at all.
            if moved {
                *changed = self.conn.changes();
            }
        }
        outcome
    }

    pub(crate) fn check(&self, sql: Sql) -> Result<(), DbError> {
        self.conn
            .prepare(sql.text(Engine::Sqlite))
            .map(drop)
            .map_err(|e| failure(&e))
    }

    /// A statement without arguments and rows that runs all the time, kept prepared.
    pub(crate) fn control(&self, text: &'static str) -> Result<(), DbError> {
        self.conn
            .prepare_cached(text)
            .and_then(|mut statement| statement.raw_execute())
            .map(drop)
            .map_err(|e| failure(&e))
    }

    /// Whether the file lets writes in, asked when the write lock is held; see `tenants/fence`.
    pub(crate) fn open_to_writes(&self) -> Result<(), DbError> {
        let fence: i64 = self
            .conn
            .prepare_cached("PRAGMA user_version")
            .and_then(|mut asked| asked.query_row((), |row| row.get(0)))
            .map_err(|e| failure(&e))?;
        if fence == 0 {
            Ok(())
        } else {
            Err(DbError::Moving)
        }
    }

    pub(crate) fn batch(&self, text: &str) -> Result<(), DbError> {
        self.conn.execute_batch(text).map_err(|e| failure(&e))
    }

    /// SQLite has rolled back by itself (disk full, interrupted), or none was begun.
    pub(crate) fn transaction_ended(&self) -> bool {
        self.conn.is_autocommit()
    }

    /// Leaves the connection without a transaction; `false` when it cannot be used any more.
    pub(crate) fn clean(&self) -> bool {
        self.stop();
        self.conn.is_autocommit() || (self.control("ROLLBACK").is_ok() && self.conn.is_autocommit())
    }

    /// For migrations, provisioning and snapshots, which know their engine.
    pub(crate) const fn raw(&self) -> &Connection {
        &self.conn
    }

    /// Closes and says whether that went well (the log is checkpointed into the file).
    pub(crate) fn close(self) -> Result<(), DbError> {
        self.conn.close().map_err(|(_, error)| failure(&error))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(NEVER - 1)
}

/// Binds `$n` by its number: SQLite itself numbers parameters by first appearance, which silently
/// swaps arguments of a statement that mentions `$2` before `$1`.
fn bind(statement: &mut CachedStatement<'_>, sql: Sql, args: &[Value]) -> Result<(), DbError> {
    let numbers = sql.statement().numbers(|| numbers(statement))?;
    let wanted = numbers.iter().copied().max().unwrap_or(0);
    if wanted != args.len() {
        return Err(arity(wanted, args.len()));
    }
    for (at, number) in numbers.iter().enumerate() {
        let value = args
            .get(number - 1)
            .ok_or_else(|| arity(*number, args.len()))?;
        statement
            .raw_bind_parameter(at + 1, to_sqlite(value))
            .map_err(|e| failure(&e))?;
    }
    Ok(())
}

/// The number in the name of each parameter, from 1.
fn numbers(statement: &CachedStatement<'_>) -> Result<Box<[usize]>, DbError> {
    let number = |index| {
        statement
            .parameter_name(index)
            .and_then(|name| name.strip_prefix('$'))
            .and_then(|digits| digits.parse().ok())
            .filter(|number| *number > 0)
            .ok_or_else(|| DbError::Other("a parameter is not written as $1, $2, ..".to_owned()))
    };
    (1..=statement.parameter_count()).map(number).collect()
}

/// What an argument takes up in the database, roughly.
const fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Null | Value::Int(_) | Value::Bool(_) | Value::Date(_) => 8,
    }
}

fn arity(wanted: usize, given: usize) -> DbError {
    DbError::Other(format!(
        "the statement takes {wanted} arguments, {given} were given"
    ))
}

fn to_sqlite(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Null => ToSqlOutput::Owned(Owned::Null),
        Value::Int(n) => ToSqlOutput::Owned(Owned::Integer(*n)),
        Value::Bool(b) => ToSqlOutput::Owned(Owned::Integer(i64::from(*b))),
        Value::Text(text) => ToSqlOutput::Borrowed(Raw::Text(text.as_bytes())),
        Value::Bytes(bytes) => ToSqlOutput::Borrowed(Raw::Blob(bytes)),
        Value::Date(date) => ToSqlOutput::Owned(Owned::Text(date.to_string())),
    }
}

/// A column of a row.
pub(crate) fn column<'a>(row: &'a rusqlite::Row<'_>, index: usize) -> Column<'a> {
    match row.get_ref(index).map_err(|e| e.to_string())? {
        Raw::Null => Ok(ValueRef::Null),
        Raw::Integer(n) => Ok(ValueRef::Int(n)),
        Raw::Real(_) => Err("expected one of our kinds, found a floating point number".to_owned()),
        Raw::Text(text) => std::str::from_utf8(text)
            .map(ValueRef::Text)
            .map_err(|_| "text is not valid UTF-8".to_owned()),
        Raw::Blob(bytes) => Ok(ValueRef::Bytes(bytes)),
    }
}
