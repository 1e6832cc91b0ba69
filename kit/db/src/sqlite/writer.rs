//! The writing side of one database: its queue, and its turns on a shared thread.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gantry_kernel::{Kernel, TenantId};
use tokio::runtime::Handle;

use super::checkpoint::{Checkpoints, Log};
use super::conn::{Mode, SqliteConn};
use super::group::{Group, Left, answer};
use super::lane::{Lane, lock};
use super::readers::Readers;
use crate::hook::HookSlot;
use crate::stats::Stats;
use crate::tx::Tx;
use crate::{DbError, SqliteConfig};

/// How long a thread writes for one database before it looks for others. A group that has begun is
/// finished.
const TURN: Duration = Duration::from_millis(20);
/// After one that was spoiled, so many groups are written carefully: whoever fails again and again costs others that much and
/// no repetition.
const CAREFUL: u32 = 64;

/// One write, with its types erased.
pub(crate) trait Job: Send {
    /// Whether anybody still waits for it. One that is given up before it began is left out: its
    /// caller was told that it timed out and may have asked again.
    fn awaited(&self) -> bool;
    /// Runs the closure in a begun transaction; whether to commit it. May be asked again when what
    /// it did was rolled back.
    fn run(&mut self, tx: Tx) -> (Tx, bool);
    /// Hands the outcome to the caller. `Ok` after a COMMIT, or when `run` asked for none.
    fn finish(self: Box<Self>, outcome: Result<(), DbError>);
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
    pub(crate) checkpoints: Arc<Checkpoints>,
    pub(crate) stats: Arc<Stats>,
}

/// The writing side of one database.
pub(crate) struct Writer {
    pub(super) path: PathBuf,
    pub(super) tenant: Option<TenantId>,
    pub(super) context: WriterContext,
    pub(super) readers: Arc<Readers>,
    queue: Mutex<Queue>,
    /// Held by the thread whose turn it is.
    slot: Mutex<Slot>,
    fenced: AtomicBool,
}

