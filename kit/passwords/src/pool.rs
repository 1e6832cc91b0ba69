//! Where passwords are hashed: a fixed number of threads and as many blocks of memory, used again and again.
//!
//! More hashing threads than cores lose throughput, and one allocation per hash leaves gigabytes in the
//! allocator's arenas (measured: 1.9 GiB for 30 threads). When nobody has asked for a while, the memory is given
//! back. A bounded queue in front turns a flood of log-ins into 503 for the flood instead of slowness for everybody.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_kernel::{Entropy, Problem, Secret};
use gantry_telemetry::{Family, Source};
use tokio::sync::oneshot;

use crate::breached::Breached;
use crate::phc::{self, Cost, HashError, Memory, SALT_BYTES};
use crate::stored;
use crate::strength::{self, Strength};

/// How long a client is asked to wait when the queue is full: about the time a full queue takes.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How long after the last request memory is kept for the next.
const KEPT: Duration = Duration::from_secs(10);

/// Settings of the pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolSize {
    /// Hashing threads; more than cores lose throughput.
    pub threads: usize,
    /// Requests that may wait; the next one is refused.
    pub queue: usize,
    /// What the names of the threads begin with.
    pub name: &'static str,
}

/// A piece of work; the memory is its own while it runs.
type Task = Box<dyn FnOnce(&mut Memory) + Send>;

/// Why no answer came from the pool.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// Too many are waiting.
    #[error("too many passwords are being checked right now")]
    Full,
    /// A defect ended the work; the thread goes on with the next.
    #[error("a hashing thread panicked")]
    Panicked,
    /// There is no thread.
    #[error("the password hashing pool has stopped")]
    Stopped,
    /// Hashing itself failed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Full => Self::unavailable(
                "busy",
                "too many people are signing in right now; try again shortly",
                RETRY_AFTER,
            ),
            PoolError::Stopped => {
                Self::unavailable("stopping", "the server is stopping", RETRY_AFTER)
            }
            PoolError::Panicked | PoolError::Hash(_) => Self::internal(error),
        }
    }
}

/// Hashes and verifies passwords. Cheap to clone; the threads end when the last clone is dropped.
#[derive(Clone)]
pub struct Hasher {
    work: SyncSender<Task>,
    entropy: Arc<dyn Entropy>,
    cost: Cost,
    decoy: Arc<str>,
    counts: Arc<Counts>,
    desk: Arc<Desk>,
}

/// What the threads share.
struct Desk {
    queue: Mutex<Receiver<Task>>,
    /// Of hashes that are done, for those to come; never more than there are threads.
    spare: Mutex<Vec<Memory>>,
    kept: Duration,
}

/// What the pool has done and has to do.
#[derive(Debug, Default)]
struct Counts {
    hashes: AtomicU64,
    waiting: AtomicU64,
    refused: AtomicU64,
}

impl Source for Counts {
    fn families(&self) -> Vec<Family> {
        let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a floating point number"
        )]
        let waiting = now(&self.waiting) as f64;
        vec![
            Family::counter(
                "password_hashes_total",
                "Password hashes that were computed",
                now(&self.hashes),
            ),
            Family::counter(
                "password_hashes_refused_total",
                "Requests refused because too many were waiting for a hash",
                now(&self.refused),
            ),
            Family::gauge(
                "password_hashes_waiting",
                "Requests waiting for a hash",
                waiting,
            ),
        ]
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher")
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

impl Hasher {
    /// Starts the threads. Errors: an impossible cost, or threads that cannot be started.
    pub fn start(
        size: PoolSize,
        cost: Cost,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        Self::keeping(KEPT, size, cost, entropy)
    }

    fn keeping(
        kept: Duration,
        size: PoolSize,
        cost: Cost,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        cost.check()?;
        // A hash nobody's password has: it is compared for accounts that do not exist.
        let mut random = [0_u8; SALT_BYTES * 2];
        entropy.fill(&mut random);
        let (salt, password) = random.split_at(SALT_BYTES);
        let mut decoy_salt = [0_u8; SALT_BYTES];
        decoy_salt.copy_from_slice(salt);
        let decoy = phc::hash(password, &decoy_salt, cost, &mut Memory::default())?;

        let (work, queue) = sync_channel(size.queue.max(1));
        let desk = Arc::new(Desk {
            queue: Mutex::new(queue),
            spare: Mutex::default(),
            kept,
        });
        for n in 0..size.threads.max(1) {
            let desk = Arc::clone(&desk);
            std::thread::Builder::new()
                .name(format!("{}{n}", size.name))
                .spawn(move || desk.run())?;
        }
        Ok(Self {
            work,
            entropy,
            cost,
            decoy: decoy.into(),
            counts: Arc::default(),
            desk,
        })
    }

