//! Runs due jobs: one dispatcher per process, a bounded number of workers, places in turn.

mod dispatch;
mod due;
mod fair;
mod looks;
mod seats;
mod visit;
mod work;

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use gantry_db::{ControlDb, ControlTx, DbError, TenantTx, Tenants, Tx};
use gantry_kernel::{JobId, Kernel};
use gantry_telemetry::{Source, trace::Recorder};
use tokio::{sync::watch, task::JoinHandle};

use crate::{Hints, JobKind, Place, Schedule, settle::Settler, stats::Stats};
use dispatch::Dispatcher;

/// How much runs at once.
#[derive(Debug, Clone, Copy)]
pub struct RunnerConfig {
    /// Jobs running at once in this process, brief ones besides.
    pub workers: usize,
    /// Brief jobs running at once while all workers, or all that a place may have, are busy.
    pub brief: usize,
    /// Jobs of one tenant (or of control) running at once in this process.
    pub per_place: usize,
    /// The longest time between two looks for work of other processes.
    pub poll: Duration,
    /// Due tenants read at once; more are read in turns.
    pub hints_at_once: i64,
}

impl RunnerConfig {
    /// Jobs of one kind in one place: the last seat is kept for another kind, so that a mail server that
    /// hangs does not hold up everything else.
    pub(crate) fn per_kind(&self) -> usize {
        self.per_place.saturating_sub(1).max(1)
    }
}

impl Default for RunnerConfig {
    /// 8 workers, 4 of them for one tenant at most, 2 for brief jobs, a look every second, 4,096 hints.
    fn default() -> Self {
        Self {
            workers: 8,
            brief: 2,
            per_place: 4,
            poll: Duration::from_secs(1),
            hints_at_once: 4_096,
        }
    }
}

