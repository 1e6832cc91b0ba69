//! Opening: the one place where settings become databases.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gantry_kernel::{Kernel, TenantId};
use tokio::runtime::Handle;

use crate::database::{Database, blocking};
use crate::hook::HookSlot;
use crate::migrate::Plan;
use crate::postgres::{PgDb, Server};
use crate::sqlite::descriptors;
use crate::sqlite::{Checkpoints, Files, Lane, SqliteDb, WriterContext};
use crate::tenants::Tenants;
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
    pub(crate) place: Place,
}

pub(crate) enum Place {
    Sqlite {
        files: Files,
        context: WriterContext,
        control: Arc<Lane>,
        tenants: Arc<Lane>,
    },
    Postgres(Server),
}

impl Shared {
    fn control(&self) -> Database {
        match &self.place {
            Place::Sqlite {
                files,
                context,
                control,
                ..
            } => Database::Sqlite(SqliteDb::new(
                files.control(),
                None,
                Arc::clone(control),
                context.clone(),
                self.config.max_wait,
            )),
            Place::Postgres(server) => self.postgres(server.control(), &server.control_pool),
        }
    }

    /// A tenant's database, which has been checked and migrated.
    pub(crate) fn tenant(&self, id: TenantId, address: &str) -> Database {
        match &self.place {
            Place::Sqlite {
                files,
                context,
                tenants,
                ..
            } => Database::Sqlite(SqliteDb::new(
                files.at(address),
                Some(id),
                Arc::clone(tenants),
                context.clone(),
                self.config.max_wait,
            )),
            Place::Postgres(server) => self.postgres(address, &server.tenant_pool),
        }
    }

    fn postgres(&self, name: &str, pool: &Arc<crate::postgres::Pool>) -> Database {
        Database::Postgres(PgDb::new(
            name.to_owned(),
            Arc::clone(pool),
            self.kernel.clone(),
            self.hook.clone(),
            self.config.max_transaction,
        ))
    }
}

impl Drop for Shared {
    /// Everything queued is still written; then the threads end.
    fn drop(&mut self) {
        if let Place::Sqlite {
            control,
            tenants,
            context,
            ..
        } = &self.place
        {
            tenants.stop();
            control.stop();
            context.checkpoints.stop();
        }
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
        mut config: DbConfig,
        kernel: Kernel,
        migrations: MigrationSet,
    ) -> Result<Self, DbError> {
        let hook = HookSlot::default();
        let plan = migrations.control().clone();
        let (engine, place, applied) = if let Some(postgres) = &config.postgres {
            let server = Server::new(&config, postgres, kernel.clone())?;
            let applied = server.open_control(&plan).await?;
            config.max_open_tenants.get_or_insert(descriptors::ENOUGH);
            (Engine::Postgres, Place::Postgres(server), applied)
        } else {
            let open_files = descriptors::raise();
            let fitting = descriptors::tenants(open_files, &config.sqlite);
            let tenants = *config.max_open_tenants.get_or_insert(fitting);
            tracing::info!(
                open_files,
                max_open_tenants = tenants,
                "what may be open at once"
            );
            let files = Files::new(config.data_dir.clone(), config.sqlite.clone());
            let (to_open, now) = (files.clone(), kernel.now());
            let applied = blocking(move || to_open.open_control(&plan, now)).await?;
            let context = WriterContext {
                kernel: kernel.clone(),
                hook: hook.clone(),
                runtime: Handle::current(),
                sqlite: config.sqlite.clone(),
                max_transaction: config.max_transaction,
                max_queued: config.max_queued_writes,
                checkpoints: Checkpoints::start()?,
            };
            let place = Place::Sqlite {
                files,
                context,
                control: Lane::start("control", 1)?,
                tenants: Lane::start("tenants", config.sqlite.writer_threads)?,
            };
            (Engine::Sqlite, place, applied)
        };
        if applied > 0 {
            tracing::info!(migrations = applied, "migrated the control database");
        }
        let shared = Arc::new(Shared {
            kernel,
            config,
            migrations,
            hook,
            place,
        });
        let control = ControlDb {
            database: Arc::new(shared.control()),
            engine,
            shared: Arc::clone(&shared),
        };
        let tenants = Tenants::new(Arc::clone(&shared), control.clone());
        Ok(Self {
            control,
            tenants,
            shared,
        })
    }

    /// The engine.
    pub const fn engine(&self) -> Engine {
        self.control.engine
    }

    /// The settings in use.
    pub fn config(&self) -> &DbConfig {
        &self.shared.config
    }

    /// Ends in order: nothing new is written, what is under way still is, and files are closed as
    /// soon as nobody holds their database any more.
    pub async fn close(self) -> Result<(), DbError> {
        if let Place::Sqlite {
            control,
            tenants,
            context,
            ..
        } = &self.shared.place
        {
            let (control, tenants) = (Arc::clone(control), Arc::clone(tenants));
            let checkpoints = Arc::clone(&context.checkpoints);
            blocking(move || {
                tenants.drain();
                control.drain();
                checkpoints.drain();
                Ok(())
            })
            .await?;
        }
        if let Place::Postgres(server) = &self.shared.place {
            server.close().await;
        }
        self.shared.hook.close();
        self.tenants.close_all();
        Ok(())
    }

    /// Installs what happens around commits that leave work due; once, and before the first tenant
    /// writes with [`Tx::note_due`](crate::Tx::note_due).
    pub fn install_hook(&self, hook: Arc<dyn CommitHook>) -> Result<(), DbError> {
        self.shared.hook.install(hook)
    }
}
