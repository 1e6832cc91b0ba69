//! Trying again what failed.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{TenantState, directory};
use gantry_http::{Accepted, Path, PlatformCx, RequestContext};

use super::{enqueue, store};
use crate::tenants::{TenantKey, TenantView, find, view};
use crate::{Error, Tenancy};

/// Starts the set-up of a failed tenant again, with all its attempts.
pub(crate) async fn retry(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    Path(TenantKey { tenant: key }): Path<TenantKey>,
) -> Result<Accepted<TenantView>, Error> {
    let (actor, origin) = (cx.actor(), cx.origin());
    let done = tenancy
        .control
        .write(async move |tx| {
            let tenant = find(tx, &key).await?.ok_or(Error::NotFound)?;
            if tenant.state != TenantState::Failed {
                return Err(Error::WrongState(tenant.state));
            }
            let id = tenant.id;
            let tenant = directory::set_state(tx, id, TenantState::Provisioning, None)
                .await?
                .ok_or(Error::NotFound)?;
            store::set_state(tx, id, "requested").await?;
            enqueue(tx, id).await?;
            let entry = Entry::new(actor, "tenancy.tenant.retried", Target::new("tenant", id))
                .about(id)
                .before(Facts::new().with("state", "failed"))
                .after(Facts::new().with("state", "provisioning"))
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            view(tx, tenant).await
        })
        .await?;
    Ok(Accepted(done))
}
