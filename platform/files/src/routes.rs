//! The routes of this module.

use std::sync::Arc;
use std::time::Duration;

use gantry_contracts::LIMIT_REACHED;
use gantry_http::{Class, Route, Routes};

use crate::{CODES, Files, api};

/// The largest upload in bytes.
pub const MAX_UPLOAD: usize = 10_000_000;

/// All of them.
pub fn routes(files: Arc<Files>) -> Routes {
    Routes::new(files)
        .route(
            Route::post("/api/v1/tenants/{tenant}/files", "upload_file")
                .member()
                .body_limit(MAX_UPLOAD)
                .timeout(Duration::from_mins(1))
                .summary("Upload a file, for a record to hold")
                .describe(
                    "The body is the file itself: JPEG, PNG, WebP or PDF, as its `Content-Type` says. A picture \
                     is made anew from its pixels, without what else the file held. A PDF is `quarantined` until \
                     it was looked into. What no record holds after a day is removed.",
                )
                .errors(&[
                    "file_type_refused",
                    "file_type_mismatch",
                    "file_damaged",
                    "image_too_large",
                    "files_loose",
                    "limit_reached",
                    "files_unavailable",
                ])
                .handle(api::upload),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/files/{file}", "get_file")
                .member()
                .summary("Read how far an upload of one's own has come")
                .handle(api::get),
        )
        .route(
            Route::get("/api/v1/files/{link}", "get_file_content")
                .public("the link is signed, for one file, and lasts minutes")
                // Whoever asked for the link was counted; a page of pictures is many files of one address.
                .limit(Class::Uncounted)
                .timeout(Duration::from_mins(1))
                .summary("Read a file by its link")
                .describe("Links are made where the record is that holds the file.")
                .errors(&["file_link_expired", "files_unavailable"])
                .media(&["image/jpeg", "image/png", "application/pdf"])
                .handle(api::open),
        )
        .errors(CODES)
        .errors(&[LIMIT_REACHED])
        .finish()
}
