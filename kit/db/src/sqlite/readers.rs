//! Who reads a database: how many may at once, with which connections, and who holds the log when it cannot be emptied.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::conn::SqliteConn;
use super::lane::lock;
use crate::DbError;

/// Long reads have connections of their own, so that exports cannot take the short reads'.
const LONG: usize = 2;

pub(crate) struct Readers {
    most: usize,
    short: Arc<Semaphore>,
    long: Arc<Semaphore>,
    under_way: Mutex<Vec<Reading>>,
    /// Connections nobody reads with, and since when; the last that came back is the first to be used again.
    idle: Mutex<Vec<(SqliteConn, Instant)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Reading {
    what: &'static str,
    since: Instant,
}

/// A long read; it is over when this is dropped.
pub(crate) struct LongRead {
    readers: Arc<Readers>,
    reading: Reading,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Readers {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let most = most.max(1);
        Arc::new(Self {
            most,
            short: Arc::new(Semaphore::new(most)),
            long: Arc::new(Semaphore::new(LONG)),
            under_way: Mutex::default(),
            idle: Mutex::default(),
        })
    }

    /// A connection that is open already.
    pub(super) fn take(&self) -> Option<SqliteConn> {
        lock(&self.idle).pop().map(|(conn, _)| conn)
    }

    /// Hands a connection back for the next read.
    pub(super) fn put(&self, conn: SqliteConn) {
        lock(&self.idle).push((conn, Instant::now()));
    }

    /// Closes connections that nobody used for so long.
    pub(super) fn rest(&self, after: Duration) {
        let mut idle = lock(&self.idle);
        // They came back one after the other.
        let unused = idle.partition_point(|(_, since)| since.elapsed() >= after);
        let unused: Vec<_> = idle.drain(..unused).collect();
        drop(idle);
        drop(unused);
    }

    pub(super) async fn short(&self, wait: Duration) -> Result<OwnedSemaphorePermit, DbError> {
        permit(&self.short, wait).await
    }

    pub(super) async fn long(self: &Arc<Self>, wait: Duration) -> Result<LongRead, DbError> {
        let permit = permit(&self.long, wait).await?;
        Ok(self.begin("a long read", Some(permit)))
    }

    /// A copy is one long read; there are as many as are asked for.
    pub(crate) fn copying(self: &Arc<Self>) -> LongRead {
        self.begin("a snapshot", None)
    }

    fn begin(
        self: &Arc<Self>,
        what: &'static str,
        permit: Option<OwnedSemaphorePermit>,
    ) -> LongRead {
        let reading = Reading {
            what,
            since: Instant::now(),
        };
        lock(&self.under_way).push(reading);
        LongRead {
            readers: Arc::clone(self),
            reading,
            _permit: permit,
        }
    }

    /// Who reads now, in words for the log.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        for Reading { what, since } in lock(&self.under_way).iter() {
            let seconds = since.elapsed().as_secs_f32();
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{what} since {seconds:.1} s, ");
        }
        let short = self.most.saturating_sub(self.short.available_permits());
        let _infallible = write!(text, "{short} short reads of this process");
        text
    }
}

impl Drop for LongRead {
    fn drop(&mut self) {
        let mut under_way = lock(&self.readers.under_way);
        if let Some(at) = under_way.iter().position(|one| *one == self.reading) {
            under_way.swap_remove(at);
        }
    }
}

async fn permit(
    semaphore: &Arc<Semaphore>,
    wait: Duration,
) -> Result<OwnedSemaphorePermit, DbError> {
    if let Ok(permit) = Arc::clone(semaphore).try_acquire_owned() {
        return Ok(permit);
    }
    match tokio::time::timeout(wait, Arc::clone(semaphore).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) => Err(DbError::Unavailable("the databases are closing".to_owned())),
        Err(_) => Err(DbError::Overloaded("reads of this database".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::conn::Mode;
    use super::*;
    use crate::SqliteConfig;

    #[tokio::test]
    async fn who_reads_is_named_as_long_as_it_does() {
        let readers = Readers::new(2);
        let long = readers.long(Duration::ZERO).await.unwrap();
        let copy = readers.copying();
        let short = readers.short(Duration::ZERO).await.unwrap();
        let said = readers.describe();
        for word in ["a long read since", "a snapshot since", "1 short reads"] {
            assert!(said.contains(word), "{said}");
        }
        drop((long, copy, short));
        assert_eq!(readers.describe(), "0 short reads of this process");
    }

    #[test]
    fn a_connection_nobody_uses_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let conn = SqliteConn::open(&path, Mode::Create, &SqliteConfig::default()).unwrap();
        let readers = Readers::new(2);
        readers.put(conn);
        readers.rest(Duration::from_hours(1));
        let conn = readers.take().expect("it was used just now");
        readers.put(conn);
        readers.rest(Duration::ZERO);
        assert!(readers.take().is_none());
    }
}
