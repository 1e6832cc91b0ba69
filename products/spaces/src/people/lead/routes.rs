//! Who may do what with leads and referrals.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use super::api;
use crate::people::permission::{LEAD_READ, LEAD_WRITE};
use crate::people::{People, referral};
use crate::permission::UNITS;

/// All of them.
pub(crate) fn routes(people: &Arc<People>) -> Routes {
    Routes::new(Arc::clone(people))
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/leads",
                "list_leads",
            )
            .tenant(LEAD_READ, UNITS)
            .summary("List leads, newest first")
            .handle(api::list),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/leads",
                "create_lead",
            )
            .tenant(LEAD_WRITE, UNITS)
            .summary("Enter a lead")
            .idempotent()
            .errors(&["branch_unknown"])
            .handle(api::create),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/leads/{lead}",
                "get_lead",
            )
            .tenant(LEAD_READ, UNITS)
            .summary("Read a lead")
            .handle(api::get),
        )
        .route(
            Route::patch(
                "/api/v1/tenants/{tenant}/spaces/leads/{lead}",
                "update_lead",
            )
            .tenant(LEAD_WRITE, UNITS)
            .summary("Change a lead")
            .errors(&["lead_won"])
            .if_match()
            .handle(api::update),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/leads/{lead}/same-phone",
                "match_lead",
            )
            .tenant(LEAD_READ, UNITS)
            .summary("Find who else has the phone of a lead")
            .handle(api::same_phone),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/leads/{lead}/student",
                "convert_lead",
            )
            .tenant(LEAD_WRITE, UNITS)
            .summary("Make a student of a lead")
            .idempotent()
            .describe(
                "Enters the student, wins the lead, and earns who referred it the reward, in one act. Needs \
                 `spaces.student.write` besides.",
            )
            .errors(&["lead_won", "student_write_needed", "branch_unknown", "branch_inactive", "student_code_taken", "student_exists", "phone_shared", "limit_reached"])
            .handle(api::convert),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/referrals",
                "list_referrals",
            )
            .tenant(LEAD_READ, UNITS)
            .summary("List referrals, newest first")
            .handle(referral::api::list),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/spaces/referrals",
                "create_referral",
            )
            .tenant(LEAD_WRITE, UNITS)
            .summary("Write down who brought a lead")
            .idempotent()
            .errors(&["referral_exists", "lead_won"])
            .handle(referral::api::create),
        )
        .route(
            Route::delete(
                "/api/v1/tenants/{tenant}/spaces/referrals/{referral}",
                "withdraw_referral",
            )
            .tenant(LEAD_WRITE, UNITS)
            .summary("Take back a referral that is not earned yet")
            .errors(&["referral_earned"])
            .handle(referral::api::withdraw),
        )
        .finish()
}
