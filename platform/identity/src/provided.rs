//! What other modules may ask of this one.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_audit::{Entry, Target};
use gantry_contracts::{AccessCache, Members, People};
use gantry_db::{ControlTx, Tx};
use gantry_kernel::{Actor, IdentityId, Problem, TenantId};

use crate::role::{Grant, OWNER};
use crate::{Error, Identity, account, member};

impl AccessCache for Identity {
    fn forget_tenant(&self, _: TenantId) {
        self.changed();
    }
}

impl Members for Identity {
    fn add_owner<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
        owner: IdentityId,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        async move { add_owner(tx, tenant, owner).await.map_err(Problem::from) }.boxed()
    }

    fn forget<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        async move { Ok(member::removal::forget_tenant(tx, tenant).await?) }.boxed()
    }

    fn count<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
    ) -> BoxFuture<'a, Result<i64, Problem>> {
        async move { Ok(member::store::count(tx, tenant).await?) }.boxed()
    }
}

impl People for Identity {
    fn is_member<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
        person: IdentityId,
    ) -> BoxFuture<'a, Result<bool, Problem>> {
        async move { Ok(member::store::is_member(tx, tenant, person).await?) }.boxed()
    }

    fn operators<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        permission: &'a str,
    ) -> BoxFuture<'a, Result<Vec<IdentityId>, Problem>> {
        async move {
            let mut holders = Vec::new();
            for (person, role) in account::store::operators(tx).await? {
                let held = self.roles.platform([role.as_str()].into_iter());
                if held.contains(permission) && !holders.contains(&person) {
                    holders.push(person);
                }
            }
            Ok(holders)
        }
        .boxed()
    }
}

async fn add_owner(tx: &mut Tx, tenant: TenantId, owner: IdentityId) -> Result<(), Error> {
    if account::store::by_id(tx, owner).await?.is_none() {
        return Err(Error::NotFound);
    }
    member::store::join(tx, tenant, owner).await?;
    if member::store::grants(tx, tenant, owner)
        .await?
        .iter()
        .any(|grant| grant.role == OWNER)
    {
        return Ok(());
    }
    member::store::give(tx, tenant, owner, &Grant::over_all(OWNER)).await?;
    let entry = Entry::new(
        Actor::System,
        "identity.owner.added",
        Target::new("identity", owner),
    );
    gantry_audit::append(tx, entry.about(tenant)).await?;
    Ok(())
}
