//! What the tests of a module begin with: databases with its tables, the queue's hints, and a clock
//! that stands still.

use std::fmt;
use std::sync::Arc;

use gantry_db::{
    ControlTx, Databases, DbError, Engine, MigrationSet, Migrations, TenantDb, TenantState,
    directory,
};
use gantry_jobs::{Hints, JobKind, Runner, RunnerConfig, Schedule};
use gantry_kernel::{Kernel, ManualClock, Slug, TenantId};

use crate::TestDatabases;

/// Open databases of one test, gone with it.
pub struct Stage {
    /// Control and tenants.
    pub databases: Databases,
    /// Which tenants have work due.
    pub hints: Arc<Hints>,
    /// The clock of everything here.
    pub clock: ManualClock,
    /// That clock, and randomness that is the same in each run.
    pub kernel: Kernel,
    room: TestDatabases,
}

impl Stage {
    /// Databases with the tables of these modules, in their order.
    pub async fn new(engine: Engine, modules: impl IntoIterator<Item = Migrations>) -> Self {
        let room = TestDatabases::new(engine);
        let clock = ManualClock::default();
        let kernel = Kernel::manual(&clock, 42);
        let modules = MigrationSet::new(modules).expect("migrations that go together");
        let databases = Databases::open(room.config(), kernel.clone(), modules).await;
        let databases = databases.expect("the test's databases");
        let hints = hints(&databases, &kernel);
        let installed = databases.install_hook(Arc::clone(&hints) as _);
        installed.expect("the first and only hook");
        Self {
            databases,
            hints,
            clock,
            kernel,
            room,
        }
    }

    /// An active tenant of this slug.
    pub async fn tenant(&self, slug: &str) -> TenantDb {
        let id: TenantId = self.kernel.id();
        let slug: Slug = slug.parse().expect("a slug");
        let insert = async move |tx: &mut ControlTx| {
            directory::insert(tx, id, &slug, "A Tenant").await?;
            Ok::<_, DbError>(())
        };
        let control = &self.databases.control;
        control.write(insert).await.expect("a row for the tenant");
        let made = self.databases.tenants.provision(id).await;
        let activate = async move |tx: &mut ControlTx| {
            directory::set_state(tx, id, TenantState::Active, None).await?;
            Ok::<_, DbError>(())
        };
        control.write(activate).await.expect("an active tenant");
        made.expect("the tenant's database")
    }

    /// A runner of these jobs.
    pub fn runner(&self, kinds: Vec<JobKind>, schedules: Vec<Schedule>) -> Runner {
        self.runner_with(
            Arc::clone(&self.hints),
            RunnerConfig::default(),
            kinds,
            schedules,
        )
    }

    /// A runner as another process has it: it shares nothing with the first but the databases.
    pub fn other_runner(&self, kinds: Vec<JobKind>) -> Runner {
        let hints = hints(&self.databases, &self.kernel);
        self.runner_with(hints, RunnerConfig::default(), kinds, Vec::new())
    }

    /// A runner with settings of its own.
    pub fn runner_with(
        &self,
        hints: Arc<Hints>,
        config: RunnerConfig,
        kinds: Vec<JobKind>,
        schedules: Vec<Schedule>,
    ) -> Runner {
        Runner::new(
            self.databases.control.clone(),
            self.databases.tenants.clone(),
            self.kernel.clone(),
            hints,
            config,
            kinds,
            schedules,
        )
        .expect("kinds and schedules that go together")
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

fn hints(databases: &Databases, kernel: &Kernel) -> Arc<Hints> {
    let longest = databases.config().max_transaction;
    Hints::new(databases.control.clone(), kernel.clone(), longest)
}
