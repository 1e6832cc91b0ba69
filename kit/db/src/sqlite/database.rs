//! One SQLite database: its readers, its writer, and the closures run on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gantry_telemetry::trace::TraceContext;
use tokio::sync::oneshot;

use super::conn::{Mode, SqliteConn};
use super::lane::Lane;
use super::readers::Readers;
use super::writer::{Job, Writer, WriterContext};
use crate::DbError;
use crate::poll::at_once;
use crate::tx::{Conn, Scoped, Tx};

/// Readers and the writer of one file.
pub(crate) struct SqliteDb {
    path: PathBuf,
    context: WriterContext,
    lane: Arc<Lane>,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    max_wait: Duration,
}

impl SqliteDb {
    pub(crate) fn new(
        path: PathBuf,
        tenant: Option<gantry_kernel::TenantId>,
        lane: Arc<Lane>,
        context: WriterContext,
        max_wait: Duration,
    ) -> Self {
        let readers = Readers::new(context.sqlite.readers);
        let writer = Writer::new(path.clone(), tenant, context.clone(), Arc::clone(&readers));
        context.checkpoints.watch(&writer);
        Self {
            path,
            context,
            lane,
            writer,
            readers,
            max_wait,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a write was refused, since this was last asked, because the database is moving.
    pub(crate) fn fenced(&self) -> bool {
        self.writer.fenced()
    }

    pub(crate) const fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    pub(crate) const fn context(&self) -> &WriterContext {
        &self.context
    }

    /// Runs a read where it is, without a thread hop: a point read costs less than the hop.
    pub(crate) async fn read<S, T, E, F>(&self, key: S::Key, f: F) -> Result<T, E>
    where
        S: Scoped,
        F: AsyncFnOnce(&mut S) -> Result<T, E>,
        E: From<DbError>,
    {
        let _permit = self.readers.short(self.max_wait).await?;
        let conn = match self.readers.take() {
            Some(conn) => conn,
            None => SqliteConn::open(&self.path, Mode::Read, &self.context.sqlite)?,
        };
        let (conn, outcome) = run_read(&self.context, self.context.max_transaction, conn, key, f);
        if let Some(conn) = conn {
            self.readers.put(conn);
        }
        outcome
    }

    /// Runs a long read on a thread for blocking work, with a connection of its own.
    pub(crate) async fn read_blocking<S, T, E, F>(
        &self,
        key: S::Key,
        cap: Duration,
        f: F,
    ) -> Result<T, E>
    where
        S: Scoped,
        F: AsyncFnOnce(&mut S) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let reading = self.readers.long(self.max_wait).await?;
        let (path, context) = (self.path.clone(), self.context.clone());
        let task = tokio::task::spawn_blocking(move || {
            let _reading = reading;
            let conn = SqliteConn::open(&path, Mode::Read, &context.sqlite)?;
            run_read::<S, T, E, F>(&context, cap, conn, key, f).1
        });
        task.await
            .unwrap_or_else(|e| Err(DbError::Other(e.to_string()).into()))
    }

    pub(crate) async fn write<S, T, E, F>(&self, key: S::Key, f: F) -> Result<T, E>
    where
        S: Scoped,
        F: AsyncFn(&mut S) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Write::<S, T, E, F> {
            f,
            key,
            span: TraceContext::recorded(),
            outcome: None,
            reply,
        };
        self.writer.submit(&self.lane, Box::new(job))?;
        answer.await.unwrap_or_else(|_| {
            Err(DbError::Unavailable("the writer ended before this write".to_owned()).into())
        })
    }
}

/// One read transaction; the connection comes back unless it is no longer usable.
fn run_read<S, T, E, F>(
    context: &WriterContext,
    cap: Duration,
    conn: SqliteConn,
    key: S::Key,
    f: F,
) -> (Option<SqliteConn>, Result<T, E>)
where
    S: Scoped,
    F: AsyncFnOnce(&mut S) -> Result<T, E>,
    E: From<DbError>,
{
    conn.start(cap);
    if let Err(error) = conn.control("BEGIN DEFERRED") {
        return (None, Err(error.into()));
    }
    let tx = Tx::new(
        Conn::Sqlite(conn),
        context.kernel.clone(),
        S::tenant_of(key),
        Arc::clone(&context.stats),
    );
    let mut scoped = S::wrap(tx, key);
    let outcome = at_once(f(&mut scoped));
    let conn = match scoped.into_tx().conn {
        Conn::Sqlite(conn) => conn.clean().then_some(conn),
        Conn::Postgres(_) => None,
    };
    (conn, outcome.unwrap_or_else(|error| Err(error.into())))
}

/// A caller's write on its way to the writer thread.
struct Write<S: Scoped, T, E, F> {
    f: F,
    key: S::Key,
    span: Option<TraceContext>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<S, T, E, F> Job for Write<S, T, E, F>
where
    S: Scoped,
    F: AsyncFn(&mut S) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn awaited(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, mut tx: Tx) -> (Tx, bool) {
        tx.within(self.span);
        let mut scoped = S::wrap(tx, self.key);
        let outcome = at_once((self.f)(&mut scoped)).unwrap_or_else(|error| Err(error.into()));
        let wanted = outcome.is_ok();
        self.outcome = Some(outcome);
        (scoped.into_tx(), wanted)
    }

    fn finish(self: Box<Self>, outcome: Result<(), DbError>) {
        let answer = match (outcome, self.outcome) {
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(DbError::Other("the write did not run".to_owned()).into()),
            (Err(error), _) => Err(error.into()),
        };
        // A caller that is gone does not need its answer: the write is complete all the same.
        drop(self.reply.send(answer));
    }
}