    /// A PHC string for `password` at today's cost.
    pub async fn hash(&self, password: Secret<String>) -> Result<String, PoolError> {
        let mut salt = [0_u8; SALT_BYTES];
        self.entropy.fill(&mut salt);
        let (cost, counts) = (self.cost, Arc::clone(&self.counts));
        let hash = move |memory: &mut Memory| {
            counts.hashes.fetch_add(1, Ordering::Relaxed);
            phc::hash(password.expose().as_bytes(), &salt, cost, memory)
        };
        Ok(self.ask(hash).await??)
    }

    /// Whether `password` matches `stored`. Without a stored hash a decoy is compared, so that an unknown
    /// account takes as long as a known one, and the answer is `false`.
    pub async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<String>,
    ) -> Result<bool, PoolError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let (cost, counts) = (self.cost, Arc::clone(&self.counts));
        let verify = move |memory: &mut Memory| {
            counts.hashes.fetch_add(1, Ordering::Relaxed);
            let matches = stored::verify(password.expose().as_bytes(), &stored, memory);
            memory.keep(cost);
            matches
        };
        Ok(self.ask(verify).await?? && known)
    }

    /// How strong a password is for somebody who knows `words`.
    pub async fn estimate(
        &self,
        password: Secret<String>,
        words: Vec<String>,
    ) -> Result<Strength, PoolError> {
        self.ask(move |_| strength::estimate(&password, &words))
            .await
    }

    /// Whether a password is on the list; reads files, which is why it is done here.
    pub async fn is_breached(
        &self,
        list: Arc<Breached>,
        password: Secret<String>,
    ) -> Result<io::Result<bool>, PoolError> {
        self.ask(move |_| list.holds(password.expose().as_bytes()))
            .await
    }

    /// Hashes computed since the start.
    pub fn hashes(&self) -> u64 {
        self.counts.hashes.load(Ordering::Relaxed)
    }

    /// What is measured of the pool. It does not keep the threads.
    pub fn measures(&self) -> Arc<dyn Source> {
        Arc::clone(&self.counts) as Arc<dyn Source>
    }

    /// Bytes that are kept for the next hashes; those of hashes under way are not among them.
    pub fn spare_memory(&self) -> usize {
        let spare = self.desk.spare();
        spare.iter().map(Memory::bytes).sum()
    }

    /// Whether a stored hash should be made anew at the next log-in.
    pub fn is_outdated(&self, stored: &str) -> bool {
        phc::is_outdated(stored, self.cost)
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let (reply, answer) = oneshot::channel();
        let counts = Arc::clone(&self.counts);
        let task: Task = Box::new(move |memory| {
            counts.waiting.fetch_sub(1, Ordering::Relaxed);
            // A client that hung up must not cost 25 ms.
            if !reply.is_closed() {
                drop(reply.send(work(memory)));
            }
        });
        // Before it is sent: a thread may take it at once.
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        self.work.try_send(task).map_err(|error| {
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => {
                    self.counts.refused.fetch_add(1, Ordering::Relaxed);
                    PoolError::Full
                }
                TrySendError::Disconnected(_) => PoolError::Stopped,
            }
        })?;
        // The threads last as long as this pool, so only a panic drops the other end.
        answer.await.map_err(|_| PoolError::Panicked)
    }
}

