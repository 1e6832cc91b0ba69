//! Connections by database, under one cap.
//!
//! `in_use` bounds the connections checked out, `sockets` those that exist. A connection that waits
//! idle for its database keeps its socket; who needs a socket and finds none closes the one that
//! has been idle longest. A connection goes back only when its transaction has ended cleanly:
//! dropping it any other way closes it.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use super::conn::{Limits, PgConn};
use super::error::failure;
use crate::DbError;

/// Connections to the databases of one server.
pub(crate) struct Pool {
    server: Config,
    limits: Limits,
    max_wait: Duration,
    cap: usize,
    in_use: Arc<Semaphore>,
    sockets: Arc<Semaphore>,
    /// Those waiting for a socket; a connection returned while there are any is closed instead.
    starved: AtomicUsize,
    /// Oldest first.
    idle: Mutex<VecDeque<(String, PgConn)>>,
}

/// A connection on loan.
pub(crate) struct Loan {
    pub(crate) conn: PgConn,
    /// It was idle in the pool, so it may have died unnoticed.
    pub(crate) reused: bool,
    pub(crate) place: LoanPlace,
}

/// Where a connection belongs.
pub(crate) struct LoanPlace {
    database: String,
    _in_use: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(server: Config, limits: Limits, cap: usize, max_wait: Duration) -> Self {
        Self {
            server,
            limits,
            max_wait,
            cap,
            in_use: Arc::new(Semaphore::new(cap)),
            sockets: Arc::new(Semaphore::new(cap)),
            starved: AtomicUsize::new(0),
            idle: Mutex::default(),
        }
    }

    /// A connection to this database, idle or new; waits for a free one within bounds.
    pub(crate) async fn take(&self, database: &str) -> Result<Loan, DbError> {
        let in_use = self.wait(&self.in_use).await?;
        let place = LoanPlace {
            database: database.to_owned(),
            _in_use: in_use,
        };
        if let Some(conn) = self.take_idle(database) {
            return Ok(Loan {
                conn,
                reused: true,
                place,
            });
        }
        let conn = self.connect(database).await?;
        Ok(Loan {
            conn,
            reused: false,
            place,
        })
    }

    /// Puts back a connection without a transaction.
    pub(crate) fn put(&self, conn: PgConn, place: LoanPlace) {
        let mut idle = self.idle();
        // Under the lock: who starves counts itself first and then looks among the idle ones.
        let wanted = self.starved.load(Ordering::Acquire) == 0 && !self.in_use.is_closed();
        if wanted && !conn.is_broken() {
            idle.push_back((place.database, conn));
        }
    }

    /// Lends no more, after waiting within bounds for what is under way.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(self.cap).unwrap_or(u32::MAX);
        let patience = self.limits.transaction;
        let held = tokio::time::timeout(patience, self.in_use.acquire_many(all)).await;
        self.in_use.close();
        drop(held);
        self.forget(None);
    }

    /// Closes what is idle for a database, or everything.
    pub(crate) fn forget(&self, database: Option<&str>) {
        self.idle()
            .retain(|(name, _)| database.is_some_and(|database| name != database));
    }

    fn take_idle(&self, database: &str) -> Option<PgConn> {
        let mut idle = self.idle();
        idle.retain(|(_, conn)| !conn.is_broken());
        let at = idle.iter().rposition(|(name, _)| name == database)?;
        idle.remove(at).map(|(_, conn)| conn)
    }

    async fn connect(&self, database: &str) -> Result<PgConn, DbError> {
        let socket = self.socket().await?;
        open(&self.server, database, self.limits, socket).await
    }

    async fn socket(&self) -> Result<OwnedSemaphorePermit, DbError> {
        if let Ok(socket) = Arc::clone(&self.sockets).try_acquire_owned() {
            return Ok(socket);
        }
        let _starved = Starved::count(&self.starved);
        drop(self.idle().pop_front());
        self.wait(&self.sockets).await
    }

    async fn wait(&self, semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, DbError> {
        match tokio::time::timeout(self.max_wait, Arc::clone(semaphore).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(DbError::Unavailable("the databases are closing".to_owned())),
            Err(_) => Err(DbError::Overloaded("database connections".to_owned())),
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<(String, PgConn)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Starved<'a>(&'a AtomicUsize);

impl<'a> Starved<'a> {
    fn count(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::AcqRel);
        Self(counter)
    }
}

impl Drop for Starved<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Connects; `held` is released when the socket is closed.
pub(crate) async fn open<H: Send + 'static>(
    server: &Config,
    database: &str,
    limits: Limits,
    held: H,
) -> Result<PgConn, DbError> {
    // The setting bounds only the way to the server, not what it says there.
    let patience = server.get_connect_timeout().copied().unwrap_or_default() + limits.transaction;
    tokio::time::timeout(patience, greet(server, database, limits, held))
        .await
        .unwrap_or_else(|_| {
            Err(DbError::Unavailable(
                "the server does not answer".to_owned(),
            ))
        })
}

async fn greet<H: Send + 'static>(
    server: &Config,
    database: &str,
    limits: Limits,
    held: H,
) -> Result<PgConn, DbError> {
    let mut config = server.clone();
    config.dbname(database);
    let (client, connection) = config.connect(NoTls).await.map_err(|e| refused(&e))?;
    let name = database.to_owned();
    let (line, gone) = oneshot::channel();
    tokio::spawn(async move {
        let _held = held;
        let outcome = match select(pin!(connection), gone).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right((linger, connection)) => {
                tokio::time::timeout(linger.unwrap_or_default(), connection)
                    .await
                    .unwrap_or(Ok(()))
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(database = name, %error, "a database connection ended");
        }
    });
    let mut conn = PgConn::new(client, limits, line);
    if !limits.transaction_pooler {
        conn.batch(&limits.settings("SESSION")).await?;
    }
    Ok(conn)
}

/// A database that does not accept connections is one that was replaced.
fn refused(error: &tokio_postgres::Error) -> DbError {
    if error.code() == Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE) {
        return DbError::Unavailable("the database was replaced".to_owned());
    }
    failure(error)
}
