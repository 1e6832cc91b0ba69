//! The routes of this module.

use std::sync::Arc;

use gantry_http::{Route, Routes};
use gantry_kernel::ScopeKind;

use crate::permissions::{
    TENANT_CLOSE, TENANT_CREATE, TENANT_EDIT, TENANT_MOVE, TENANT_READ, TENANT_SUSPEND,
    WORKSPACE_EDIT, WORKSPACE_READ,
};
use crate::tenants::{admin, own};
use crate::{Tenancy, closing, error, fleet, limits, moving, provisioning, suspension};

const WHOLE: &[ScopeKind] = &[ScopeKind::All];
const OWN: &str = "/api/v1/tenants/{tenant}";
const ALL: &str = "/api/v1/admin/tenants";
const ONE: &str = "/api/v1/admin/tenants/{tenant}";
const CLOSURE: &str = "/api/v1/admin/tenants/{tenant}/closure";
const MOVES: &str = "/api/v1/admin/tenants/{tenant}/moves";
const FLEET: &str = "/api/v1/admin/fleet";
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
        .route(
            Route::post(CLOSURE, "close_tenant")
                .platform(TENANT_CLOSE)
                .summary("Close a tenant; its database is removed when its grace is over")
                .step_up()
                .errors(&["tenant_state", "move_open"])
                .handle(closing::api::close),
        )
        .route(
            Route::delete(CLOSURE, "reopen_tenant")
                .platform(TENANT_CLOSE)
                .summary("Call a closure off within its grace")
                .errors(&["tenant_state"])
                .handle(closing::api::reopen),
        )
        .route(
            Route::get(MOVES, "list_moves")
                .platform(TENANT_READ)
                .summary("Moves of a tenant's database, newest first")
                .handle(moving::api::list),
        )
        .route(
            Route::post(MOVES, "move_tenant")
                .platform(TENANT_MOVE)
                .summary("Move a tenant's database to another home")
                .describe(
                    "The tenant is used while it is copied. Then writes are refused for a moment (503, \
                     `tenant_moving`), the last changes follow, and all rows are compared by hash before the \
                     new database takes over. The former one is kept until the move is confirmed.",
                )
                .step_up()
                .errors(&["tenant_state", "move_open", "already_there"])
                .handle(moving::api::begin),
        )
        .route(
            Route::post(
                "/api/v1/admin/tenants/{tenant}/moves/{move}/confirmation",
                "confirm_move",
            )
            .platform(TENANT_MOVE)
            .summary("Make a move final; the former database is removed")
            .step_up()
            .errors(&["move_state"])
            .handle(moving::api::confirm),
        )
        .route(
            Route::post(
                "/api/v1/admin/tenants/{tenant}/moves/{move}/reversal",
                "revert_move",
            )
            .platform(TENANT_MOVE)
            .summary("Move a tenant back to where it came from, with what was written since")
            .step_up()
            .errors(&["move_state", "tenant_state"])
            .handle(moving::api::revert),
        )
        .route(
            Route::get(FLEET, "get_fleet")
                .platform(TENANT_READ)
                .summary("All tenants' databases: where they are, how far their schema is")
                .handle(fleet::get),
        )
        .route(
            Route::post("/api/v1/admin/fleet/migration", "migrate_fleet")
                .platform(TENANT_MOVE)
                .summary("Bring tenants to the present schema now, those too that failed before")
                .handle(fleet::migrate),
        )
        .finish()
}
