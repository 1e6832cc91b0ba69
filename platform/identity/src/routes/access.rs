//! Operations on what can be given, and to whom besides members: roles, service accounts and their keys.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use super::ALL;
use crate::role::{self, MEMBER_READ, OWNERSHIP, ROLE_MANAGE, SERVICE_MANAGE, SERVICE_READ};
use crate::{Identity, security, service};

pub(super) fn roles(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    const ROLE: &str = "/api/v1/tenants/{tenant}/identity/roles/{role}";
    routes
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/identity/permissions",
                "list_permissions",
            )
            .tenant(MEMBER_READ, ALL)
            .summary("The permissions that roles are made of")
            .handle(role::api::list_permissions),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/identity/roles", "list_roles")
                .tenant(MEMBER_READ, ALL)
                .summary("The roles that can be given")
                .handle(role::api::list_roles),
        )
        .route(
            Route::get(ROLE, "get_role")
                .tenant(MEMBER_READ, ALL)
                .summary("One role")
                .handle(role::api::get_role),
        )
        .route(
            Route::post("/api/v1/tenants/{tenant}/identity/roles", "create_role")
                .tenant(ROLE_MANAGE, ALL)
                .summary("Make a role")
                .idempotent()
                .errors(&[
                    "grant_exceeds",
                    "role_title_taken",
                    "too_many_roles",
                    "invalid_request",
                ])
                .handle(role::api::create_role),
        )
        .route(
            Route::put(ROLE, "update_role")
                .tenant(ROLE_MANAGE, ALL)
                .step_up()
                .summary("Change a role for everybody who holds it")
                .errors(&[
                    "grant_exceeds",
                    "role_built_in",
                    "role_title_taken",
                    "role_in_use",
                    "version_mismatch",
                    "invalid_request",
                ])
                .if_match()
                .handle(role::api::update_role),
        )
        .route(
            Route::delete(ROLE, "delete_role")
                .tenant(ROLE_MANAGE, ALL)
                .summary("Remove a role that nobody holds")
                .errors(&[
                    "grant_exceeds",
                    "role_built_in",
                    "role_in_use",
                    "version_mismatch",
                ])
                .if_match()
                .handle(role::api::delete_role),
        )
}

pub(super) fn services(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    const ALL_OF_THEM: &str = "/api/v1/tenants/{tenant}/identity/service-accounts";
    const ONE: &str = "/api/v1/tenants/{tenant}/identity/service-accounts/{service}";
    const KEYS: &str = "/api/v1/tenants/{tenant}/identity/service-accounts/{service}/keys";
    const KEY: &str = "/api/v1/tenants/{tenant}/identity/service-accounts/{service}/keys/{key}";
    routes
        .route(
            Route::get(ALL_OF_THEM, "list_service_accounts")
                .tenant(SERVICE_READ, ALL)
                .summary("List service accounts")
                .handle(service::api::list_service_accounts),
        )
        .route(
            Route::get(ONE, "get_service_account")
                .tenant(SERVICE_READ, ALL)
                .summary("One service account")
                .handle(service::api::get_service_account),
        )
        .route(
            Route::post(ALL_OF_THEM, "create_service_account")
                .tenant(SERVICE_MANAGE, ALL)
                .step_up()
                .summary("Make a service account")
                .idempotent()
                .errors(&[
                    "grant_exceeds",
                    "service_name_taken",
                    "too_many_services",
                    "too_many_grants",
                    "invalid_request",
                ])
                .handle(service::api::create_service_account),
        )
        .route(
            Route::put(ONE, "update_service_account")
                .tenant(SERVICE_MANAGE, ALL)
                .step_up()
                .summary("Change a service account")
                .errors(&[
                    "grant_exceeds",
                    "service_name_taken",
                    "version_mismatch",
                    "too_many_grants",
                    "invalid_request",
                ])
                .if_match()
                .handle(service::api::update_service_account),
        )
        .route(
            Route::delete(ONE, "delete_service_account")
                .tenant(SERVICE_MANAGE, ALL)
                .summary("Remove a service account and its keys")
                .errors(&["grant_exceeds"])
                .handle(service::api::delete_service_account),
        )
        .route(
            Route::get(KEYS, "list_api_keys")
                .tenant(SERVICE_READ, ALL)
                .summary("List the keys of a service account")
                .handle(service::key::api::list_api_keys),
        )
        .route(
            Route::post(KEYS, "create_api_key")
                .tenant(SERVICE_MANAGE, ALL)
                .step_up()
                .summary("Make a key, which is shown once")
                .describe(
                    "A repeated `Idempotency-Key` makes no second key and shows no secret: it is \
                     answered 409 `key_shown_before` with the id of the first.",
                )
                .idempotent()
                .errors(&[
                    "grant_exceeds",
                    "too_many_keys",
                    "key_shown_before",
                    "invalid_request",
                ])
                .handle(service::key::api::create_api_key),
        )
        .route(
            Route::delete(KEY, "revoke_api_key")
                .tenant(SERVICE_MANAGE, ALL)
                .summary("Revoke a key")
                .errors(&["grant_exceeds"])
                .handle(service::key::api::revoke_api_key),
        )
}

pub(super) fn security(routes: Routes<Arc<Identity>>) -> Routes<Arc<Identity>> {
    const SECURITY: &str = "/api/v1/tenants/{tenant}/identity/security";
    routes
        .route(
            Route::get(SECURITY, "get_security")
                .tenant(MEMBER_READ, ALL)
                .summary("What the workspace asks of its members")
                .handle(security::api::get_security),
        )
        .route(
            Route::put(SECURITY, "set_security")
                .tenant(OWNERSHIP, ALL)
                .step_up()
                .summary("Demand a second factor of all members, or stop to")
                .errors(&["second_factor_required"])
                .handle(security::api::set_security),
        )
}
