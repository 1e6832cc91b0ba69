//! Connections by database, under one cap.
//!
//! `in_use` bounds the connections checked out, `sockets` those that exist. A connection that waits
//! idle for its database keeps its socket; who needs a socket and finds none closes the one that
//! has been idle longest. A connection goes back only when its transaction has ended cleanly:
//! dropping it any other way closes it.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Config, NoTls, Socket};

use super::conn::{Limits, PgConn};
use super::error::failure;
use super::target::Target;
use crate::DbError;

/// A database on one of the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) cluster: Arc<str>,
    pub(crate) database: Arc<str>,
}

/// Connections to the databases of all servers.
pub(crate) struct Pool {
    servers: BTreeMap<Arc<str>, Target>,
    limits: Limits,
    max_wait: Duration,
    cap: usize,
    in_use: Arc<Semaphore>,
    sockets: Arc<Semaphore>,
    /// Those waiting for a socket; a connection returned while there are any is closed instead.
    starved: AtomicUsize,
    /// Oldest first.
    idle: Mutex<VecDeque<(Spot, PgConn)>>,
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
    spot: Spot,
    _in_use: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(
        servers: impl IntoIterator<Item = (Arc<str>, Target)>,
        limits: Limits,
        cap: usize,
        max_wait: Duration,
    ) -> Self {
        Self {
            servers: servers.into_iter().collect(),
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
    pub(crate) async fn take(&self, spot: &Spot) -> Result<Loan, DbError> {
        let in_use = self.wait(&self.in_use).await?;
        let place = LoanPlace {
            spot: spot.clone(),
            _in_use: in_use,
        };
        if let Some(conn) = self.take_idle(spot) {
            return Ok(Loan {
                conn,
                reused: true,
                place,
            });
        }
        let conn = self.connect(spot).await?;
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
            idle.push_back((place.spot, conn));
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
    pub(crate) fn forget(&self, spot: Option<&Spot>) {
        self.idle()
            .retain(|(one, _)| spot.is_some_and(|spot| one != spot));
    }

    fn take_idle(&self, spot: &Spot) -> Option<PgConn> {
        let mut idle = self.idle();
        idle.retain(|(_, conn)| !conn.is_broken());
        let at = idle.iter().rposition(|(one, _)| one == spot)?;
        idle.remove(at).map(|(_, conn)| conn)
    }

    async fn connect(&self, spot: &Spot) -> Result<PgConn, DbError> {
        let server = self.servers.get(&spot.cluster).ok_or_else(|| {
            DbError::Config(format!("there is no cluster called {}", spot.cluster))
        })?;
        let socket = self.socket().await?;
        open(server, &spot.database, self.limits, socket).await
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

    fn idle(&self) -> MutexGuard<'_, VecDeque<(Spot, PgConn)>> {
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
    server: &Target,
    database: &str,
    limits: Limits,
    held: H,
) -> Result<PgConn, DbError> {
    let limits = limits.with(server);
    // The setting bounds only the way to the server, not what it says there.
    let config = &server.config;
    let patience = config.get_connect_timeout().copied().unwrap_or_default() + limits.transaction;
    let greeting = async {
        match &server.tls {
            Some(tls) => greet(config, tls.clone(), database, limits, held).await,
            None => greet(config, NoTls, database, limits, held).await,
        }
    };
    tokio::time::timeout(patience, greeting)
        .await
        .unwrap_or_else(|_| {
            Err(DbError::Unavailable(
                "the server does not answer".to_owned(),
            ))
        })
}

async fn greet<T, H>(
    server: &Config,
    tls: T,
    database: &str,
    limits: Limits,
    held: H,
) -> Result<PgConn, DbError>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    H: Send + 'static,
{
    let mut config = server.clone();
    config.dbname(database);
    let (client, connection) = config.connect(tls).await.map_err(|e| refused(&e))?;
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
