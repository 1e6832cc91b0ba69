//! The routes of this module.

use std::sync::Arc;

use gantry_http::{Route, Routes};
use gantry_kernel::ScopeKind;

use crate::permissions::{
    TENANT_CREATE, TENANT_EDIT, TENANT_READ, TENANT_SUSPEND, WORKSPACE_EDIT, WORKSPACE_READ,
};
use crate::tenants::{admin, own};
use crate::{Tenancy, error, limits, provisioning, suspension};

const WHOLE: &[ScopeKind] = &[ScopeKind::All];
const OWN: &str = "/api/v1/tenants/{tenant}";
const ALL: &str = "/api/v1/admin/tenants";
const ONE: &str = "/api/v1/admin/tenants/{tenant}";
const SUSPENSION: &str = "/api/v1/admin/tenants/{tenant}/suspension";

/// The table.
pub fn routes(tenancy: Arc<Tenancy>) -> Routes {
    Routes::new(tenancy)
        .errors(error::CODES)
        .route(
            Route::get(OWN, "get_workspace")
                .tenant(WORKSPACE_READ, WHOLE)
                .summary("The workspace's name, address and state")
                .handle(own::get),
        )
        .route(
            Route::patch(OWN, "update_workspace")
                .tenant(WORKSPACE_EDIT, WHOLE)
                .summary("Rename the workspace")
                .errors(&["tenant_state"])
                .if_match()
                .handle(own::update),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/tenancy/limits",
                "list_workspace_limits",
            )
            .tenant(WORKSPACE_READ, WHOLE)
            .summary("What the workspace may have, and has")
            .handle(limits::api::list),
        )
        .route(
            Route::get(ALL, "list_tenants")
                .platform(TENANT_READ)
                .summary("All tenants, newest first")
                .handle(admin::list),
        )
        .route(
            Route::post(ALL, "create_tenant")
                .platform(TENANT_CREATE)
                .summary("Begin a tenant for somebody; it is active a moment later")
                .idempotent()
                .errors(&["slug_taken"])
                .handle(admin::create),
        )
        .route(
            Route::get(ONE, "get_tenant")
                .platform(TENANT_READ)
                .summary("One tenant, by id or slug")
                .handle(admin::get),
        )
        .route(
            Route::patch(ONE, "update_tenant")
                .platform(TENANT_EDIT)
                .summary("Change a tenant's name, address or limits")
                .errors(&["slug_taken"])
                .if_match()
                .handle(admin::update),
        )
        .route(
            Route::post(SUSPENSION, "suspend_tenant")
                .platform(TENANT_SUSPEND)
                .summary("Make a tenant read-only")
                .errors(&["tenant_state"])
                .handle(suspension::suspend),
        )
        .route(
            Route::delete(SUSPENSION, "resume_tenant")
                .platform(TENANT_SUSPEND)
                .summary("Give a suspended tenant back")
                .errors(&["tenant_state"])
                .handle(suspension::resume),
        )
        .route(
            Route::post(
                "/api/v1/admin/tenants/{tenant}/provisioning",
                "retry_tenant",
            )
            .platform(TENANT_CREATE)
            .summary("Set up a failed tenant again")
            .errors(&["tenant_state"])
            .handle(provisioning::api::retry),
        )
        .finish()
}
