//! One transaction, on either engine.
//!
//! [`Tx`] owns its connection while the transaction lasts. Its methods are `async` for both
//! engines; on SQLite they are ready at once, which is what lets a closure run to its end on the
//! writer thread. The rules that keep both engines alike live here: poisoning after a failed
//! statement, savepoints, and noticing a closure that waits for something else.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use gantry_kernel::{Kernel, TenantId, Timestamp};
use gantry_telemetry::trace::TraceContext;

use crate::postgres::PgConn;
use crate::sqlite::SqliteConn;
use crate::stats::Stats;
use crate::{DbError, Engine, FromRow, Row, Sql, Value};

/// A running transaction. Made by `read` and `write` of [`ControlDb`](crate::ControlDb) and
/// [`TenantDb`](crate::TenantDb).
pub struct Tx {
    pub(crate) conn: Conn,
    kernel: Kernel,
    now: Timestamp,
    tenant: Option<TenantId>,
    due: Option<Timestamp>,
    state: State,
    open_savepoints: u32,
    /// PostgreSQL refused to serialise this attempt; another one may succeed.
    conflicted: bool,
    /// Set while a statement of this transaction is on its way to PostgreSQL.
    waiting: Arc<AtomicBool>,
    stats: Arc<Stats>,
    /// The work that this transaction is for, if it is recorded.
    span: Option<TraceContext>,
}

pub(crate) enum Conn {
    Sqlite(SqliteConn),
    Postgres(PgConn),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// A statement failed; the innermost savepoint (or the end) clears it.
    Poisoned,
    /// The engine itself has ended the transaction; no savepoint can bring it back.
    Lost,
}

impl Tx {
    pub(crate) fn new(
        conn: Conn,
        kernel: Kernel,
        tenant: Option<TenantId>,
        stats: Arc<Stats>,
    ) -> Self {
        let now = kernel.now();
        Self {
            conn,
            kernel,
            now,
            tenant,
            due: None,
            state: State::Good,
            open_savepoints: 0,
            conflicted: false,
            waiting: Arc::new(AtomicBool::new(false)),
            stats,
            span: TraceContext::recorded(),
        }
    }

    /// Says for which work this is, where it runs on another thread than that.
    pub(crate) const fn within(&mut self, span: Option<TraceContext>) {
        self.span = span;
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, sql: Sql, args: &[Value]) -> Result<u64, DbError> {
        self.usable()?;
        storable(args)?;
        sql.statement().count_run();
        let begun = Instant::now();
        let outcome = match &mut self.conn {
            Conn::Sqlite(conn) => conn.execute(sql, args),
            Conn::Postgres(conn) => under_way(&self.waiting, conn.execute(sql, args)).await,
        };
        self.measure(sql, begun, outcome.as_ref().err());
        self.note(outcome)
    }

    /// All rows.
    pub async fn all<T: FromRow>(&mut self, sql: Sql, args: &[Value]) -> Result<Vec<T>, DbError> {
        self.rows(sql, args, usize::MAX).await
    }

    /// The only row, if there is one; a second one is [`DbError::ManyRows`].
    pub async fn opt<T: FromRow>(
        &mut self,
        sql: Sql,
        args: &[Value],
    ) -> Result<Option<T>, DbError> {
        let mut rows = self.rows(sql, args, 2).await?;
        let first = rows.pop();
        if rows.is_empty() {
            Ok(first)
        } else {
            Err(DbError::ManyRows)
        }
    }

    /// The only row; none is [`DbError::NoRow`], which does not poison the transaction.
    pub async fn one<T: FromRow>(&mut self, sql: Sql, args: &[Value]) -> Result<T, DbError> {
        self.opt(sql, args).await?.ok_or(DbError::NoRow)
    }

    /// Asks the engine whether the statement is valid here, without running it.
    pub async fn prepare(&mut self, sql: Sql) -> Result<(), DbError> {
        self.usable()?;
        let outcome = match &mut self.conn {
            Conn::Sqlite(conn) => conn.check(sql),
            Conn::Postgres(conn) => under_way(&self.waiting, conn.check(sql)).await,
        };
        self.note(outcome)
    }

    async fn rows<T: FromRow>(
        &mut self,
        sql: Sql,
        args: &[Value],
        limit: usize,
    ) -> Result<Vec<T>, DbError> {
        self.usable()?;
        storable(args)?;
        sql.statement().count_run();
        let begun = Instant::now();
        let outcome = match &mut self.conn {
            Conn::Sqlite(conn) => {
                let mut rows = Vec::new();
                conn.query(sql, args, |row| {
                    if rows.len() < limit {
                        rows.push(T::from_row(&Row::sqlite(row))?);
                    }
                    Ok(())
                })
                .map(|()| rows)
            }
            Conn::Postgres(conn) => under_way(&self.waiting, conn.query(sql, args))
                .await
                .and_then(|rows| {
                    rows.iter()
                        .take(limit)
                        .map(|row| T::from_row(&Row::postgres(row)))
                        .collect()
                }),
        };
        self.measure(sql, begun, outcome.as_ref().err());
        self.note(outcome)
    }

