//! Closing a tenant: nobody gets in any more, and after a grace its database is removed. Until then it
//! can be called off. The row of the directory stays, so that its id and slug never become another's, and so does what
//! the audit log says; who belonged to it, and what was theirs there, is forgotten with the database.

pub(crate) mod api;
mod run;
pub(crate) mod store;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{ControlTx, DbError, TenantState, directory};

pub(crate) use run::schedule;
pub use run::{REMOVAL, removal};
pub use store::Closure;

use crate::tenants::{TenantView, find, view};
use crate::{By, Error, Tenancy, moving};

impl Tenancy {
    /// Closes a tenant for everybody, and begins its grace.
    pub async fn close(&self, key: &str, reason: String, by: By) -> Result<TenantView, Error> {
        let (key, grace) = (key.to_owned(), self.config.deletion_grace.get());
        let closed = self
            .control
            .write(async move |tx| {
                let old = find(tx, &key).await?.ok_or(Error::NotFound)?;
                let may_close = [TenantState::Active, TenantState::Suspended];
                if !may_close.contains(&old.state) {
                    return Err(Error::WrongState(old.state));
                }
                if let Some(open) = moving::store::open(tx, old.id).await? {
                    return Err(Error::MoveOpen(open.state));
                }
                let remove_at = tx.now() + grace;
                let before = old.reason.as_deref();
                store::insert(tx, old.id, old.state, before, remove_at).await?;
                let new = directory::set_state(tx, old.id, TenantState::Closed, Some(&reason))
                    .await?
                    .ok_or(Error::NotFound)?;
                audit(tx, "tenancy.tenant.closed", &old, &new, &by).await?;
                view(tx, new).await
            })
            .await?;
        self.forget(closed.id);
        Ok(closed)
    }

    /// Calls a closure off within its grace: the tenant is as it was before.
    pub async fn reopen(&self, key: &str, by: By) -> Result<TenantView, Error> {
        let key = key.to_owned();
        let opened = self
            .control
            .write(async move |tx| {
                let old = find(tx, &key).await?.ok_or(Error::NotFound)?;
                let before = store::before(tx, old.id)
                    .await?
                    .filter(|before| before.former.is_none())
                    .ok_or(Error::WrongState(old.state))?;
                store::delete(tx, old.id).await?;
                let reason = before.reason.as_deref();
                let new = directory::set_state(tx, old.id, before.state, reason)
                    .await?
                    .ok_or(Error::NotFound)?;
                audit(tx, "tenancy.tenant.reopened", &old, &new, &by).await?;
                view(tx, new).await
            })
            .await?;
        self.forget(opened.id);
        Ok(opened)
    }
}

async fn audit(
    tx: &mut ControlTx,
    action: &'static str,
    old: &directory::Tenant,
    new: &directory::Tenant,
    by: &By,
) -> Result<(), DbError> {
    let facts = |tenant: &directory::Tenant| {
        Facts::new()
            .with("state", tenant.state.as_str())
            .with("reason", tenant.reason.as_deref())
    };
    let entry = Entry::new(by.actor, action, Target::new("tenant", old.id))
        .about(old.id)
        .before(facts(old))
        .after(facts(new))
        .origin(&by.origin);
    gantry_audit::append(tx, entry).await.map(drop)
}
