//! Tenants as members and operators see them, and how they are named.

pub(crate) mod admin;
pub(crate) mod own;
mod store;

use gantry_db::{ControlTx, DbError, Home, TenantState, Tx, directory};
use gantry_events::{Event, emit};
use gantry_kernel::{Slug, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::closing::store::{self as closures, Closure};
use crate::limits::{self, LimitRow};
use crate::provisioning::store::{self as provisionings, Provisioning};

/// The tenant in an operator's path: its id or its slug.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct TenantKey {
    pub(crate) tenant: String,
}

/// A tenant as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TenantView {
    /// Its id, for ever.
    pub id: TenantId,
    /// Its name in addresses.
    pub slug: Slug,
    name: String,
    /// What may be done with it.
    pub state: TenantState,
    /// Why it is suspended, closed or failed.
    reason: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// How its set-up goes or went.
    provisioning: Option<Provisioning>,
    /// That it is closed, and until when this can be called off.
    pub closure: Option<Closure>,
    /// Where its database is: `sqlite`, or the name of a PostgreSQL server.
    home: String,
    /// What was allowed it instead of the defaults.
    limits: Vec<LimitRow>,
    /// Counts changes; also in the `ETag`.
    pub(crate) version: i64,
}

/// The directory row with what this module knows besides.
pub(crate) async fn view(
    tx: &mut ControlTx,
    tenant: directory::Tenant,
) -> Result<TenantView, Error> {
    let provisioning = provisionings::by_tenant(tx, tenant.id).await?;
    let closure = closures::by_tenant(tx, tenant.id).await?;
    let limits = limits::store::overrides(tx, tenant.id).await?;
    Ok(TenantView {
        home: Home::of(&tenant).to_string(),
        closure,
        id: tenant.id,
        slug: tenant.slug,
        name: tenant.name,
        state: tenant.state,
        reason: tenant.reason,
        created_at: tenant.created_at,
        updated_at: tenant.updated_at,
        provisioning,
        limits,
        version: tenant.version,
    })
}

/// The tenant with this id or slug.
pub(crate) async fn find(tx: &mut Tx, key: &str) -> Result<Option<directory::Tenant>, DbError> {
    if let Ok(id) = key.parse::<TenantId>() {
        return directory::by_id(tx, id).await;
    }
    match key.parse::<Slug>() {
        Ok(slug) => directory::by_slug(tx, &slug).await,
        Err(_) => Ok(None),
    }
}

/// Tells the members that their workspace is called or may do something else.
async fn changed(tx: &mut Tx, id: TenantId) -> Result<(), DbError> {
    let event = Event::new("tenancy.workspace.changed").about(id);
    emit(tx, event.in_tenant(id)).await?;
    Ok(())
}
