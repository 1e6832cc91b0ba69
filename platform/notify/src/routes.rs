//! The operations of this module.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use crate::{Notify, api, error::CODES, permissions};

/// What operators can see and do.
pub fn routes(notify: Arc<Notify>) -> Routes {
    Routes::new(notify)
        .route(
            Route::get("/api/v1/admin/mails", "list_mails")
                .platform(permissions::MAIL_READ)
                .summary("Mails asked for, and what became of them")
                .handle(api::list_mails),
        )
        .route(
            Route::post("/api/v1/admin/mails/{id}/retry", "retry_mail")
                .platform(permissions::MAIL_RETRY)
                .summary("Try a held, dead or skipped mail again")
                .errors(&["mail_not_stuck"])
                .handle(api::retry_mail),
        )
        .route(
            Route::get("/api/v1/admin/jobs/dead", "list_dead_jobs")
                .platform(permissions::JOB_READ)
                .summary("Jobs that will not be tried again by themselves")
                .handle(api::list_dead_jobs),
        )
        .route(
            Route::post("/api/v1/admin/jobs/{id}/replay", "replay_job")
                .platform(permissions::JOB_REPLAY)
                .summary("Give a dead job all its attempts again")
                .errors(&["job_superseded"])
                .handle(api::replay_job),
        )
        .errors(CODES)
        .finish()
}
