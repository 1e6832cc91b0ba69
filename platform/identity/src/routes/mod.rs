//! The operations of this module: method, path, who may call, handler.

mod access;
mod factors;
mod operators;
mod passkeys;
mod providers;

use std::sync::Arc;

use gantry_contracts::LIMIT_REACHED;
use gantry_http::{Class, Route, Routes};
use gantry_kernel::ScopeKind;

use crate::role::{AUDIT_READ, MEMBER_MANAGE, MEMBER_READ};
use crate::{
    Identity, account, audit, error, factor, invitation, member, oidc, passkey, password, session,
    set_up, sign_up, token,
};

/// Members and roles concern the whole tenant.
const ALL: &[ScopeKind] = &[ScopeKind::All];

/// What those who give roles are asked for.
const POWER: &str = "To give a role that decides about members, roles, service accounts or ownership (`owner` and `admin` do), \
                     the caller must have proven lately that they are there: 403 `step_up_required` otherwise.";

pub(crate) fn routes(state: &Arc<Identity>) -> Routes {
    let routes = Routes::new(Arc::clone(state))
        .errors(error::CODES)
        .errors(factor::CODES)
        .errors(oidc::CODES)
        .errors(passkey::CODES)
        .errors(&[LIMIT_REACHED]);
    let people = operators::operators(account(factors::factors(me(public(routes)))));
    let people = passkeys::passkeys(providers::providers(people));
    access::security(access::services(access::roles(tenant(people)))).finish()
}

fn public(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::post("/api/v1/auth/sign-ups", "sign_up")
                .public("a person without an account must reach it")
                .limit(Class::SignUp)
                .summary("Sign up; a mail asks to confirm the address")
                .errors(&["invalid_request", "rate_limited", "busy"])
                .handle(sign_up::api::sign_up),
        )
        .route(
            Route::post("/api/v1/auth/verifications", "verify_email")
                .public("the link from the mail is the credential")
                .summary("Confirm an address; begins the workspace the sign-up asked for")
                .errors(&["link_gone"])
                .handle(sign_up::api::verify),
        )
        .route(
            Route::post("/api/v1/auth/verifications/resend", "resend_verification")
                .public("a person without a confirmed account must reach it")
                .limit(Class::Resend)
                .summary("Send the verification mail again")
                .errors(&["rate_limited"])
                .handle(sign_up::api::resend),
        )
        .route(
            Route::post("/api/v1/auth/sessions", "log_in")
                .public("credentials are in the body")
                .attempt("password")
                .summary("Sign in, for tokens or for a browser cookie")
                .describe("201 with the session. An account with a second factor gets 202 with a challenge instead, to be answered at `POST /api/v1/auth/sessions/second-factor` within five minutes.")
                .errors(&[
                    "invalid_credentials",
                    "account_locked",
                    "rate_limited",
                    "busy",
                ])
                .handle(session::api::log_in),
        )
        .route(
            Route::post("/api/v1/auth/tokens/refresh", "refresh_tokens")
                .public("the refresh token is the credential")
                .attempt("refresh")
                .summary("Exchange a refresh token for the next pair")
                .errors(&["refresh_refused"])
                .handle(token::api::refresh),
        )
        .route(
            Route::post("/api/v1/auth/password-resets", "request_password_reset")
                .public("a person who cannot sign in must reach it")
                .limit(Class::Reset)
                .summary("Ask for a link to set a new password")
                .errors(&["rate_limited"])
                .handle(password::api::request_reset),
        )
        .route(
            Route::post(
                "/api/v1/auth/password-resets/confirm",
                "confirm_password_reset",
            )
            .public("the link from the mail is the credential")
            .attempt("reset_link")
                .summary("Set a new password by a link; ends every session")
            .errors(&["link_gone", "invalid_request", "busy"])
            .handle(password::api::confirm_reset),
        )
        .route(
            Route::post("/api/v1/auth/password-strength", "rate_password")
                .public("a person without an account must reach it")
                .body_limit(16 * 1024)
                .summary(
                    "How strong a password is, and whether it would be accepted; nothing is kept",
                )
                .errors(&["invalid_request", "rate_limited", "busy"])
                .handle(password::rate::rate_password),
        )
        .route(
            Route::post("/api/v1/auth/unlocks", "unlock")
                .public("the link from the mail is the credential")
                .summary("Lift the lock of an account by a link")
                .errors(&["link_gone"])
                .handle(password::unlock::unlock),
        )
        .route(
            Route::post("/api/v1/auth/invitations/inspect", "inspect_invitation")
                .public("the link from the mail is the credential")
                .summary("What an invitation link opens")
                .errors(&["link_gone"])
                .handle(invitation::accept::inspect_invitation),
        )
        .route(
            Route::post("/api/v1/auth/invitations/accept", "accept_invitation")
                .public("the link from the mail and a password are the credentials")
                .summary("Accept an invitation by password, making an account if there is none")
                .errors(&[
                    "link_gone",
                    "invalid_credentials",
                    "invalid_request",
                    "account_needed",
                    "account_locked",
                    "sign_in_first",
                    "already_member",
                    "limit_reached",
                    "rate_limited",
                    "busy",
                ])
                .handle(invitation::accept::accept_invitation),
        )
        .route(
            Route::post("/api/v1/auth/set-up", "set_up")
                .public("the link printed by the server is the credential")
                .summary("Make the first operator")
                .errors(&["link_gone", "address_taken", "invalid_request", "busy"])
                .handle(set_up::set_up),
        )
        .route(
            Route::get("/.well-known/jwks.json", "get_jwks")
                .public("verifiers elsewhere need the public keys")
                .cache_public(gantry_signing::JWKS_MAX_AGE)
                .summary("The public keys that verify access tokens")
                .handle(token::api::jwks),
        )
}

