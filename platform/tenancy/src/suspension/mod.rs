//! Making a tenant read-only, and giving it back.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{TenantState, directory};
use gantry_events::{Event, emit};
use gantry_http::{Body, Path, PlatformCx, Versioned};
use gantry_kernel::Text;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tenants::admin::versioned;
use crate::tenants::{TenantKey, TenantView, find, view};
use crate::{By, Error, Tenancy};

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendTenant {
    /// Shown to the tenant's members; no personal data.
    reason: Text<1, 200>,
}

pub(crate) async fn suspend(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    (Path(TenantKey { tenant }), Body(SuspendTenant { reason })): (
        Path<TenantKey>,
        Body<SuspendTenant>,
    ),
) -> Result<Versioned<TenantView>, Error> {
    let reason = reason.as_str().to_owned();
    let by = By::caller(&cx);
    Ok(versioned(tenancy.suspend(&tenant, reason, by).await?))
}

pub(crate) async fn resume(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    Path(TenantKey { tenant }): Path<TenantKey>,
) -> Result<Versioned<TenantView>, Error> {
    Ok(versioned(tenancy.resume(&tenant, By::caller(&cx)).await?))
}

impl Tenancy {
    /// Makes a tenant (by id or slug) read-only. Holds at once in this process and within a second in
    /// every other. Asking again changes the reason.
    pub async fn suspend(&self, key: &str, reason: String, by: By) -> Result<TenantView, Error> {
        change(self, key, TenantState::Suspended, Some(reason), by).await
    }

    /// Undoes it; a tenant that is active already stays so.
    pub async fn resume(&self, key: &str, by: By) -> Result<TenantView, Error> {
        change(self, key, TenantState::Active, None, by).await
    }
}

async fn change(
    tenancy: &Tenancy,
    key: &str,
    to: TenantState,
    reason: Option<String>,
    By { actor, origin }: By,
) -> Result<TenantView, Error> {
    let key = key.to_owned();
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
            let event = Event::new(match to {
                TenantState::Suspended => "tenancy.workspace.suspended",
                _ => "tenancy.workspace.resumed",
            });
            emit(tx, event.about(old.id).in_tenant(old.id)).await?;
            view(tx, new).await
        })
        .await?;
    tenancy.forget(changed.id);
    Ok(changed)
}
