//! Operations on signing in by others.

use std::sync::Arc;
use std::time::Duration;

use gantry_http::{Route, Routes};

use super::ALL;
use crate::role::OWNERSHIP;
use crate::{Identity, oidc};

/// Three answers of a provider, each with its own time limit.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) fn providers(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    workspace(own(public(routes)))
}

fn public(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::get("/api/v1/auth/providers", "list_sign_in_providers")
                .public("a log-in page must reach it")
                .summary("The providers that people can sign in with")
                .handle(oidc::provider::list),
        )
        .route(
            Route::post(
                "/api/v1/auth/providers/{provider}/attempts",
                "begin_provider_log_in",
            )
            .public("a person who is not signed in must reach it")
            .timeout(PATIENCE)
            .summary("Begin to sign in by a provider; answers where to send the browser")
            .describe("Sets a cookie that the browser must hold when it comes back to `/sign-in/callback`, within ten minutes. Post what it comes back with to `POST /api/v1/auth/sessions/provider`.")
            .errors(&["provider_unavailable", "rate_limited"])
            .handle(oidc::log_in::begin),
        )
        .route(
            Route::post("/api/v1/auth/sessions/provider", "complete_provider_log_in")
                .public("what the provider gave, and the browser's cookie, are the credentials")
                .timeout(PATIENCE)
                .attempt("provider")
                .summary("Complete a log-in by a provider")
                .describe("As for `POST /api/v1/auth/sessions`: 201 with the session, or 202 with a challenge. A session by a workspace's own provider opens that workspace alone.")
                .errors(&[
                    "attempt_gone",
                    "not_linked",
                    "link_first",
                    "provider_refused",
                    "provider_unavailable",
                    "rate_limited",
                ])
                .handle(oidc::log_in::complete),
        )
}

fn own(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::get("/api/v1/me/linked-accounts", "list_linked_accounts")
                .signed_in()
                .summary("The accounts at providers that sign in to the caller's account")
                .handle(oidc::link::list),
        )
        .route(
            Route::post("/api/v1/me/providers/{provider}/attempts", "begin_link")
                .signed_in()
                .step_up()
                .timeout(PATIENCE)
                .summary(
                    "Begin to link an account at a provider; answers where to send the browser",
                )
                .errors(&["provider_unavailable"])
                .handle(oidc::link::begin),
        )
        .route(
            Route::post("/api/v1/me/linked-accounts", "complete_link")
                .signed_in()
                .timeout(PATIENCE)
                .summary("Complete a link, in the session and the browser that began it")
                .errors(&[
                    "attempt_gone",
                    "link_taken",
                    "provider_refused",
                    "provider_unavailable",
                ])
                .handle(oidc::link::complete),
        )
        .route(
            Route::delete("/api/v1/me/linked-accounts/{link}", "remove_link")
                .signed_in()
                .step_up()
                .summary("Remove a link; sessions that began by it end")
                .errors(&["last_way_in"])
                .handle(oidc::link::remove),
        )
}

fn workspace(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    const ALL_OF_THEM: &str = "/api/v1/tenants/{tenant}/identity/providers";
    const ONE: &str = "/api/v1/tenants/{tenant}/identity/providers/{provider}";
    routes
        .route(
            Route::get(ALL_OF_THEM, "list_providers")
                .tenant(OWNERSHIP, ALL)
                .summary("List the workspace's own sign-in providers")
                .handle(oidc::settings::list),
        )
        .route(
            Route::get(ONE, "get_provider")
                .tenant(OWNERSHIP, ALL)
                .summary("One sign-in provider")
                .handle(oidc::settings::get),
        )
        .route(
            Route::post(ALL_OF_THEM, "create_provider")
                .tenant(OWNERSHIP, ALL)
                .step_up()
                .summary("Add a sign-in provider")
                .idempotent()
                .errors(&["issuer_taken", "too_many_providers", "invalid_request"])
                .handle(oidc::settings::create),
        )
        .route(
            Route::put(ONE, "update_provider")
                .tenant(OWNERSHIP, ALL)
                .step_up()
                .summary("Change a sign-in provider, or switch it off")
                .errors(&["version_mismatch", "invalid_request"])
                .if_match()
                .handle(oidc::settings::update),
        )
        .route(
            Route::delete(ONE, "delete_provider")
                .tenant(OWNERSHIP, ALL)
                .step_up()
                .summary("Remove a sign-in provider, and what was linked by it")
                .handle(oidc::settings::remove),
        )
}
