//! Who may do what with documents.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use super::api;
use crate::people::People;
use crate::people::permission::{DOCUMENT_READ, DOCUMENT_WRITE};
use crate::permission::UNITS;

/// All of them.
pub(crate) fn routes(people: &Arc<People>) -> Routes {
    Routes::new(Arc::clone(people))
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/students/{student}/documents",
                "list_documents",
            )
            .tenant(DOCUMENT_READ, UNITS)
            .summary("List a student's documents")
            .handle(api::list),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/students/{student}/documents",
                "add_document",
            )
            .tenant(DOCUMENT_WRITE, UNITS)
            .summary("Make an upload a document of a student")
            .idempotent()
            .errors(&["file_unusable", "collection_full"])
            .handle(api::add),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/documents/{document}/link",
                "link_document",
            )
            .tenant(DOCUMENT_READ, UNITS)
            .summary("Get a link to a document's file")
            .describe(
                "The link opens the file for ten minutes, whoever follows it. A document of identity needs \
                 `spaces.document.reveal` besides, and that it was opened goes into the audit log.",
            )
            .errors(&["document_sealed", "file_not_ready"])
            .handle(api::link),
        )
        .route(
            Route::delete(
                "/api/v1/tenants/{tenant}/spaces/documents/{document}",
                "remove_document",
            )
            .tenant(DOCUMENT_WRITE, UNITS)
            .summary("Remove a document")
            .handle(api::remove),
        )
        .finish()
}