/// Two modules declare the same name.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Two kinds of jobs.
    #[error("two kinds of jobs are called {0}")]
    Kind(&'static str),
    /// A name that would confuse the list of known kinds.
    #[error("a kind of job needs a name without commas: {0:?}")]
    Name(&'static str),
    /// Two schedules.
    #[error("two schedules are called {0}")]
    Schedule(&'static str),
    /// A schedule of a kind that nobody does.
    #[error("schedule {schedule} enqueues {kind}, which nobody declares")]
    NoSuchKind {
        /// The schedule.
        schedule: &'static str,
        /// The missing kind.
        kind: &'static str,
    },
}

/// What the process is doing about its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Nothing new is taken; what runs is asked to end.
    Stopping,
    /// What still runs is dropped and given back.
    Abandoning,
}

/// What dispatcher and workers share.
pub(crate) struct Shared {
    pub(crate) control: ControlDb,
    pub(crate) tenants: Tenants,
    pub(crate) kernel: Kernel,
    pub(crate) hints: Arc<Hints>,
    pub(crate) config: RunnerConfig,
    pub(crate) kinds: BTreeMap<&'static str, JobKind>,
    /// All names, each between commas.
    pub(crate) known: String,
    /// Those of brief kinds, likewise.
    pub(crate) known_brief: String,
    pub(crate) schedules: Vec<Schedule>,
    /// The shortest lease of any kind: that of a claim before each kind's own replaces it.
    pub(crate) first_lease: Duration,
    settler: Mutex<Settler>,
    pub(crate) stats: Arc<Stats>,
    /// Who wants to hear of attempts.
    pub(crate) recorder: OnceLock<Arc<dyn Recorder>>,
    owner: Mutex<String>,
}

impl Shared {
    /// What the tokens of this process's leases begin with.
    pub(crate) fn owner(&self) -> String {
        self.owner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes another name, so that leases under the old one end for this process as for any other.
    pub(crate) fn disown(&self) {
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = new_owner(&self.kernel);
    }

    /// Whether any kind is brief.
    pub(crate) fn has_brief(&self) -> bool {
        self.known_brief.len() > 1
    }

    /// What is known of quiet tenants; kept for as long as the process lives.
    pub(crate) fn settler(&self) -> MutexGuard<'_, Settler> {
        self.settler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn read<T, F>(&self, place: &Place, f: F) -> Result<T, DbError>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, DbError>,
    {
        match place {
            Place::Control => {
                self.control
                    .read(async move |tx: &mut ControlTx| f(tx).await)
                    .await
            }
            Place::Tenant(db) => db.read(async move |tx: &mut TenantTx| f(tx).await).await,
        }
    }

    pub(crate) async fn write<T, F>(&self, place: &Place, f: F) -> Result<T, DbError>
    where
        F: AsyncFn(&mut Tx) -> Result<T, DbError> + Send + Sync + 'static,
        T: Send + 'static,
    {
        match place {
            Place::Control => {
                self.control
                    .write(async move |tx: &mut ControlTx| f(tx).await)
                    .await
            }
            Place::Tenant(db) => db.write(async move |tx: &mut TenantTx| f(tx).await).await,
        }
    }
}

fn new_owner(kernel: &Kernel) -> String {
    format!("{}/", kernel.id::<JobId>())
}

/// Knows all kinds of jobs and all schedules; runs them once started.
pub struct Runner {
    shared: Arc<Shared>,
}

impl Runner {
    /// Checks the names. `hints` must be the hook installed in the databases, so that work committed
    /// in this process wakes the runner.
    pub fn new(
        control: ControlDb,
        tenants: Tenants,
        kernel: Kernel,
        hints: Arc<Hints>,
        config: RunnerConfig,
        kinds: Vec<JobKind>,
        schedules: Vec<Schedule>,
    ) -> Result<Self, RegistryError> {
        let mut by_name = BTreeMap::new();
        let (mut known, mut known_brief) = (String::from(","), String::from(","));
        for kind in kinds {
            if kind.name.is_empty() || kind.name.contains(',') {
                return Err(RegistryError::Name(kind.name));
            }
            // Writing to a string cannot fail.
            write!(known, "{},", kind.name).ok();
            if kind.brief {
                write!(known_brief, "{},", kind.name).ok();
            }
            if let Some(twin) = by_name.insert(kind.name, kind) {
                return Err(RegistryError::Kind(twin.name));
            }
        }
        for (at, schedule) in schedules.iter().enumerate() {
            if schedules[..at]
                .iter()
                .any(|other| other.name == schedule.name)
            {
                return Err(RegistryError::Schedule(schedule.name));
            }
            if !by_name.contains_key(schedule.kind) {
                return Err(RegistryError::NoSuchKind {
                    schedule: schedule.name,
                    kind: schedule.kind,
                });
            }
        }
        let first_lease = by_name
            .values()
            .map(|kind| kind.lease)
            .min()
            .unwrap_or(Duration::from_mins(1));
        let settler = Mutex::new(Settler::new(hints.quiet()));
        Ok(Self {
            shared: Arc::new(Shared {
                first_lease,
                settler,
                stats: Arc::default(),
                recorder: OnceLock::new(),
                owner: Mutex::new(new_owner(&kernel)),
                control,
                tenants,
                kernel,
                hints,
                config,
                kinds: by_name,
                known,
                known_brief,
                schedules,
            }),
        })
    }

    /// What is measured of attempts. It does not keep the runner.
    pub fn measures(&self) -> Arc<dyn Source> {
        Arc::clone(&self.shared.stats) as Arc<dyn Source>
    }

    /// Gives a share of all attempts a trace each and tells of them, from now on; once.
    pub fn record_spans(&self, recorder: Arc<dyn Recorder>) {
        // Whoever was first stays.
        self.shared.recorder.set(recorder).ok();
    }

    /// Starts the dispatcher on the current runtime.
    pub fn start(&self) -> Running {
        // Leases that an earlier dispatcher of this runner left behind are nobody's any more.
        self.shared.disown();
        let (phase, watched) = watch::channel(Phase::Running);
        let dispatcher = Dispatcher::new(Arc::clone(&self.shared), watched);
        Running {
            phase,
            task: Some(tokio::spawn(dispatcher.serve())),
        }
    }

    /// Runs until nothing is due and nothing runs, at the clock's present time; answers how many
    /// attempts were made. For tests and command-line verbs.
    pub async fn drain(&self) -> Result<u64, DbError> {
        let (_phase, watched) = watch::channel(Phase::Running);
        Dispatcher::new(Arc::clone(&self.shared), watched)
            .drain()
            .await
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("kinds", &self.shared.known)
            .finish_non_exhaustive()
    }
}

/// A started runner. Dropping it cuts everything off, as a crash would: leases run out by themselves.
#[derive(Debug)]
pub struct Running {
    phase: watch::Sender<Phase>,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Takes nothing new, gives running handlers `grace` to end, then drops them and gives their jobs
    /// back uncounted, so that another process takes them at once.
    pub async fn stop(mut self, grace: Duration) {
        self.phase.send_replace(Phase::Stopping);
        let Some(mut task) = self.task.take() else {
            return;
        };
        if tokio::time::timeout(grace, &mut task).await.is_ok() {
            return;
        }
        self.phase.send_replace(Phase::Abandoning);
        // Giving back is one short transaction per job; a database that hangs leaves it to the leases.
        if tokio::time::timeout(Duration::from_secs(10), &mut task)
            .await
            .is_err()
        {
            tracing::warn!("jobs could not be given back in time; their leases will run out");
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
