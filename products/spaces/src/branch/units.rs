//! Branches as the units that scopes of grants name.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_contracts::Units;
use gantry_db::{DbError, Tenants};
use gantry_kernel::{Problem, Scope, TenantId, UnitId};

use super::store;

/// The branches of all tenants.
pub struct Branches {
    tenants: Tenants,
}

impl Branches {
    /// Over these databases.
    pub const fn new(tenants: Tenants) -> Self {
        Self { tenants }
    }

    async fn look(
        &self,
        tenant: TenantId,
        mut asked: BTreeSet<UnitId>,
    ) -> Result<BTreeSet<UnitId>, DbError> {
        let scope = Scope::Units(asked.clone());
        let known = self
            .tenants
            .get(tenant)
            .await?
            .read(async move |tx| store::known(tx, &scope).await)
            .await?;
        asked.retain(|unit| !known.contains(unit));
        Ok(asked)
    }
}

impl Units for Branches {
    fn unknown(
        &self,
        tenant: TenantId,
        asked: BTreeSet<UnitId>,
    ) -> BoxFuture<'_, Result<BTreeSet<UnitId>, Problem>> {
        async move { Ok(self.look(tenant, asked).await?) }.boxed()
    }
}