/// What a turn works with.
#[derive(Default)]
pub(super) struct Slot {
    /// Opened by the first write, and again after one that left it unusable.
    pub(super) conn: Option<SqliteConn>,
    pub(super) log: Log,
    /// How many groups are still to be written carefully.
    careful: u32,
    /// The end of the last turn, until the memory of that was given back.
    worked: Option<Instant>,
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
        readers: Arc<Readers>,
    ) -> Arc<Self> {
        Arc::new(Self {
            path,
            tenant,
            context,
            readers,
            queue: Mutex::default(),
            slot: Mutex::default(),
            fenced: AtomicBool::new(false),
        })
    }

    pub(crate) fn submit(self: &Arc<Self>, lane: &Lane, job: Box<dyn Job>) -> Result<(), DbError> {
        let mut queue = lock(&self.queue);
        if queue.jobs.len() >= self.context.max_queued {
            return Err(DbError::Overloaded("writes of this database".to_owned()));
        }
        lane.admit(self, &mut queue.scheduled)?;
        queue.jobs.push_back(job);
        self.context.stats.waiting(1);
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is queued, up to a bound; whether something is left.
    pub(super) fn turn(self: &Arc<Self>) -> bool {
        let mut slot = lock(&self.slot);
        let begun = Instant::now();
        while begun.elapsed() < TURN {
            let Some(lead) = self.take_or_rest() else {
                slot.worked = Some(Instant::now());
                return false;
            };
            let careful = slot.careful > 0;
            slot.careful = slot.careful.saturating_sub(1);
            let Left { alone, again } = self.group(&mut slot.conn, lead, || self.take(), careful);
            if !again.is_empty() {
                slot.careful = CAREFUL;
                self.again(&mut slot.conn, again.into());
            }
            self.alone(&mut slot.conn, alone);
            let Slot { conn, log, .. } = &mut *slot;
            if let Some(conn) = conn {
                log.keep_small(self, conn);
            }
        }
        true
    }

    /// Gives back the memory of what nobody used for so long.
    pub(super) fn rest(&self, after: Duration) {
        self.readers.rest(after);
        let Ok(mut slot) = self.slot.try_lock() else {
            return;
        };
        if slot.worked.is_none_or(|at| at.elapsed() < after) {
            return;
        }
        slot.worked = None;
        if let Some(Err(error)) = slot.conn.as_ref().map(SqliteConn::rest) {
            tracing::warn!(database = %self.path.display(), %error, "a connection keeps its memory");
        }
    }

    /// Writes those of a spoiled group, in as many careful ones as its bounds make of them.
    fn again(&self, slot: &mut Option<SqliteConn>, mut jobs: VecDeque<Box<dyn Job>>) {
        while let Some(lead) = jobs.pop_front() {
            let Left { alone, again } = self.group(slot, lead, || jobs.pop_front(), true);
            debug_assert!(again.is_empty(), "a careful group is not spoiled");
            self.alone(slot, alone);
        }
    }

    fn alone(&self, slot: &mut Option<SqliteConn>, jobs: Vec<Box<dyn Job>>) {
        for job in jobs {
            let Left { alone, again } = self.group(slot, job, || None, false);
            debug_assert!(
                alone.is_empty() && again.is_empty(),
                "who is alone is answered"
            );
        }
    }

    /// Writes `lead` and what `next` gives in one commit; who cannot be answered comes back.
    fn group(
        &self,
        slot: &mut Option<SqliteConn>,
        lead: Box<dyn Job>,
        mut next: impl FnMut() -> Option<Box<dyn Job>>,
        careful: bool,
    ) -> Left {
        if !lead.awaited() {
            return Left::default();
        }
        let waiting = lock(&self.queue).jobs.len();
        let conn = match self.begin(slot) {
            Ok(conn) => conn,
            Err(error) => {
                // Those who waited for the same lock have waited long enough.
                answer(lead, Err(error.clone()));
                for job in (0..waiting).map_while(|_| next()) {
                    answer(job, Err(error.clone()));
                }
                return Left::default();
            }
        };
        // BEGIN may have waited for another process.
        let mut lead = Some(lead);
        while let Some(job) = lead.take() {
            if job.awaited() {
                return Group::new(self, slot, careful).write(conn, job, next);
            }
            lead = next();
        }
        if conn.clean() {
            *slot = Some(conn);
        }
        Left::default()
    }

    fn begin(&self, slot: &mut Option<SqliteConn>) -> Result<SqliteConn, DbError> {
        let mut conn = if let Some(conn) = slot.take() {
            conn
        } else {
            let mut conn = SqliteConn::open(&self.path, Mode::Write, &self.context.sqlite)?;
            conn.watch_log(&self.context.sqlite)?;
            conn
        };
        conn.start(self.context.max_transaction);
        match conn
            .control("BEGIN IMMEDIATE")
            .and_then(|()| conn.open_to_writes())
        {
            Ok(()) => {
                conn.forget_bound();
                Ok(conn)
            }
            Err(error) => {
                if matches!(error, DbError::Moving) {
                    self.fenced.store(true, Ordering::Relaxed);
                }
                if conn.clean() {
                    *slot = Some(conn);
                }
                Err(error)
            }
        }
    }

    pub(super) fn fenced(&self) -> bool {
        self.fenced.swap(false, Ordering::Relaxed)
    }

    fn take(&self) -> Option<Box<dyn Job>> {
        let job = lock(&self.queue).jobs.pop_front();
        if job.is_some() {
            self.context.stats.waiting(-1);
        }
        job
    }

    /// The next write; without one the lane has nothing to come back for.
    fn take_or_rest(&self) -> Option<Box<dyn Job>> {
        let mut queue = lock(&self.queue);
        let job = queue.jobs.pop_front();
        match &job {
            Some(_) => self.context.stats.waiting(-1),
            None => queue.scheduled = false,
        }
        job
    }
}

impl Drop for Writer {
    /// A closed database has no log, and nobody's write waits for it.
    fn drop(&mut self) {
        let stats = &self.context.stats;
        let left = lock(&self.queue).jobs.len();
        stats.waiting(-i64::try_from(left).unwrap_or(i64::MAX));
        stats.log_changed(lock(&self.slot).log.bytes(), 0);
    }
}
