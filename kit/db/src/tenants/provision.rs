//! Making a tenant's database, as often as asked, with the same result.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_kernel::TenantId;

use super::{TenantDb, Tenants};
use crate::database::blocking;
use crate::homes::{At, Home};
use crate::sqlite::{Files, Owner};
use crate::{DbError, Engine, Placement, directory};

impl Tenants {
    /// Makes the database of a tenant that is in the directory, and records its address there.
    /// Idempotent by tenant and incarnation: after an interruption it is simply called again, and
    /// there is never a half-made database under the tenant's name.
    pub fn provision(&self, id: TenantId) -> BoxFuture<'_, Result<TenantDb, DbError>> {
        self.make(id).boxed()
    }

    async fn make(&self, id: TenantId) -> Result<TenantDb, DbError> {
        let tenant = self.to_provision(id).await?;
        let shared = self.shared();
        let owner = Owner {
            tenant: id,
            incarnation: tenant.incarnation,
        };
        let turn = Arc::clone(&self.cache.making).lock_owned().await;
        let address = match shared.homes.of(&tenant)? {
            At::Files(home) => {
                let (files, plan) = (home.files.clone(), shared.migrations.tenant().clone());
                let now = shared.kernel.now();
                let slug = tenant.slug.clone();
                blocking(move || {
                    let _turn = turn;
                    files.provision(owner, &slug, &plan, now)
                })
                .await?;
                Files::name(id, owner.incarnation)
            }
            At::Server(server) => {
                let _turn = turn;
                server
                    .provision(owner, &tenant.slug, shared.migrations.tenant())
                    .await?
            }
        };
        if tenant.database != address {
            self.record(id, address).await?;
        }
        self.get(id).await
    }

    /// Where there is no choice, control is told the home together with the address.
    async fn to_provision(&self, id: TenantId) -> Result<directory::Tenant, DbError> {
        if self.shared().config.placement == Placement::LeastUsed {
            return self.placed(id).await;
        }
        let mut tenant = self
            .control()
            .read(async |tx| directory::by_id(tx, id).await)
            .await?
            .ok_or(DbError::TenantMissing(id))?;
        if tenant.cluster.is_empty() {
            self.own_home()?.cluster().clone_into(&mut tenant.cluster);
        }
        Ok(tenant)
    }

    pub(crate) fn own_home(&self) -> Result<Home, DbError> {
        let homes = self.shared().homes.all();
        let own = homes.into_iter().find(Home::is_controls);
        own.ok_or_else(|| DbError::Config("control has no home".to_owned()))
    }

    /// Chooses the home of a tenant that has none yet; asked again, the same one.
    pub async fn place(&self, id: TenantId) -> Result<Home, DbError> {
        self.placed(id).await.map(|tenant| Home::of(&tenant))
    }

    async fn placed(&self, id: TenantId) -> Result<directory::Tenant, DbError> {
        let tenant = self
            .control()
            .read(async |tx| directory::by_id(tx, id).await)
            .await?
            .ok_or(DbError::TenantMissing(id))?;
        if !tenant.cluster.is_empty() {
            return Ok(tenant);
        }
        let home = self.choose().await?;
        self.control()
            .write(async move |tx| {
                directory::place(tx, id, home.engine().name(), home.cluster()).await?;
                directory::by_id(tx, id).await
            })
            .await?
            .ok_or(DbError::TenantMissing(id))
    }

    /// The home of a new tenant. Several that are placed at once may choose alike, so the ceiling of a
    /// server is one about which it settles.
    async fn choose(&self) -> Result<Home, DbError> {
        let shared = self.shared();
        if shared.config.placement == Placement::BesideControl || shared.homes.servers.is_empty() {
            return self.own_home();
        }
        let counts: Vec<(String, i64)> = self
            .control()
            .read(async |tx| directory::count_by_cluster(tx, Engine::Postgres.name()).await)
            .await?;
        let used = |name: &str| {
            let found = counts.iter().find(|(cluster, _)| cluster == name);
            found.map_or(0, |(_, count)| *count)
        };
        let servers = shared.homes.servers.iter();
        let roomy = servers.filter(|(name, server)| used(name) < server.max_tenants);
        let least = roomy.min_by_key(|(name, _)| used(name));
        let (name, _) = least.ok_or_else(|| {
            DbError::Overloaded(
                "every PostgreSQL server has as many tenants as it may have; add one".to_owned(),
            )
        })?;
        self.home(name)
            .ok_or_else(|| DbError::Config(format!("no home called {name}")))
    }
}
