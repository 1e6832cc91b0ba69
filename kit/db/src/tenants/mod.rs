//! Tenant databases: found through the directory, opened once, kept open within bounds.

mod activity;
mod cache;
mod fence;
mod provision;
mod size;
mod sweep;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_kernel::TenantId;

pub(crate) use activity::Activity;
pub use cache::FleetNumbers;
pub use sweep::{SweepFailure, SweepReport};

use crate::database::{Database, blocking};
use crate::databases::{ControlDb, Shared};
use crate::directory;
use crate::homes::{At, Home};
use crate::migrate::Plan;
use crate::sqlite::{Owner, descriptors};
use crate::{DbError, TenantTx};
use cache::Cache;

/// All tenants' databases. Cheap to clone.
#[derive(Clone)]
pub struct Tenants {
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
    home: Home,
    address: String,
    /// It may have moved: the directory is to be asked before it is used again.
    doubtful: AtomicBool,
    /// It has moved: who still holds it must ask for it anew.
    left: AtomicBool,
    /// Keeps the writer threads for as long as anybody can write.
    control: ControlDb,
}

impl Tenants {
    pub(crate) fn new(control: ControlDb) -> Self {
        let most = control.shared().config.max_open_tenants;
        let cache = Arc::new(Cache::new(most.unwrap_or(descriptors::ENOUGH)));
        Self { control, cache }
    }

    /// The database of a tenant, opened (and migrated) if it is not open yet.
    /// [`DbError::TenantMissing`] when the directory has no such tenant or its database has not
    /// been provisioned.
    pub fn get(&self, id: TenantId) -> BoxFuture<'_, Result<TenantDb, DbError>> {
        self.find(id).boxed()
    }

    async fn find(&self, id: TenantId) -> Result<TenantDb, DbError> {
        let open = self.cache.get(id);
        if let Some(open) = &open
            && !open.doubtful.load(Ordering::Acquire)
        {
            self.shared().stats.was_open();
            return Ok(TenantDb(Arc::clone(open)));
        }
        // Looked up before a place is made for it: unknown ids must not push out open databases.
        let tenant = self
            .control
            .read(async |tx| directory::by_id(tx, id).await)
            .await?
            .filter(|tenant| !tenant.database.is_empty())
            .ok_or(DbError::TenantMissing(id))?;
        if let Some(open) = open {
            if open.home == Home::of(&tenant) && open.address == tenant.database {
                open.doubtful.store(false, Ordering::Release);
                return Ok(TenantDb(open));
            }
            self.leave(&open);
        }
        let slot = self.cache.slot(id)?;
        let begun = Instant::now();
        let open = slot.get_or_try_init(|| self.open(tenant)).await?;
        self.shared().stats.opened(begun);
        Ok(TenantDb(Arc::clone(open)))
    }

    /// Closes a tenant's database as soon as nobody uses it, so that the next use opens it anew.
    pub fn close(&self, id: TenantId) {
        if let Some(closed) = self.cache.remove(id) {
            self.forget(&closed.home, &closed.address);
        }
    }

    /// As [`Tenants::close`], and whoever holds it cannot use it any more: it is somewhere else now, or
    /// nowhere.
    pub fn leave_for_good(&self, id: TenantId) {
        if let Some(open) = self.cache.remove(id) {
            self.leave(&open);
        }
    }

    fn leave(&self, open: &OpenTenant) {
        open.left.store(true, Ordering::Release);
        self.cache.remove_this(open.id, &open.address);
        self.forget(&open.home, &open.address);
    }

    fn forget(&self, home: &Home, address: &str) {
        if let Ok(At::Server(server)) = self.shared().homes.at(home) {
            server.tenant_pool.forget(Some(&server.spot(address)));
        }
    }

    /// The data directory, for files that belong beside the databases.
    pub fn data_dir(&self) -> &Path {
        &self.shared().config.data_dir
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        self.control.shared()
    }

    pub(crate) const fn control(&self) -> &ControlDb {
        &self.control
    }

    /// The same, for who must not keep them open; `None` when they are gone.
    pub(crate) fn open_counter(&self) -> impl Fn() -> Option<usize> + Send + Sync + 'static {
        let cache = Arc::downgrade(&self.cache);
        move || cache.upgrade().map(|cache| cache.len())
    }

    /// How many tenant databases are open.
    pub fn open_count(&self) -> usize {
        self.cache.len()
    }

    /// What is open, and what became of those who wanted a database.
    pub fn numbers(&self) -> FleetNumbers {
        self.cache.numbers()
    }

    /// Where tenants' databases can be: files first.
    pub fn homes(&self) -> Vec<Home> {
        self.shared().homes.all()
    }

    /// The home of this name; see [`Home`].
    pub fn home(&self, name: &str) -> Option<Home> {
        self.shared().homes.named(name)
    }

    /// How many migrations a tenant's database of this program has.
    pub fn schema_version(&self) -> i64 {
        self.shared().migrations.tenant().version()
    }

    pub(crate) fn close_all(&self) {
        self.cache.clear();
        self.shared().homes.forget();
    }

    async fn open(&self, tenant: directory::Tenant) -> Result<Arc<OpenTenant>, DbError> {
        let id = tenant.id;
        let owner = Owner {
            tenant: id,
            incarnation: tenant.incarnation,
        };
        let plan = self.shared().migrations.tenant();
        let applied = match self.shared().homes.of(&tenant)? {
            At::Files(home) => {
                let (files, plan) = (home.files.clone(), plan.clone());
                let now = self.shared().kernel.now();
                let address = tenant.database.clone();
                blocking(move || files.open_tenant(&address, owner, &plan, now))
                    .await?
                    .ok_or(DbError::TenantMissing(id))?
            }
            At::Server(server) => server.open_tenant(&tenant.database, owner, plan).await?,
        };
        if applied > 0 || tenant.schema_version < plan.version() {
            self.record(id, tenant.database.clone()).await?;
        }
        Ok(TenantDb::at(&self.control, id, &Home::of(&tenant), &tenant.database)?.0)
    }

    /// Tells the directory where a database is and that it has this program's schema. A newer
    /// program's higher number stays.
    async fn record(&self, id: TenantId, database: String) -> Result<(), DbError> {
        let version = self.schema_version();
        self.control
            .write(async move |tx| directory::set_address(tx, id, &database, version).await)
            .await
    }
}

