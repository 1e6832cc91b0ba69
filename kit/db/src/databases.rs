//! Opening: the one place where settings become databases.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gantry_kernel::{Kernel, TenantId};
use gantry_telemetry::Source;
use gantry_telemetry::trace::Recorder;

use crate::database::Database;
use crate::homes::{At, Homes};
use crate::hook::HookSlot;
use crate::migrate::Plan;
use crate::postgres::{Notices, PgDb, Pool, Spot};
use crate::sqlite::{SqliteDb, descriptors};
use crate::stats::{Measures, Stats};
use crate::tenants::{Activity, Tenants};
use crate::{CommitHook, ControlTx, DbConfig, DbError, Engine, MigrationSet};

/// The control database. Cheap to clone.
#[derive(Clone)]
pub struct ControlDb {
    database: Arc<Database>,
    engine: Engine,
    /// Keeps the writer threads for as long as anybody can write.
    shared: Arc<Shared>,
}

impl ControlDb {
    pub(crate) fn plan(&self) -> Plan {
        self.shared.migrations.control().clone()
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Runs a read in one snapshot. The closure may await nothing but its own transaction.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut ControlTx) -> Result<T, E>,
        E: From<DbError>,
    {
        self.database.read((), f).await
    }

    /// Runs a read that takes long (an export), in one snapshot, for `cap` at most, where it holds
    /// up nothing else.
    pub async fn read_blocking<T, E, F>(&self, cap: Duration, f: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut ControlTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.database.read_blocking((), cap, f).await
    }

    /// Runs a write and commits it if the closure succeeds. The closure may run several
    /// times, so it must have no effect but through its transaction.
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: AsyncFn(&mut ControlTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.database.write((), f).await
    }

    /// The engine.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Copies the database to a new file (SQLite only).
    pub async fn snapshot(&self, to: &Path) -> Result<(), DbError> {
        self.database.snapshot(to).await
    }
}

/// Everything that opening a database needs.
pub(crate) struct Shared {
    pub(crate) kernel: Kernel,
    pub(crate) config: DbConfig,
    pub(crate) migrations: MigrationSet,
    pub(crate) hook: HookSlot,
    pub(crate) stats: Arc<Stats>,
    pub(crate) homes: Homes,
    pub(crate) activity: Activity,
}

impl Shared {
    fn control(&self) -> Result<Database, DbError> {
        Ok(match self.homes.own()? {
            At::Files(home) => Database::Sqlite(SqliteDb::new(
                home.files.control(),
                None,
                Arc::clone(&home.control),
                home.context.clone(),
                self.config.max_wait,
            )),
            At::Server(server) => {
                let pool = self
                    .homes
                    .control_pool
                    .as_ref()
                    .ok_or_else(|| DbError::Config("control has no connections".to_owned()))?;
                self.postgres(server.spot(server.control()), pool)
            }
        })
    }

    /// A tenant's database, which has been checked and migrated.
    pub(crate) fn tenant(&self, at: At<'_>, id: TenantId, address: &str) -> Database {
        match at {
            At::Files(home) => Database::Sqlite(SqliteDb::new(
                home.files.at(address),
                Some(id),
                Arc::clone(&home.tenants),
                home.context.clone(),
                self.config.max_wait,
            )),
            At::Server(server) => self.postgres(server.spot(address), &server.tenant_pool),
        }
    }

    fn postgres(&self, spot: Spot, pool: &Arc<Pool>) -> Database {
        Database::Postgres(PgDb::new(
            spot,
            Arc::clone(pool),
            self.kernel.clone(),
            self.hook.clone(),
            self.config.max_transaction,
            Arc::clone(&self.stats),
        ))
    }
}

/// Control and all tenants. Cheap to clone.
#[derive(Clone)]
pub struct Databases {
    /// The platform's own database.
    pub control: ControlDb,
    /// One database per tenant.
    pub tenants: Tenants,
    shared: Arc<Shared>,
}

impl Databases {
    /// Opens (or makes) and migrates the control database; tenants are opened when they are used.
    /// With SQLite the process is allowed as many open files as it may have.
    /// Needs a Tokio runtime with time and, for PostgreSQL, I/O.
    pub async fn open(
        config: DbConfig,
        kernel: Kernel,
        migrations: MigrationSet,
    ) -> Result<Self, DbError> {
        Self::open_as(config, kernel, migrations, None).await
    }

    /// As [`Databases::open`], with a control database of this name on the server of the settings.
    pub(crate) async fn open_as(
        mut config: DbConfig,
        kernel: Kernel,
        migrations: MigrationSet,
        control: Option<&str>,
    ) -> Result<Self, DbError> {
        let hook = HookSlot::default();
        let stats = Arc::new(Stats::new(config.slow_statement));
        let plan = migrations.control().clone();
        let engine = config.engine();
        let fitting = if engine == Engine::Sqlite {
            descriptors::tenants(descriptors::raise(), &config.sqlite)
        } else {
            descriptors::ENOUGH
        };
        let max_open_tenants = *config.max_open_tenants.get_or_insert(fitting);
        tracing::info!(max_open_tenants, "how many tenants may be open at once");
        let (homes, applied) = Homes::open(&config, &kernel, &hook, &plan, &stats, control).await?;
        if applied > 0 {
            tracing::info!(migrations = applied, "migrated the control database");
        }
        let shared = Arc::new(Shared {
            kernel,
            config,
            migrations,
            hook,
            stats,
            homes,
            activity: Activity::default(),
        });
        let control = ControlDb {
            database: Arc::new(shared.control()?),
            engine,
            shared: Arc::clone(&shared),
        };
        let tenants = Tenants::new(control.clone());
        Ok(Self {
            control,
            tenants,
            shared,
        })
    }

    /// The engine of control.
    pub const fn engine(&self) -> Engine {
        self.control.engine
    }

    /// What the databases measure about themselves. It does not keep them open.
    pub fn measures(&self) -> Arc<dyn Source> {
        Arc::new(Measures {
            stats: Arc::downgrade(&self.shared.stats),
            open: self.tenants.open_counter(),
        })
    }

    /// Tells of each statement that runs for recorded work, from now on; once.
    pub fn record_spans(&self, recorder: Arc<dyn Recorder>) {
        // Whoever was first stays.
        self.shared.stats.recorder.set(recorder).ok();
    }

    /// The settings in use.
    pub fn config(&self) -> &DbConfig {
        &self.shared.config
    }

    /// Ends in order: nothing new is written, what is under way still is, and files are closed as
    /// soon as nobody holds their database any more.
    pub async fn close(self) -> Result<(), DbError> {
        if let Err(error) = self.tenants.record_activity().await {
            tracing::warn!(%error, "when tenants were last written to is not recorded");
        }
        self.shared.homes.close().await?;
        self.shared.hook.close();
        self.tenants.close_all();
        Ok(())
    }

    /// Hears what processes tell each other on `channel` of the control database (PostgreSQL's NOTIFY), on a connection
    /// besides those of the pools. `None` where nothing can be heard: on SQLite, where there is no other process, and
    /// behind a pooler in transaction mode.
    pub async fn notices(&self, channel: &'static str) -> Result<Option<Notices>, DbError> {
        match self.shared.homes.own()? {
            At::Files(_) => Ok(None),
            At::Server(server) => server.notices(channel).await,
        }
    }

    /// Installs what happens around commits that leave work due; once, and before the first tenant
    /// writes with [`Tx::note_due`](crate::Tx::note_due).
    pub fn install_hook(&self, hook: Arc<dyn CommitHook>) -> Result<(), DbError> {
        self.shared.hook.install(hook)
    }
}
