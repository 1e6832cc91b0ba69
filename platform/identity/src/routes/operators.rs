//! What operators of the platform do with accounts.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use crate::role::ACCOUNT_UNLOCK;
use crate::{IMPERSONATE, Identity, PERSON_READ, PERSON_SUSPEND, impersonation, password, people};

pub(super) fn operators(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::get("/api/v1/admin/people", "list_people")
                .platform(PERSON_READ)
                .summary("All accounts, newest first; or the one with an address")
                .handle(people::api::list),
        )
        .route(
            Route::get("/api/v1/admin/people/{person}", "get_person")
                .platform(PERSON_READ)
                .summary("One account")
                .handle(people::api::get),
        )
        .route(
            Route::put("/api/v1/admin/people/{person}/suspension", "suspend_person")
                .platform(PERSON_SUSPEND)
                .step_up()
                .summary("Shut a person out at once")
                .errors(&["last_operator", "invalid_request"])
                .handle(people::api::suspend),
        )
        .route(
            Route::delete("/api/v1/admin/people/{person}/suspension", "resume_person")
                .platform(PERSON_SUSPEND)
                .step_up()
                .summary("Let a person in again")
                .handle(people::api::resume),
        )
        .route(
            Route::post("/api/v1/admin/impersonations", "impersonate")
                .platform(IMPERSONATE)
                .step_up()
                .summary("Act as a member of a workspace for half an hour")
                .describe("The person gets a mail with the reason; the workspace's audit log names the operator in every row. The session opens that workspace only, and nothing that is sensitive.")
                .errors(&["invalid_request", "staff_not_impersonated"])
                .handle(impersonation::api::impersonate),
        )
        .route(
            Route::post("/api/v1/admin/identity/unlocks", "unlock_account")
                .platform(ACCOUNT_UNLOCK)
                .summary("Lift the locks of an account")
                .handle(password::unlock::unlock_account),
        )
}
