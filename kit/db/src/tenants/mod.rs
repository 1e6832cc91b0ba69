//! Tenant databases: found through the directory, opened once, kept open within bounds.

mod cache;
mod provision;
mod sweep;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_kernel::TenantId;

pub use sweep::{SweepFailure, SweepReport};

use crate::database::{Database, blocking};
use crate::databases::{ControlDb, Place, Shared};
use crate::directory;
use crate::migrate::Plan;
use crate::sqlite::{Owner, descriptors};
use crate::{DbError, TenantTx};
use cache::Cache;

/// All tenants' databases. Cheap to clone.
#[derive(Clone)]
pub struct Tenants {
    shared: Arc<Shared>,
    control: ControlDb,
    cache: Arc<Cache>,
}

/// One tenant's database. Cheap to clone; while one is held the database stays open.
#[derive(Clone)]
pub struct TenantDb(Arc<OpenTenant>);

pub(crate) struct OpenTenant {
    id: TenantId,
    database: Database,
    /// Where it is, as the directory says.
    address: String,
    /// Keeps the writer threads for as long as anybody can write.
    shared: Arc<Shared>,
}

impl Tenants {
    pub(crate) fn new(shared: Arc<Shared>, control: ControlDb) -> Self {
        let cache = Arc::new(Cache::new(
            shared
                .config
                .max_open_tenants
                .unwrap_or(descriptors::ENOUGH),
        ));
        Self {
            shared,
            control,
            cache,
        }
    }

    /// The database of a tenant, opened (and migrated) if it is not open yet.
    /// [`DbError::TenantMissing`] when the directory has no such tenant or its database has not
    /// been provisioned.
    pub fn get(&self, id: TenantId) -> BoxFuture<'_, Result<TenantDb, DbError>> {
        self.find(id).boxed()
    }

    async fn find(&self, id: TenantId) -> Result<TenantDb, DbError> {
        if let Some(open) = self.cache.get(id) {
            return Ok(TenantDb(open));
        }
        // Looked up before a place is made for it: unknown ids must not push out open databases.
        let tenant = self
            .control
            .read(async |tx| directory::by_id(tx, id).await)
            .await?
            .filter(|tenant| !tenant.database.is_empty())
            .ok_or(DbError::TenantMissing(id))?;
        let slot = self.cache.slot(id)?;
        let open = slot.get_or_try_init(|| self.open(tenant)).await?;
        Ok(TenantDb(Arc::clone(open)))
    }

    /// Closes a tenant's database as soon as nobody uses it, so that the next use opens it anew.
    pub fn close(&self, id: TenantId) {
        let closed = self.cache.remove(id);
        if let (Place::Postgres(server), Some(closed)) = (&self.shared.place, closed) {
            server.tenant_pool.forget(Some(&closed.address));
        }
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) const fn control(&self) -> &ControlDb {
        &self.control
    }

    /// How many tenant databases are open.
    pub fn open_count(&self) -> usize {
        self.cache.len()
    }

    pub(crate) fn close_all(&self) {
        self.cache.clear();
        if let Place::Postgres(server) = &self.shared.place {
            server.tenant_pool.forget(None);
            server.control_pool.forget(None);
        }
    }

    async fn open(&self, tenant: directory::Tenant) -> Result<Arc<OpenTenant>, DbError> {
        let id = tenant.id;
        if tenant.engine != self.control.engine().name() {
            return Err(DbError::Unsupported(format!(
                "tenant {id} is on {}, this server uses {}",
                tenant.engine,
                self.control.engine().name()
            )));
        }
        let owner = Owner {
            tenant: id,
            incarnation: tenant.incarnation,
        };
        let applied = match &self.shared.place {
            Place::Sqlite { files, .. } => {
                let (files, plan) = (files.clone(), self.shared.migrations.tenant().clone());
                let now = self.shared.kernel.now();
                let address = tenant.database.clone();
                blocking(move || files.open_tenant(&address, owner, &plan, now))
                    .await?
                    .ok_or(DbError::TenantMissing(id))?
            }
            Place::Postgres(server) => {
                server
                    .open_tenant(&tenant.database, owner, self.shared.migrations.tenant())
                    .await?
            }
        };
        if applied > 0 || tenant.schema_version < self.shared.migrations.tenant().version() {
            self.record(id, tenant.database.clone()).await?;
        }
        Ok(TenantDb::at(&self.shared, id, &tenant.database).0)
    }

    /// Tells the directory where a database is and that it has this program's schema. A newer
    /// program's higher number stays.
    async fn record(&self, id: TenantId, database: String) -> Result<(), DbError> {
        let version = self.shared.migrations.tenant().version();
        self.control
            .write(async move |tx| directory::set_address(tx, id, &database, version).await)
            .await
    }
}

impl TenantDb {
    /// The database at an address, which has been checked and migrated.
    pub(crate) fn at(shared: &Arc<Shared>, id: TenantId, address: &str) -> Self {
        Self(Arc::new(OpenTenant {
            id,
            database: shared.tenant(id, address),
            address: address.to_owned(),
            shared: Arc::clone(shared),
        }))
    }

    pub(crate) fn plan(&self) -> Plan {
        self.0.shared.migrations.tenant().clone()
    }

    /// The tenant.
    pub fn id(&self) -> TenantId {
        self.0.id
    }

    /// Runs a read in one snapshot. The closure may await nothing but its own transaction.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut TenantTx) -> Result<T, E>,
        E: From<DbError>,
    {
        self.0.database.read(self.0.id, f).await
    }

    /// Runs a read that takes long (an export), in one snapshot, for `cap` at most, where it holds
    /// up nothing else.
    pub async fn read_blocking<T, E, F>(&self, cap: Duration, f: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut TenantTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.0.database.read_blocking(self.0.id, cap, f).await
    }

    /// Runs a write and commits it if the closure succeeds. The closure may run several
    /// times, so it must have no effect but through its transaction.
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: AsyncFn(&mut TenantTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.0.database.write(self.0.id, f).await
    }

    /// Copies the database to a new file (SQLite only).
    pub async fn snapshot(&self, to: &Path) -> Result<(), DbError> {
        self.0.database.snapshot(to).await
    }
}

impl std::fmt::Debug for TenantDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TenantDb").field(&self.0.id).finish()
    }
}
