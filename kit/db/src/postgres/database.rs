//! One PostgreSQL database: closures run in serialisable transactions, again when PostgreSQL asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gantry_kernel::Kernel;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::conn::{Commit, PgConn};
use super::pool::{Loan, LoanPlace, Pool, Spot};
use crate::DbError;
use crate::hook::HookSlot;
use crate::poll::guarded;
use crate::stats::Stats;
use crate::tx::{Conn, Scoped, Tx};

/// Attempts of a write that PostgreSQL could not serialise.
const ATTEMPTS: u32 = 12;
/// Attempts beside others. Whoever loses so often to faster ones is let through alone, else chance
/// alone would decide whether a busy database answers.
const TOGETHER: u32 = 4;
/// Longest pause between two attempts, in microseconds.
const LONGEST_PAUSE: u64 = 200_000;
const WRITE: &str = "ISOLATION LEVEL SERIALIZABLE";
const READ: &str = "ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A database on a server.
pub(crate) struct PgDb {
    spot: Spot,
    pool: Arc<Pool>,
    kernel: Kernel,
    hook: HookSlot,
    max_transaction: Duration,
    stats: Arc<Stats>,
    turns: RwLock<()>,
    lost: AtomicBool,
    fenced: AtomicBool,
}

/// How a write attempt shares the database with the others of this process; held, not read.
enum Turn<'a> {
    Together { _held: RwLockReadGuard<'a, ()> },
    Alone { _held: RwLockWriteGuard<'a, ()> },
}

/// What became of one attempt.
enum Attempt<T, E> {
    Over(Result<T, E>),
    Again,
}

impl PgDb {
    pub(crate) fn new(
        spot: Spot,
        pool: Arc<Pool>,
        kernel: Kernel,
        hook: HookSlot,
        max_transaction: Duration,
        stats: Arc<Stats>,
    ) -> Self {
        Self {
            spot,
            pool,
            kernel,
            hook,
            max_transaction,
            stats,
            turns: RwLock::new(()),
            lost: AtomicBool::new(false),
            fenced: AtomicBool::new(false),
        }
    }

    pub(crate) const fn max_transaction(&self) -> Duration {
        self.max_transaction
    }

    pub(crate) async fn read<S, T, E, F>(&self, key: S::Key, cap: Duration, f: F) -> Result<T, E>
    where
        S: Scoped,
        F: AsyncFnOnce(&mut S) -> Result<T, E>,
        E: From<DbError>,
    {
        let (mut conn, place) = self.begin(READ).await?;
        if cap > self.max_transaction {
            conn.allow(cap).await?;
        }
        let tx = self.tx::<S>(conn, key);
        let waiting = tx.waiting();
        let mut scoped = S::wrap(tx, key);
        let outcome = guarded(f(&mut scoped), waiting, cap).await;
        self.end(scoped.into_tx(), place).await;
        outcome.unwrap_or_else(|error| Err(error.into()))
    }

    pub(crate) async fn write<S, T, E, F>(&self, key: S::Key, f: F) -> Result<T, E>
    where
        S: Scoped,
        F: AsyncFn(&mut S) -> Result<T, E>,
        E: From<DbError>,
    {
        for attempt in 0..ATTEMPTS {
            let turn = self.turn(attempt).await;
            let outcome = self.attempt(key, &f).await;
            drop(turn);
            match outcome {
                Attempt::Over(outcome) => return outcome,
                Attempt::Again => self.pause(attempt).await,
            }
        }
        Err(DbError::Conflict.into())
    }

    async fn attempt<S, T, E, F>(&self, key: S::Key, f: &F) -> Attempt<T, E>
    where
        S: Scoped,
        F: AsyncFn(&mut S) -> Result<T, E>,
        E: From<DbError>,
    {
        let (conn, place) = match self.begin(WRITE).await {
            Ok(begun) => begun,
            Err(error) => return Attempt::Over(Err(error.into())),
        };
        let started = Instant::now();
        let tx = self.tx::<S>(conn, key);
        let waiting = tx.waiting();
        let mut scoped = S::wrap(tx, key);
        let outcome = guarded(f(&mut scoped), waiting, self.max_transaction).await;
        let mut tx = scoped.into_tx();
        let value = match outcome {
            Ok(Ok(value)) if !tx.conflicted() => value,
            Ok(_) if tx.conflicted() => {
                self.end(tx, place).await;
                return Attempt::Again;
            }
            Ok(failed) => {
                self.end(tx, place).await;
                return Attempt::Over(failed);
            }
            Err(error) => {
                self.end(tx, place).await;
                return Attempt::Over(Err(error.into()));
            }
        };
        let (tenant, due) = (tx.place(), tx.due());
        let mut ready = tx.committable();
        if ready.is_ok() {
            ready = self.hook.before(tenant, due).await;
        }
        if ready.is_ok() && started.elapsed() > self.max_transaction {
            ready = Err(DbError::Timeout);
        }
        if let Err(error) = ready {
            self.end(tx, place).await;
            return Attempt::Over(Err(error.into()));
        }
        let committing = Instant::now();
        let committed = match &mut tx.conn {
            Conn::Postgres(conn) => conn.commit().await,
            Conn::Sqlite(_) => Commit::Refused(DbError::Other("another engine".to_owned())),
        };
        match &committed {
            Commit::Done => self.stats.committed(committing),
            Commit::Refused(error) => self.stats.failed("commit", error),
            Commit::Unknown(why) => {
                let error = DbError::CommitUnknown(why.clone());
                self.stats.failed("commit", &error);
            }
        }
        match committed {
            Commit::Done => {
                if let Conn::Postgres(conn) = tx.conn {
                    self.pool.put(conn, place);
                }
                self.hook.after(tenant, due);
                Attempt::Over(Ok(value))
            }
            Commit::Refused(error) => {
                self.end(tx, place).await;
                match error {
                    DbError::Conflict => Attempt::Again,
                    error => Attempt::Over(Err(error.into())),
                }
            }
            Commit::Unknown(detail) => Attempt::Over(Err(DbError::CommitUnknown(detail).into())),
        }
    }

    fn tx<S: Scoped>(&self, conn: PgConn, key: S::Key) -> Tx {
        let (kernel, stats) = (self.kernel.clone(), Arc::clone(&self.stats));
        Tx::new(Conn::Postgres(conn), kernel, S::tenant_of(key), stats)
    }

    async fn turn(&self, attempt: u32) -> Turn<'_> {
        if attempt < TOGETHER {
            Turn::Together {
                _held: self.turns.read().await,
            }
        } else {
            Turn::Alone {
                _held: self.turns.write().await,
            }
        }
    }

    /// Takes a connection and begins; one that died or fell silent while it lay idle is replaced,
    /// and those beside it, which had the same fate.
    async fn begin(&self, how: &str) -> Result<(PgConn, LoanPlace), DbError> {
        loop {
            let Loan {
                mut conn,
                reused,
                place,
            } = self.take().await?;
            match conn.begin(how).await {
                Ok(()) => return Ok((conn, place)),
                Err(_) if reused && conn.is_broken() => self.pool.forget(Some(&self.spot)),
                Err(error) => {
                    // A pooler lets callers in and says only now that there is nothing behind it.
                    self.miss(&error);
                    return Err(error);
                }
            }
        }
    }

    async fn take(&self) -> Result<Loan, DbError> {
        let taken = self.pool.take(&self.spot).await;
        if let Err(error) = &taken {
            self.stats.failed("connect", error);
            self.miss(error);
        }
        taken
    }

    fn miss(&self, error: &DbError) {
        if matches!(error, DbError::Unavailable(_)) {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// No connection could be had once: the server may be down, or another process has put a later
    /// life of the tenant in the place of this one, so the directory has to be asked again.
    pub(crate) fn lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether a write was refused, since this was last asked, because the database is moving.
    pub(crate) fn fenced(&self) -> bool {
        self.fenced.swap(false, Ordering::Relaxed)
    }

    /// Rolls back and returns the connection; one that does not answer is closed.
    async fn end(&self, tx: Tx, place: LoanPlace) {
        let quiet = !tx.waiting().load(Ordering::Relaxed);
        let Conn::Postgres(mut conn) = tx.conn else {
            return;
        };
        if conn.is_fenced() {
            self.fenced.store(true, Ordering::Relaxed);
        }
        if conn.is_outdated() {
            self.pool.forget(Some(&self.spot));
        }
        if conn.is_broken() || !quiet {
            return;
        }
        if let Ok(Ok(())) = tokio::time::timeout(self.max_transaction, conn.batch("ROLLBACK")).await
        {
            self.pool.put(conn, place);
        }
    }

    /// Random, growing, so that those who collided do not meet again.
    async fn pause(&self, attempt: u32) {
        let ceiling = (2_000_u64 << attempt.min(10)).min(LONGEST_PAUSE);
        tokio::time::sleep(Duration::from_micros(self.kernel.below(ceiling))).await;
    }
}
