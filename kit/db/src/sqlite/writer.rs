//! Writes: a queue per database, a few threads for all of them.
//!
//! A database has one writer at a time, and a database with nothing to write costs nothing but its
//! place in memory. Threads take databases that have work; one that still has some after its turn
//! goes to the back, so a busy tenant cannot starve the others. Control has its own lane with its
//! own thread, because a tenant's transaction waits for control in the commit hook.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gantry_kernel::{Kernel, TenantId};
use tokio::runtime::Handle;

use super::conn::{Mode, SqliteConn};
use crate::hook::HookSlot;
use crate::poll::panic_text;
use crate::tx::{Conn, Tx};
use crate::{DbError, SqliteConfig};

/// How long a thread writes for one database before it looks for others. A write that has begun is
/// finished.
const TURN: Duration = Duration::from_millis(20);

/// One write, with its types erased.
pub(crate) trait Job: Send {
    /// Whether anybody still waits for it. One that is given up before it began is left out: its
    /// caller was told that it timed out and may have asked again.
    fn awaited(&self) -> bool;
    /// Runs the closure in a begun transaction; whether to commit it.
    fn run(&mut self, tx: Tx) -> (Tx, bool);
    /// Hands the outcome to the caller. `Ok` after a COMMIT, or when `run` asked for none.
    fn finish(self: Box<Self>, outcome: Result<(), DbError>);
}

/// Threads and the databases waiting for one.
pub(crate) struct Lane {
    ready: Mutex<Ready>,
    wake: Condvar,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Ready {
    writers: VecDeque<Arc<Writer>>,
    /// Nothing new is admitted; the threads end when `writers` is empty.
    stopping: bool,
}

impl Lane {
    pub(crate) fn start(name: &str, threads: usize) -> Result<Arc<Self>, DbError> {
        let lane = Arc::new(Self {
            ready: Mutex::default(),
            wake: Condvar::new(),
            threads: Mutex::default(),
        });
        for number in 0..threads.max(1) {
            let worker = Arc::clone(&lane);
            let thread = std::thread::Builder::new()
                .name(format!("gantry-{name}-{number}"))
                .spawn(move || worker.work())
                .map_err(|e| DbError::Unavailable(format!("cannot start a writer thread: {e}")))?;
            lock(&lane.threads).push(thread);
        }
        Ok(lane)
    }

    /// Lets the threads end once everything queued is written.
    pub(crate) fn stop(&self) {
        lock(&self.ready).stopping = true;
        self.wake.notify_all();
    }

    /// Stops and waits until everything queued is written. Must not run on one of its threads.
    pub(crate) fn drain(&self) {
        self.stop();
        let threads = std::mem::take(&mut *lock(&self.threads));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a writer thread panicked");
            }
        }
    }

    /// Sees to it that a thread comes to this writer, or says that none will any more. Both are
    /// decided under one lock: a write admitted beside a stop would never be answered.
    fn admit(&self, writer: &Arc<Writer>, scheduled: &mut bool) -> Result<(), DbError> {
        let mut ready = lock(&self.ready);
        if ready.stopping {
            return Err(DbError::Unavailable("the databases are closing".to_owned()));
        }
        if !std::mem::replace(scheduled, true) {
            ready.writers.push_back(Arc::clone(writer));
            self.wake.notify_one();
        }
        Ok(())
    }

    /// The writer's turn is over and it has work left.
    fn offer(&self, writer: Arc<Writer>) {
        lock(&self.ready).writers.push_back(writer);
        self.wake.notify_one();
    }

    fn work(&self) {
        loop {
            let writer = {
                let mut ready = lock(&self.ready);
                loop {
                    if let Some(writer) = ready.writers.pop_front() {
                        break writer;
                    }
                    if ready.stopping {
                        return;
                    }
                    ready = self
                        .wake
                        .wait(ready)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            };
            // What may panic here is the caller's (dropping its result, its hook); the thread and
            // the rest of the queue go on.
            let more = catch_unwind(AssertUnwindSafe(|| writer.turn())).unwrap_or_else(|panic| {
                tracing::error!(panic = panic_text(panic.as_ref()), "a panic after a write");
                true
            });
            if more {
                self.offer(writer);
            }
        }
    }
}

/// What every writer of a process shares.
#[derive(Clone)]
pub(crate) struct WriterContext {
    pub(crate) kernel: Kernel,
    pub(crate) hook: HookSlot,
    pub(crate) runtime: Handle,
    pub(crate) sqlite: SqliteConfig,
    pub(crate) max_transaction: Duration,
    pub(crate) max_queued: usize,
}

