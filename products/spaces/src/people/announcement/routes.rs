//! Who may do what with announcements.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use super::api;
use crate::people::People;
use crate::people::permission::ANNOUNCEMENT_WRITE;
use crate::permission::{BRANCH_READ, UNITS};

/// All of them.
pub(crate) fn routes(people: &Arc<People>) -> Routes {
    Routes::new(Arc::clone(people))
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/announcements",
                "list_announcements",
            )
            .tenant(BRANCH_READ, UNITS)
            .summary("List announcements")
            .handle(api::list),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/announcements",
                "create_announcement",
            )
            .tenant(ANNOUNCEMENT_WRITE, UNITS)
            .summary("Announce at the desk")
            .idempotent()
            .errors(&["branch_unknown", "announcement_for_all"])
            .handle(api::create),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/announcements/{announcement}",
                "get_announcement",
            )
            .tenant(BRANCH_READ, UNITS)
            .summary("Read an announcement")
            .handle(api::get),
        )
        .route(
            Route::patch(
                "/api/v1/tenants/{tenant}/spaces/announcements/{announcement}",
                "update_announcement",
            )
            .tenant(ANNOUNCEMENT_WRITE, UNITS)
            .summary("Change an announcement")
            .errors(&["announcement_for_all"])
            .if_match()
            .handle(api::update),
        )
        .route(
            Route::delete(
                "/api/v1/tenants/{tenant}/spaces/announcements/{announcement}",
                "delete_announcement",
            )
            .tenant(ANNOUNCEMENT_WRITE, UNITS)
            .summary("Take an announcement back")
            .errors(&["announcement_for_all"])
            .if_match()
            .handle(api::delete),
        )
        .finish()
}