fn me(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::delete("/api/v1/auth/session", "log_out")
                .signed_in()
                .while_impersonating()
                .summary("Sign out of this session")
                .handle(session::api::log_out),
        )
        .route(
            Route::get("/api/v1/csrf-token", "get_csrf_token")
                .signed_in()
                .while_impersonating()
                .summary("A CSRF token for writes of this browser session")
                .handle(session::api::csrf_token),
        )
        .route(
            Route::get("/api/v1/me", "get_me")
                .signed_in()
                .while_impersonating()
                .summary("Who the caller is and where they belong")
                .handle(member::me::get_me),
        )
        .route(
            Route::put("/api/v1/me/password", "change_password")
                .signed_in()
                .summary("Change the password; other sessions end")
                .errors(&[
                    "invalid_request",
                    "account_locked",
                    "step_up_required",
                    "rate_limited",
                    "busy",
                ])
                .handle(password::api::change_password),
        )
        .route(
            Route::get("/api/v1/me/sessions", "list_sessions")
                .signed_in()
                .summary("Where the caller is signed in")
                .handle(session::api::list_sessions),
        )
        .route(
            Route::delete("/api/v1/me/sessions", "end_all_sessions")
                .signed_in()
                .summary("Sign out everywhere")
                .handle(session::api::end_all_sessions),
        )
        .route(
            Route::delete("/api/v1/me/sessions/{session}", "end_session")
                .signed_in()
                .summary("Sign out of one session")
                .handle(session::api::end_session),
        )
        .route(
            Route::post("/api/v1/me/invitations/accept", "accept_invitation_as_me")
                .signed_in()
                .summary("Accept an invitation as the signed-in person")
                .errors(&["link_gone", "already_member", "limit_reached"])
                .handle(invitation::accept::accept_as_me),
        )
        .route(
            Route::delete("/api/v1/me/memberships/{workspace}", "leave_workspace")
                .signed_in()
                .summary("Leave a workspace")
                .errors(&["last_owner"])
                .handle(member::me::leave),
        )
}