/// The writing side of one database.
pub(crate) struct Writer {
    path: PathBuf,
    tenant: Option<TenantId>,
    context: WriterContext,
    queue: Mutex<Queue>,
    /// Held by the thread whose turn it is; opened by the first write.
    conn: Mutex<Option<SqliteConn>>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Box<dyn Job>>,
    /// Already with the lane, or being worked on.
    scheduled: bool,
}

impl Writer {
    pub(crate) fn new(
        path: PathBuf,
        tenant: Option<TenantId>,
        context: WriterContext,
    ) -> Arc<Self> {
        Arc::new(Self {
            path,
            tenant,
            context,
            queue: Mutex::default(),
            conn: Mutex::new(None),
        })
    }

    pub(crate) fn submit(self: &Arc<Self>, lane: &Lane, job: Box<dyn Job>) -> Result<(), DbError> {
        let mut queue = lock(&self.queue);
        if queue.jobs.len() >= self.context.max_queued {
            return Err(DbError::Overloaded("writes of this database".to_owned()));
        }
        lane.admit(self, &mut queue.scheduled)?;
        queue.jobs.push_back(job);
        Ok(())
    }

    /// Writes what is queued, up to a bound; whether something is left.
    fn turn(&self) -> bool {
        let mut slot = lock(&self.conn);
        let begun = Instant::now();
        while begun.elapsed() < TURN {
            let job = {
                let mut queue = lock(&self.queue);
                let Some(job) = queue.jobs.pop_front() else {
                    queue.scheduled = false;
                    return false;
                };
                job
            };
            self.one(&mut slot, job);
        }
        true
    }

    /// One job, one COMMIT. Group commit will put several jobs, a savepoint each, between this
    /// BEGIN and this COMMIT; nothing outside this function knows the difference.
    fn one(&self, slot: &mut Option<SqliteConn>, mut job: Box<dyn Job>) {
        if !job.awaited() {
            return;
        }
        let conn = match slot.take() {
            Some(conn) => Ok(conn),
            None => SqliteConn::open(&self.path, Mode::Write, &self.context.sqlite),
        };
        let conn = match conn {
            Ok(conn) => conn,
            Err(error) => return job.finish(Err(error)),
        };
        conn.start(self.context.max_transaction);
        if let Err(error) = conn.batch("BEGIN IMMEDIATE") {
            if conn.clean() {
                *slot = Some(conn);
            }
            return job.finish(Err(error));
        }
        // BEGIN may have waited for another process.
        if !job.awaited() {
            if conn.clean() {
                *slot = Some(conn);
            }
            return;
        }
        let tx = Tx::new(Conn::Sqlite(conn), self.context.kernel.clone(), self.tenant);
        let (tx, wanted) = job.run(tx);
        let due = tx.due();
        let outcome = if wanted { self.commit(&tx) } else { Ok(()) };
        // After an unknown outcome the connection's own view of its log cannot be trusted either.
        if let Conn::Sqlite(conn) = tx.conn
            && conn.clean()
            && !matches!(outcome, Err(DbError::CommitUnknown(_)))
        {
            *slot = Some(conn);
        }
        if wanted && outcome.is_ok() {
            self.context.hook.after(self.tenant, due);
        }
        job.finish(outcome);
    }

    fn commit(&self, tx: &Tx) -> Result<(), DbError> {
        tx.committable()?;
        let Conn::Sqlite(conn) = &tx.conn else {
            return Err(DbError::Other(
                "a writer holds a connection of another engine".to_owned(),
            ));
        };
        if let (Some(tenant), Some(due)) = (self.tenant, tx.due()) {
            self.announce(tenant, due)?;
        }
        if conn.stop() {
            return Err(DbError::Timeout);
        }
        // Failed input or output says nothing of what reached the disk: the log may hold the commit
        // and be replayed by the next to open the file. A full disk refuses it as a whole.
        conn.batch("COMMIT").map_err(|error| match error {
            DbError::Unavailable(detail) => DbError::CommitUnknown(detail),
            error => error,
        })
    }

    /// The hook waits for control's own thread, so it can always go on; it is bounded all the same.
    fn announce(&self, tenant: TenantId, due: gantry_kernel::Timestamp) -> Result<(), DbError> {
        let WriterContext {
            hook,
            runtime,
            max_transaction,
            ..
        } = &self.context;
        catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                tokio::time::timeout(*max_transaction, hook.before(Some(tenant), Some(due)))
                    .await
                    .unwrap_or(Err(DbError::Timeout))
            })
        }))
        .unwrap_or_else(|panic| Err(DbError::Panicked(panic_text(panic.as_ref()))))
    }
}

/// A panic elsewhere while the lock was held leaves queues and slots whole: each change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
