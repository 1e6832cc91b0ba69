//! Threads that write, and the databases waiting for one.
//!
//! A database has one writer at a time, and a database with nothing to write costs nothing but its
//! place in memory. Threads take databases that have work; one that still has some after its turn
//! goes to the back, so a busy tenant cannot starve the others. Control has its own lane with its
//! own thread, because a tenant's transaction waits for control in the commit hook.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::writer::Writer;
use crate::DbError;
use crate::poll::panic_text;

/// A few threads for any number of databases.
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
    pub(super) fn admit(&self, writer: &Arc<Writer>, scheduled: &mut bool) -> Result<(), DbError> {
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
            // Callers' panics are caught where they happen; this keeps a thread that serves
            // everybody from ending with one nobody thought of.
            let more = catch_unwind(AssertUnwindSafe(|| writer.turn())).unwrap_or_else(|panic| {
                tracing::error!(panic = panic_text(panic.as_ref()), "a panic around a write");
                true
            });
            if more {
                self.offer(writer);
            }
        }
    }
}

/// A panic elsewhere while the lock was held leaves queues and slots whole: each change is one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
