//! Making a tenant's database, as often as asked, with the same result.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_kernel::TenantId;

use super::{TenantDb, Tenants};
use crate::DbError;
use crate::database::blocking;
use crate::databases::Place;
use crate::directory;
use crate::sqlite::{Files, Owner};

impl Tenants {
    /// Makes the database of a tenant that is in the directory, and records its address there.
    /// Idempotent by tenant and incarnation: after an interruption it is simply called again, and
    /// there is never a half-made database under the tenant's name.
    pub fn provision(&self, id: TenantId) -> BoxFuture<'_, Result<TenantDb, DbError>> {
        self.make(id).boxed()
    }

    async fn make(&self, id: TenantId) -> Result<TenantDb, DbError> {
        let tenant = self
            .control
            .read(async |tx| directory::by_id(tx, id).await)
            .await?
            .ok_or(DbError::TenantMissing(id))?;
        let owner = Owner {
            tenant: id,
            incarnation: tenant.incarnation,
        };
        let turn = Arc::clone(&self.cache.making).lock_owned().await;
        let address = match &self.shared.place {
            Place::Sqlite { files, .. } => {
                let (files, plan) = (files.clone(), self.shared.migrations.tenant().clone());
                let now = self.shared.kernel.now();
                let slug = tenant.slug.clone();
                blocking(move || {
                    let _turn = turn;
                    files.provision(owner, &slug, &plan, now)
                })
                .await?;
                Files::name(id, owner.incarnation)
            }
            Place::Postgres(server) => {
                let _turn = turn;
                server
                    .provision(owner, &tenant.slug, self.shared.migrations.tenant())
                    .await?
            }
        };
        if tenant.database != address {
            self.record(id, address).await?;
        }
        self.get(id).await
    }
}