fn tenant(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::get("/api/v1/tenants/{tenant}/identity/members", "list_members")
                .tenant(MEMBER_READ, ALL)
                .summary("List members")
                .handle(member::api::list_members),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/identity/members/{member}",
                "get_member",
            )
            .tenant(MEMBER_READ, ALL)
            .summary("One member")
            .handle(member::api::get_member),
        )
        .route(
            Route::put(
                "/api/v1/tenants/{tenant}/identity/members/{member}/grants",
                "set_member_grants",
            )
            .tenant(MEMBER_MANAGE, ALL)
            .summary("Replace what a member may do")
            .describe(POWER)
            .errors(&[
                "grant_exceeds",
                "step_up_required",
                "last_owner",
                "version_mismatch",
                "too_many_grants",
                "invalid_request",
            ])
            .if_match()
            .handle(member::api::set_grants),
        )
        .route(
            Route::delete(
                "/api/v1/tenants/{tenant}/identity/members/{member}",
                "remove_member",
            )
            .tenant(MEMBER_MANAGE, ALL)
            .summary("Remove a member")
            .errors(&["grant_exceeds", "last_owner"])
            .handle(member::api::remove_member),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/identity/invitations",
                "list_invitations",
            )
            .tenant(MEMBER_READ, ALL)
            .summary("List invitations")
            .handle(invitation::api::list_invitations),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/identity/invitations",
                "create_invitation",
            )
            .tenant(MEMBER_MANAGE, ALL)
            .summary("Invite somebody")
            .describe(POWER)
            .idempotent()
            .errors(&[
                "step_up_required",
                "already_member",
                "already_invited",
                "grant_exceeds",
                "too_many_grants",
                "invalid_request",
                "rate_limited",
            ])
            .handle(invitation::api::create_invitation),
        )
        .route(
            Route::delete(
                "/api/v1/tenants/{tenant}/identity/invitations/{invitation}",
                "revoke_invitation",
            )
            .tenant(MEMBER_MANAGE, ALL)
            .summary("Revoke an invitation")
            .errors(&["invitation_closed", "grant_exceeds"])
            .handle(invitation::api::revoke_invitation),
        )
        .route(
            Route::post(
                "/api/v1/tenants/{tenant}/identity/invitations/{invitation}/resend",
                "resend_invitation",
            )
            .tenant(MEMBER_MANAGE, ALL)
            .summary("Send an invitation again")
            .errors(&["invitation_closed", "grant_exceeds", "rate_limited"])
            .handle(invitation::api::resend_invitation),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/identity/audit", "list_audit")
                .tenant(AUDIT_READ, ALL)
                .summary("What was done in the workspace and to its members")
                .handle(audit::list_audit),
        )
}

fn account(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    routes
        .route(
            Route::post("/api/v1/me/email-changes", "request_email_change")
                .signed_in()
                .step_up()
                .summary("Move the account to another address; a mail there asks to confirm it")
                .errors(&["invalid_request", "rate_limited"])
                .handle(account::email_change::api::request),
        )
        .route(
            Route::post("/api/v1/auth/email-changes/confirm", "confirm_email_change")
                .public("the link from the mail is the credential")
                .summary("Confirm the new address by the link")
                .errors(&["link_gone", "address_taken"])
                .handle(account::email_change::api::confirm),
        )
        .route(
            Route::get("/api/v1/me/export", "export_me")
                .signed_in()
                .step_up()
                .limit(Class::Heavy)
                .summary("Everything held about the caller's account, as a JSON file")
                .media(&["application/json"])
                .handle(account::export::export),
        )
        .route(
            Route::post("/api/v1/me/closure", "close_account")
                .signed_in()
                .step_up()
                .summary("Close the caller's account for good")
                .errors(&["last_owner", "last_operator"])
                .handle(account::closure::close),
        )
}