impl TenantDb {
    /// The database at an address, which has been checked and migrated.
    pub(crate) fn at(
        control: &ControlDb,
        id: TenantId,
        home: &Home,
        address: &str,
    ) -> Result<Self, DbError> {
        let shared = control.shared();
        Ok(Self(Arc::new(OpenTenant {
            id,
            database: shared.tenant(shared.homes.at(home)?, id, address),
            home: home.clone(),
            address: address.to_owned(),
            doubtful: AtomicBool::new(false),
            left: AtomicBool::new(false),
            control: control.clone(),
        })))
    }

    pub(crate) fn plan(&self) -> Plan {
        self.0.control.shared().migrations.tenant().clone()
    }

    /// Who holds a database that has moved may not use it: it would read what is no longer so.
    fn here(&self) -> Result<(), DbError> {
        if self.0.left.load(Ordering::Acquire) {
            return Err(DbError::Moving);
        }
        Ok(())
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
        self.here()?;
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
        self.here()?;
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
        self.here()?;
        let outcome = self.0.database.write(self.0.id, f).await;
        match &outcome {
            Ok(_) => activity::wrote(&self.0.control, self.0.id),
            // It may have been refused because the database is moving, or has moved by now.
            Err(_) if self.0.database.fenced() => {
                self.0.doubtful.store(true, Ordering::Release);
            }
            Err(_) => {}
        }
        outcome
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
