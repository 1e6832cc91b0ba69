//! Making a tenant read-only, and giving it back.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{TenantState, directory};
use gantry_http::{Body, Path, PlatformCx, RequestContext, Versioned};
use gantry_kernel::Text;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tenants::admin::versioned;
use crate::tenants::{TenantKey, TenantView, find, view};
use crate::{Error, Tenancy};

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendTenant {
    /// Shown to the tenant's members; no personal data.
    reason: Text<1, 200>,
}

/// Holds at once in this process and within a second in every other. Asking again changes the
/// reason.
pub(crate) async fn suspend(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    (Path(key), Body(SuspendTenant { reason })): (Path<TenantKey>, Body<SuspendTenant>),
) -> Result<Versioned<TenantView>, Error> {
    let reason = reason.as_str().to_owned();
    change(&tenancy, &cx, key, TenantState::Suspended, Some(reason)).await
}

/// Undoes it; a tenant that is active already stays so.
pub(crate) async fn resume(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    Path(key): Path<TenantKey>,
) -> Result<Versioned<TenantView>, Error> {
    change(&tenancy, &cx, key, TenantState::Active, None).await
}

async fn change(
    tenancy: &Tenancy,
    cx: &PlatformCx,
    TenantKey { tenant: key }: TenantKey,
    to: TenantState,
    reason: Option<String>,
) -> Result<Versioned<TenantView>, Error> {
    let (actor, origin) = (cx.actor(), cx.origin());
    let changed = tenancy
        .control
        .write(async move |tx| {
            let old = find(tx, &key).await?.ok_or(Error::NotFound)?;
            if !matches!(old.state, TenantState::Active | TenantState::Suspended) {
                return Err(Error::WrongState(old.state));
            }
            if old.state == to && old.reason == reason {
                return view(tx, old).await;
            }
            let new = directory::set_state(tx, old.id, to, reason.as_deref())
                .await?
                .ok_or(Error::NotFound)?;
            let action = match to {
                TenantState::Suspended => "tenancy.tenant.suspended",
                _ => "tenancy.tenant.resumed",
            };
            let facts = |tenant: &directory::Tenant| {
                Facts::new()
                    .with("state", tenant.state.as_str())
                    .with("reason", tenant.reason.as_deref())
            };
            let entry = Entry::new(actor, action, Target::new("tenant", old.id))
                .about(old.id)
                .before(facts(&old))
                .after(facts(&new))
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            view(tx, new).await
        })
        .await?;
    tenancy.forget(changed.id);
    Ok(versioned(changed))
}
