//! Who may do what with tickets.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use super::api;
use crate::people::People;
use crate::people::permission::{TICKET_READ, TICKET_WRITE};
use crate::permission::UNITS;

/// All of them.
pub(crate) fn routes(people: &Arc<People>) -> Routes {
    Routes::new(Arc::clone(people))
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/tickets",
                "list_tickets",
            )
            .tenant(TICKET_READ, UNITS)
            .summary("List tickets by when they are owed")
            .handle(api::list),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/tickets",
                "open_ticket",
            )
            .tenant(TICKET_WRITE, UNITS)
            .summary("Open a ticket")
            .idempotent()
            .describe(
                "By when it is owed follows from its priority: critical 2 hours, high 8, medium 24, low 72. Who is \
                 to do it, or else who opened it, gets a notice when that time comes and it is not resolved.",
            )
            .errors(&["branch_unknown"])
            .handle(api::open),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/tickets/{ticket}",
                "get_ticket",
            )
            .tenant(TICKET_READ, UNITS)
            .summary("Read a ticket")
            .handle(api::get),
        )
        .route(
            Route::patch(
                "/api/v1/tenants/{tenant}/spaces/tickets/{ticket}",
                "update_ticket",
            )
            .tenant(TICKET_WRITE, UNITS)
            .summary("Change, resolve or close a ticket")
            .errors(&["ticket_closed"])
            .if_match()
            .handle(api::update),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/tickets/{ticket}/comments",
                "list_ticket_comments",
            )
            .tenant(TICKET_READ, UNITS)
            .summary("List the comments of a ticket")
            .handle(api::comments),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/tickets/{ticket}/comments",
                "comment_ticket",
            )
            .tenant(TICKET_WRITE, UNITS)
            .summary("Comment a ticket")
            .idempotent()
            .errors(&["collection_full"])
            .handle(api::comment),
        )
        .finish()
}
