//! Who may do what with numbers of identity.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use super::api;
use crate::people::People;
use crate::people::permission::{DOCUMENT_READ, DOCUMENT_REVEAL, DOCUMENT_WRITE};
use crate::permission::UNITS;

/// All of them.
pub(crate) fn routes(people: &Arc<People>) -> Routes {
    Routes::new(Arc::clone(people))
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/students/{student}/numbers",
                "list_numbers",
            )
            .tenant(DOCUMENT_READ, UNITS)
            .summary("List a student's numbers of identity, masked")
            .handle(api::list),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/students/{student}/numbers",
                "add_number",
            )
            .tenant(DOCUMENT_WRITE, UNITS)
            .summary("Enter a number of identity")
            .idempotent()
            .describe("It is sealed at once and shown by its last four characters from then on.")
            .errors(&["number_exists", "collection_full"])
            .handle(api::add),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/numbers/{number}/reveal",
                "reveal_number",
            )
            .tenant(DOCUMENT_REVEAL, UNITS)
            .summary("See a number of identity in full")
            .describe("Who saw it and why goes into the audit log.")
            .handle(api::reveal),
        )
        .route(
            Route::delete(
                "/api/v1/tenants/{tenant}/spaces/numbers/{number}",
                "remove_number",
            )
            .tenant(DOCUMENT_WRITE, UNITS)
            .summary("Remove a number of identity")
            .handle(api::remove),
        )
        .finish()
}