/// Why the pool did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configured cost cannot be used.
    #[error(transparent)]
    Cost(#[from] HashError),
    /// The operating system refused a thread.
    #[error("a hashing thread could not be started: {0}")]
    Thread(#[from] io::Error),
}

/// How much nicer than the rest of the process a hashing thread is: beside a thread that serves requests it gets about a
/// tenth of the core.
#[cfg(target_os = "linux")]
const GIVES_WAY: i32 = 10;
/// There is nothing nicer.
#[cfg(target_os = "linux")]
const NICEST: i32 = 19;

/// Lets threads that serve requests go first. As many threads as cores that only compute would otherwise take
/// every core from them while log-ins are queued, and every other request would wait its turn behind them.
/// Only on Linux, where a priority belongs to a thread; elsewhere this would slow the whole process.
#[cfg(target_os = "linux")]
fn give_way() -> Result<(), rustix::io::Errno> {
    use rustix::process::{getpriority_process, setpriority_process};
    setpriority_process(None, (getpriority_process(None)? + GIVES_WAY).min(NICEST))
}

impl Desk {
    /// What each thread does until the pool is gone.
    fn run(&self) {
        #[cfg(target_os = "linux")]
        if let Err(error) = give_way() {
            tracing::warn!(%error, "a thread that hashes passwords does not give way to those that serve requests");
        }
        while let Some(task) = self.next() {
            let mut memory = self.spare().pop().unwrap_or_default();
            // What a panic leaves in the memory is not used again.
            if catch_unwind(AssertUnwindSafe(|| task(&mut memory))).is_ok() {
                self.spare().push(memory);
            }
        }
    }

    /// The next task, or none when there will be none.
    fn next(&self) -> Option<Task> {
        // The lock is held while waiting: exactly one idle thread waits on the queue, the others on it.
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match queue.recv_timeout(self.kept) {
                Ok(task) => return Some(task),
                Err(RecvTimeoutError::Timeout) => self.spare().clear(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Memory>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use gantry_kernel::SeededEntropy;

    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    fn pool(threads: usize, queue: usize) -> Hasher {
        keeping(KEPT, threads, queue)
    }

    fn keeping(kept: Duration, threads: usize, queue: usize) -> Hasher {
        let size = PoolSize {
            threads,
            queue,
            name: "test-",
        };
        Hasher::keeping(kept, size, CHEAP, Arc::new(SeededEntropy::new(1))).unwrap()
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn an_unknown_account_is_hashed_and_refused() {
        let pool = pool(1, 4);
        let stored = pool.hash(secret("correct horse")).await.unwrap();
        assert!(
            pool.verify(secret("correct horse"), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(
            !pool
                .verify(secret("wrong horse"), Some(stored))
                .await
                .unwrap()
        );
        assert!(!pool.verify(secret("correct horse"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_refuses_with_a_time_to_come_back() {
        let pool = pool(1, 1);
        let (begun, held) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (there, here) = (Arc::clone(&begun), Arc::clone(&held));
        let busy = pool.ask(move |_| {
            there.wait();
            here.wait();
        });
        let mut busy = Box::pin(busy);
        assert!(futures_util::poll!(&mut busy).is_pending());
        begun.wait();
        let mut waiting = Box::pin(pool.verify(secret("first"), None));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        let refused = pool.verify(secret("second"), None).await;
        assert!(matches!(refused, Err(PoolError::Full)), "{refused:?}");
        let problem = Problem::from(PoolError::Full);
        assert_eq!(problem.kind.status(), 503);
        assert!(problem.retry_after.is_some());
        held.wait();
        busy.await.unwrap();
        assert!(!waiting.await.unwrap());
    }

    /// The niceness of each hashing thread of this process.
    #[cfg(target_os = "linux")]
    fn niceness() -> Vec<i32> {
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let stats = threads.map(|thread| {
            let stat = thread.unwrap().path().join("stat");
            std::fs::read_to_string(stat).unwrap_or_default()
        });
        // A thread of another test may end while it is looked at; then there is nothing to read.
        stats
            .filter(|stat| stat.contains("(test-"))
            .map(|stat| {
                let (_, rest) = stat.rsplit_once(')').unwrap();
                rest.split_whitespace().nth(16).unwrap().parse().unwrap()
            })
            .collect()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_gives_way_to_serving() {
        let pool = pool(1, 4);
        // Answered by the only thread, which has therefore begun.
        pool.hash(secret("correct horse")).await.unwrap();
        let own = rustix::process::getpriority_process(None).unwrap();
        let nicer = (own + GIVES_WAY).min(NICEST);
        let niceness = niceness();
        assert!(
            niceness.contains(&nicer),
            "{niceness:?}, the rest is at {own}"
        );
    }

    /// With as many panics as there are threads and more, all of them are still there.
    #[tokio::test]
    async fn a_panic_is_answered_and_the_thread_goes_on() {
        let pool = pool(2, 4);
        for _ in 0..5 {
            let ended = pool.ask::<()>(|_| panic!("a defect")).await;
            assert!(matches!(ended, Err(PoolError::Panicked)), "{ended:?}");
        }
        assert_eq!(Problem::from(PoolError::Panicked).kind.status(), 500);
        // Both wait for each other: one thread alone would never get past.
        let meet = Arc::new(Barrier::new(2));
        let (one, two) = (Arc::clone(&meet), meet);
        let both = (pool.ask(move |_| one.wait()), pool.ask(move |_| two.wait()));
        let (one, two) = tokio::join!(both.0, both.1);
        assert!(one.is_ok() && two.is_ok());
        let stored = pool.hash(secret("correct horse")).await.unwrap();
        let known = pool.verify(secret("correct horse"), Some(stored)).await;
        assert!(known.unwrap());
    }

    #[tokio::test]
    async fn memory_is_used_again_and_given_back_when_nobody_asks() {
        let pool = pool(1, 4);
        for _ in 0..3 {
            pool.hash(secret("correct horse")).await.unwrap();
        }
        // Memory is put back after its answer was sent; the next answer says that this has happened.
        pool.ask(|_| ()).await.unwrap();
        assert!(pool.spare_memory() <= 64 * 1024, "{}", pool.spare_memory());

        let pool = keeping(Duration::from_millis(1), 2, 4);
        pool.hash(secret("correct horse")).await.unwrap();
        tokio::time::timeout(Duration::from_mins(1), async {
            while pool.spare_memory() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("memory is kept for ever");
        pool.hash(secret("correct horse")).await.unwrap();
    }
}
