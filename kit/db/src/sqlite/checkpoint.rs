//! Keeping the log small without making writes wait.
//!
//! A checkpoint copies the log into the file and syncs both, which takes longer than any write. One
//! thread does it for all databases, on a connection of its own and without waiting for anybody
//! (PASSIVE); when it has copied everything, the next write begins the log anew. Under writes
//! without a pause it never gets to the end, so beyond a bound the writer itself does the rest
//! between two groups (RESTART). A reader who looks at the log keeps it from beginning anew; nobody
//! waits for it, the log grows on, and who it is stands in the server's log.
//!
//! The same thread sees to it that a database nobody uses keeps little memory: what its connections hold of prepared
//! statements and pages is, with thousands of open databases, most of the process.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::conn::{Mode, SqliteConn};
use super::lane::lock;
use super::writer::Writer;
use crate::DbError;

/// How long after its last use the memory of a connection is given back.
const RESTS_AFTER: Duration = Duration::from_secs(30);
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The thread, and the databases that wait for it.
#[derive(Default)]
pub(crate) struct Checkpoints {
    asked: Mutex<Asked>,
    open: Mutex<Vec<Weak<Writer>>>,
    wake: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Asked {
    /// A database closed meanwhile has checkpointed itself.
    writers: VecDeque<Weak<Writer>>,
    stopping: bool,
}

impl Checkpoints {
    pub(crate) fn start() -> Result<Arc<Self>, DbError> {
        let checkpoints = Arc::new(Self::default());
        let worker = Arc::clone(&checkpoints);
        let thread = std::thread::Builder::new()
            .name("gantry-checkpoints".to_owned())
            .spawn(move || worker.work())
            .map_err(|e| DbError::Unavailable(format!("cannot start a thread: {e}")))?;
        *lock(&checkpoints.thread) = Some(thread);
        Ok(checkpoints)
    }

    /// Lets the thread end after what it is at; closing a database does the rest.
    pub(crate) fn stop(&self) {
        lock(&self.asked).stopping = true;
        self.wake.notify_all();
    }

    /// Stops and waits for the thread. Must not run on it.
    pub(crate) fn drain(&self) {
        self.stop();
        let thread = lock(&self.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the checkpoint thread panicked");
        }
    }

    /// Has the memory of this database given back whenever nobody uses it, for as long as it is open.
    pub(super) fn watch(&self, writer: &Arc<Writer>) {
        lock(&self.open).push(Arc::downgrade(writer));
    }

    fn rest(&self) {
        let open = {
            let mut open = lock(&self.open);
            open.retain(|writer| writer.strong_count() > 0);
            open.clone()
        };
        for writer in open.iter().filter_map(Weak::upgrade) {
            writer.rest(RESTS_AFTER);
        }
    }

    fn ask(&self, writer: &Arc<Writer>) {
        lock(&self.asked).writers.push_back(Arc::downgrade(writer));
        self.wake.notify_one();
    }

    fn work(&self) {
        let mut looked = Instant::now();
        while let Some(work) = self.next(looked) {
            match work {
                // Held during the checkpoint: nobody who waited for the database to be closed finds it
                // open here.
                Work::Checkpoint(writer) => {
                    if let Some(writer) = writer.upgrade() {
                        checkpoint(&writer);
                    }
                }
                Work::Look => {
                    self.rest();
                    looked = Instant::now();
                }
            }
        }
    }

    /// What there is to do, once there is something; nothing when it is over.
    fn next(&self, looked: Instant) -> Option<Work> {
        let mut asked = lock(&self.asked);
        loop {
            if asked.stopping {
                return None;
            }
            let until = LOOK_EVERY.saturating_sub(looked.elapsed());
            if until.is_zero() {
                return Some(Work::Look);
            }
            if let Some(writer) = asked.writers.pop_front() {
                return Some(Work::Checkpoint(writer));
            }
            let waited = self.wake.wait_timeout(asked, until);
            (asked, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

enum Work {
    Checkpoint(Weak<Writer>),
    Look,
}

fn checkpoint(writer: &Writer) {
    let done = SqliteConn::open(writer.path(), Mode::Write, &writer.context.sqlite)
        .and_then(|conn| conn.checkpoint());
    if let Err(error) = done {
        tracing::warn!(
            database = %writer.path().display(),
            %error,
            "a checkpoint failed; the log is kept"
        );
    }
}

/// What the writer knows of its log.
#[derive(Default)]
pub(super) struct Log {
    bytes: u64,
    /// Smaller than this, nothing is done about it (again).
    ask_at: u64,
    empty_at: u64,
}

impl Log {
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Between two groups: sees to it that the log is copied, or copies it.
    pub(super) fn keep_small(&mut self, writer: &Arc<Writer>, conn: &SqliteConn) {
        let config = &writer.context.sqlite;
        let bytes = conn.log_bytes();
        writer.context.stats.log_changed(self.bytes, bytes);
        if bytes < self.bytes {
            *self = Self::default();
        }
        self.bytes = bytes;
        if bytes >= config.max_log_bytes.max(self.empty_at) {
            self.empty_at = bytes + config.checkpoint_bytes;
            match conn.empty_log(config.busy_timeout) {
                Ok(true) => {}
                Ok(false) => tracing::warn!(
                    database = %writer.path().display(),
                    log_bytes = bytes,
                    readers = writer.readers.describe(),
                    "the log cannot be emptied while it is read"
                ),
                Err(error) => tracing::warn!(
                    database = %writer.path().display(),
                    log_bytes = bytes,
                    %error,
                    "the log cannot be emptied"
                ),
            }
        } else if bytes >= config.checkpoint_bytes.max(self.ask_at) {
            self.ask_at = bytes + config.checkpoint_bytes;
            writer.context.checkpoints.ask(writer);
        }
    }
}