    /// Runs `f` so that its failure undoes only what it did: a failed statement inside leaves the
    /// outer transaction usable. A statement that failed inside without the closure passing the
    /// error on is [`DbError::Poisoned`] here; one that was dropped halfway ends the transaction.
    pub async fn savepoint<T, E, F>(&mut self, f: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Self) -> Result<T, E>,
        E: From<DbError>,
    {
        self.usable()?;
        let depth = self.open_savepoints;
        self.control(&format!("SAVEPOINT s{depth}")).await?;
        self.open_savepoints += 1;
        let due = self.due;
        let outcome = f(self).await;
        // A statement or an inner savepoint was dropped halfway: what the savepoint holds is unknown.
        if self.waiting.load(Ordering::Relaxed) || self.open_savepoints != depth + 1 {
            self.state = State::Lost;
        }
        if outcome.is_ok() && self.state == State::Good {
            self.control(&format!("RELEASE SAVEPOINT s{depth}")).await?;
        } else {
            self.due = due;
            if self.state == State::Lost {
                return Err(outcome.err().unwrap_or_else(|| DbError::Poisoned.into()));
            }
            self.state = State::Good;
            self.control(&format!("ROLLBACK TO SAVEPOINT s{depth}"))
                .await?;
            self.control(&format!("RELEASE SAVEPOINT s{depth}")).await?;
            if outcome.is_ok() {
                self.open_savepoints = depth;
                return Err(DbError::Poisoned.into());
            }
        }
        self.open_savepoints = depth;
        outcome
    }

    /// The engine, where a module must know (rarely: see `sql!{ sqlite: .., postgres: .. }`).
    pub const fn engine(&self) -> Engine {
        match self.conn {
            Conn::Sqlite(_) => Engine::Sqlite,
            Conn::Postgres(_) => Engine::Postgres,
        }
    }

    /// The instant at which this transaction (or this attempt of it) began; the same for all of it.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The kernel, for ids and randomness.
    pub const fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The tenant whose database this is; `None` is control.
    pub const fn place(&self) -> Option<TenantId> {
        self.tenant
    }

    /// Says that this transaction leaves work due at `at`: the earliest one is told to the
    /// [`CommitHook`](crate::CommitHook) before and after the commit.
    pub fn note_due(&mut self, at: Timestamp) {
        self.due = Some(self.due.map_or(at, |known| known.min(at)));
    }

    pub(crate) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    pub(crate) const fn conflicted(&self) -> bool {
        self.conflicted
    }

    /// Whether the transaction may be committed.
    pub(crate) fn committable(&self) -> Result<(), DbError> {
        if self.open_savepoints > 0 {
            Err(DbError::Poisoned)
        } else {
            self.usable()
        }
    }

    /// Whether no savepoint was left open.
    pub(crate) const fn level(&self) -> bool {
        self.open_savepoints == 0
    }

    pub(crate) fn waiting(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.waiting)
    }

    async fn control(&mut self, text: &str) -> Result<(), DbError> {
        let outcome = match &mut self.conn {
            Conn::Sqlite(conn) => conn.batch(text),
            Conn::Postgres(conn) => under_way(&self.waiting, conn.batch(text)).await,
        };
        self.note(outcome)
    }

    fn measure(&self, sql: Sql, begun: Instant, error: Option<&DbError>) {
        let (engine, tenant) = (self.engine(), self.tenant);
        self.stats
            .ran(sql.statement(), engine, tenant, begun, error);
        if let Some(parent) = self.span {
            let failed = error.is_some();
            self.stats
                .tell(parent, &self.kernel, sql.statement(), engine, begun, failed);
        }
    }

    fn usable(&self) -> Result<(), DbError> {
        if self.state == State::Good && !self.waiting.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(DbError::Poisoned)
        }
    }

    /// Any failure poisons: PostgreSQL refuses further statements by itself, SQLite would go on.
    fn note<T>(&mut self, outcome: Result<T, DbError>) -> Result<T, DbError> {
        if let Err(error) = &outcome {
            self.conflicted |= matches!(error, DbError::Conflict);
            let ended = self.conflicted
                || match &self.conn {
                    Conn::Sqlite(conn) => conn.transaction_ended(),
                    Conn::Postgres(conn) => conn.is_broken(),
                };
            self.state = if ended { State::Lost } else { State::Poisoned };
        }
        outcome
    }
}

/// PostgreSQL has no text with U+0000. SQLite would take it, and the tenant could never be moved.
fn storable(args: &[Value]) -> Result<(), DbError> {
    let nul = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
    if args.iter().any(nul) {
        return Err(DbError::NulInText);
    }
    Ok(())
}

/// Marks the transaction while one of its statements is on its way. A statement dropped halfway
/// leaves the mark, so that the transaction can be neither used nor committed.
async fn under_way<T>(mark: &AtomicBool, statement: impl Future<Output = T>) -> T {
    mark.store(true, Ordering::Relaxed);
    let outcome = statement.await;
    mark.store(false, Ordering::Relaxed);
    outcome
}

/// A transaction of the control database.
pub struct ControlTx(Tx);

/// A transaction of one tenant's database.
pub struct TenantTx {
    tx: Tx,
    tenant: TenantId,
}

impl TenantTx {
    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

impl Deref for ControlTx {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.0
    }
}

impl DerefMut for ControlTx {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.0
    }
}

impl Deref for TenantTx {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for TenantTx {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

/// What lets one implementation of `read` and `write` serve both kinds of transaction.
pub(crate) trait Scoped: DerefMut<Target = Tx> + Sized + Send + 'static {
    type Key: Copy + Send + Sync + 'static;
    fn tenant_of(key: Self::Key) -> Option<TenantId>;
    fn wrap(tx: Tx, key: Self::Key) -> Self;
    fn into_tx(self) -> Tx;
}

impl Scoped for ControlTx {
    type Key = ();
    fn tenant_of((): ()) -> Option<TenantId> {
        None
    }
    fn wrap(tx: Tx, (): ()) -> Self {
        Self(tx)
    }
    fn into_tx(self) -> Tx {
        self.0
    }
}

impl Scoped for TenantTx {
    type Key = TenantId;
    fn tenant_of(key: TenantId) -> Option<TenantId> {
        Some(key)
    }
    fn wrap(tx: Tx, tenant: TenantId) -> Self {
        Self { tx, tenant }
    }
    fn into_tx(self) -> Tx {
        self.tx
    }
}
