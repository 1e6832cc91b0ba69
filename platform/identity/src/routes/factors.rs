//! Operations on what an account is proven with.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use crate::{Identity, challenge, factor, session};

pub(super) fn factors(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::post("/api/v1/auth/sessions/second-factor", "complete_log_in")
                .public("the challenge and the proof are the credentials")
                .attempt("second_factor")
                .summary("Complete a log-in with the second factor")
                .errors(&[
                    "challenge_gone",
                    "passkey_ceremony_gone",
                    "second_factor_wrong",
                    "second_factor_locked",
                    "one_proof",
                    "rate_limited",
                ])
                .handle(challenge::api::second_factor),
        )
        .route(
            Route::post("/api/v1/me/step-up", "step_up")
                .signed_in()
                .in_one_tenant()
                .attempt("step_up")
                .summary("Confirm that it is you, before something sensitive")
                .errors(&[
                    "invalid_request",
                    "one_proof",
                    "passkey_ceremony_gone",
                    "account_locked",
                    "second_factor_locked",
                    "rate_limited",
                    "busy",
                ])
                .handle(session::step_up::step_up),
        )
        .route(
            Route::get("/api/v1/me/factors", "get_factors")
                .signed_in()
                .summary("What the caller's account is proven with")
                .handle(factor::api::get_factors),
        )
        .route(
            Route::post("/api/v1/me/totp", "enrol_totp")
                .signed_in()
                .step_up()
                .summary("Begin to set up an authenticator app")
                .errors(&["totp_exists"])
                .handle(factor::totp::api::enrol),
        )
        .route(
            Route::post("/api/v1/me/totp/confirm", "confirm_totp")
                .signed_in()
                .step_up()
                .summary("Set up the authenticator app by its first code")
                .errors(&["totp_not_begun", "invalid_request"])
                .handle(factor::totp::api::confirm),
        )
        .route(
            Route::delete("/api/v1/me/totp", "remove_totp")
                .signed_in()
                .step_up()
                .summary("Remove the authenticator app")
                .errors(&["not_found"])
                .handle(factor::totp::api::remove),
        )
        .route(
            Route::post("/api/v1/me/recovery-codes", "replace_recovery_codes")
                .signed_in()
                .step_up()
                .summary("Make a new set of recovery codes")
                .errors(&["no_second_factor"])
                .handle(factor::recovery::api::regenerate),
        )
}
