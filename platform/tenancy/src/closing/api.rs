//! Closing and calling it off, for operators.

use std::sync::Arc;

use gantry_http::{Body, Path, PlatformCx, Versioned};
use gantry_kernel::Text;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tenants::admin::versioned;
use crate::tenants::{TenantKey, TenantView};
use crate::{By, Error, Tenancy};

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseTenant {
    /// For operators; no personal data.
    reason: Text<1, 200>,
}

pub(crate) async fn close(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    (Path(TenantKey { tenant }), Body(CloseTenant { reason })): (
        Path<TenantKey>,
        Body<CloseTenant>,
    ),
) -> Result<Versioned<TenantView>, Error> {
    let reason = reason.as_str().to_owned();
    let closed = tenancy.close(&tenant, reason, By::caller(&cx)).await?;
    Ok(versioned(closed))
}

pub(crate) async fn reopen(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    Path(TenantKey { tenant }): Path<TenantKey>,
) -> Result<Versioned<TenantView>, Error> {
    Ok(versioned(tenancy.reopen(&tenant, By::caller(&cx)).await?))
}
