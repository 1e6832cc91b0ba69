//! Operations on passkeys.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use crate::{Identity, passkey};

pub(super) fn passkeys(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::post("/api/v1/auth/passkey-ceremonies", "begin_passkey_log_in")
                .public("a person who is not signed in must reach it")
                .summary("Ask for a passkey, to sign in by it")
                .errors(&[
                    "passkeys_unavailable",
                    "challenge_gone",
                    "no_passkey",
                    "rate_limited",
                ])
                .handle(passkey::log_in::begin),
        )
        .route(
            Route::post("/api/v1/auth/sessions/passkey", "log_in_by_passkey")
                .public("the passkey is the credential")
                .attempt("passkey")
                .summary("Sign in by a passkey alone, for tokens or for a browser cookie")
                .errors(&[
                    "passkey_refused",
                    "passkey_ceremony_gone",
                    "passkeys_unavailable",
                    "rate_limited",
                ])
                .handle(passkey::log_in::log_in),
        )
        .route(
            Route::post("/api/v1/me/step-up/passkey", "begin_passkey_step_up")
                .signed_in()
                .summary("Ask for a passkey, to confirm with it that it is you")
                .errors(&["passkeys_unavailable", "no_passkey"])
                .handle(passkey::log_in::begin_step_up),
        )
        .route(
            Route::get("/api/v1/me/passkeys", "list_passkeys")
                .signed_in()
                .summary("The caller's passkeys")
                .handle(passkey::api::list_passkeys),
        )
        .route(
            Route::post("/api/v1/me/passkeys/ceremonies", "begin_passkey")
                .signed_in()
                .step_up()
                .summary("Begin to register a passkey")
                .errors(&["passkeys_unavailable", "too_many_passkeys"])
                .handle(passkey::register::begin),
        )
        .route(
            Route::post("/api/v1/me/passkeys", "register_passkey")
                .signed_in()
                .step_up()
                .summary("Register the passkey that the authenticator made")
                .errors(&[
                    "passkey_ceremony_gone",
                    "too_many_passkeys",
                    "passkeys_unavailable",
                    "invalid_request",
                ])
                .handle(passkey::register::finish),
        )
        .route(
            Route::put("/api/v1/me/passkeys/{passkey}", "rename_passkey")
                .signed_in()
                .summary("Rename a passkey")
                .errors(&["invalid_request"])
                .handle(passkey::api::rename_passkey),
        )
        .route(
            Route::delete("/api/v1/me/passkeys/{passkey}", "remove_passkey")
                .signed_in()
                .step_up()
                .summary("Remove a passkey")
                .handle(passkey::api::remove_passkey),
        )
}
