//! Who is calling, and whether they may: credentials, cross-site checks, tenant, permission, scope, suspension.

use std::time::Duration;

use gantry_db::TenantState;
use gantry_kernel::{Permission, Problem, Scope, ScopeKind};
use http::request::Parts;
use http::{HeaderMap, header};

use super::Inner;
use super::head::{Trail, refuse};
use crate::authority::{Access, Credentials, Identified, Principal, SESSION_COOKIE, Standing, Via};
use crate::context::cookie;
use crate::problem::{Failure, codes};
use crate::route::{AccessRule, Caller, Endpoint, Member};

impl Inner {
    /// Turns credentials into the caller that the route's access rule asks for.
    pub(super) async fn admit(
        &self,
        trail: &mut Trail,
        endpoint: &Endpoint,
        parts: &Parts,
        params: &[(&'static str, String)],
    ) -> Result<Caller, Failure> {
        if let AccessRule::Public(_) = endpoint.access {
            if endpoint.writes() && self.settings.foreign_page(&parts.headers) {
                return Err(origin_refused());
            }
            return Ok(Caller::Nobody);
        }
        let tenant = params
            .iter()
            .find(|(name, _)| endpoint.is_tenant_param(name))
            .map(|(_, value)| value.as_str());
        let found = self.identify(trail, &parts.headers, tenant).await?;
        let principal = &found.principal;
        trail.identity = Some(principal.identity);
        if endpoint.writes() && principal.via == Via::Cookie {
            self.check_cross_site(&parts.headers, principal)?;
        }
        self.limit_person(trail, endpoint, principal)?;
        check_standing(endpoint, principal)?;
        match endpoint.access {
            AccessRule::Public(_) => Ok(Caller::Nobody),
            AccessRule::SignedIn => {
                self.check_fresh(endpoint, principal)?;
                self.limit_work(trail, endpoint, principal, None)?;
                Ok(Caller::User(found.principal))
            }
            AccessRule::Platform(permission) => {
                if !principal.holds(permission) {
                    return Err(refuse(
                        codes::PERMISSION_MISSING,
                        "this is for platform staff with another permission",
                    ));
                }
                check_second_factor(principal)?;
                self.check_fresh(endpoint, principal)?;
                self.limit_work(trail, endpoint, principal, None)?;
                Ok(Caller::User(found.principal))
            }
            AccessRule::Tenant(..) | AccessRule::Member => {
                trail.tenant = found.access.as_ref().map(|access| access.tenant);
                let (principal, access, scope) = entitle(endpoint, found)?;
                if access.state == TenantState::Suspended && endpoint.writes() {
                    return Err(refuse(
                        codes::TENANT_SUSPENDED,
                        "the workspace is suspended: reading works, writing does not",
                    ));
                }
                self.check_fresh(endpoint, &principal)?;
                self.limit_work(trail, endpoint, &principal, Some(access.tenant))?;
                let db = self
                    .tenants
                    .get(access.tenant)
                    .await
                    .map_err(Problem::from)?;
                Ok(Caller::Member(Box::new(Member {
                    principal,
                    access,
                    scope,
                    db,
                })))
            }
        }
    }

    async fn identify(
        &self,
        trail: &mut Trail,
        headers: &HeaderMap,
        tenant: Option<&str>,
    ) -> Result<Identified, Failure> {
        let outcome = match credentials(headers) {
            Ok(Some(credentials)) => {
                self.weigh_credentials(trail)?;
                self.authority.identify(credentials, tenant, trail.ip).await
            }
            Ok(None) => {
                self.count_stranger(trail)?;
                return Err(Problem::unauthenticated(
                    codes::UNAUTHENTICATED.code,
                    "sign in, or send an access token",
                )
                .into());
            }
            Err(problem) => Err(problem),
        };
        if let Err(problem) = &outcome
            && problem.kind == gantry_kernel::Kind::Unauthenticated
        {
            self.count_bad_credentials(trail)?;
        }
        Ok(outcome?)
    }

    /// A cookie travels with requests that another site started, so a cookie caller must show that the page was ours.
    fn check_cross_site(&self, headers: &HeaderMap, principal: &Principal) -> Result<(), Failure> {
        if self.settings.foreign_page(headers) {
            return Err(origin_refused());
        }
        let token = headers
            .get("x-csrf-token")
            .and_then(|value| value.to_str().ok());
        match token {
            Some(token)
                if principal
                    .session()
                    .is_some_and(|session| self.authority.csrf_ok(session.id, token)) =>
            {
                Ok(())
            }
            Some(_) => Err(refuse(
                codes::CSRF_FAILED,
                "X-CSRF-Token is not the one of this session",
            )),
            None => Err(refuse(
                codes::CSRF_FAILED,
                "send X-CSRF-Token with every write",
            )),
        }
    }

    /// A stolen session must not be enough for what is sensitive.
    fn check_fresh(&self, endpoint: &Endpoint, principal: &Principal) -> Result<(), Failure> {
        if !endpoint.options.step_up || principal.is_fresh(self.kernel.now()) {
            return Ok(());
        }
        Err(refuse(
            codes::STEP_UP_REQUIRED,
            "confirm at POST /api/v1/me/step-up that it is you, then repeat this request",
        ))
    }
}

/// Whether somebody may do in the tenant what the route is for, and how far: what is asked of every request, and of an
/// open stream again and again.
pub(crate) fn entitle(
    endpoint: &Endpoint,
    found: Identified,
) -> Result<(Principal, Access, Scope), Failure> {
    let Identified {
        principal,
        access,
        second_factor_only,
    } = found;
    check_standing(endpoint, &principal)?;
    let access = access.ok_or_else(Problem::not_found)?;
    check_state(&access)?;
    if second_factor_only {
        check_second_factor(&principal)?;
    }
    let scope = match endpoint.access {
        AccessRule::Tenant(permission, scopes) => reach(&access, permission, scopes)?,
        _ => Scope::Own(principal.identity),
    };
    Ok((principal, access, scope))
}

/// How far the caller may use a permission, as far as the route can work with it.
fn reach(access: &Access, permission: Permission, scopes: &[ScopeKind]) -> Result<Scope, Failure> {
    let Some(held) = access.scope_for(permission) else {
        return Err(refuse(
            codes::PERMISSION_MISSING,
            format!("none of your roles here carries {permission}"),
        ));
    };
    let fits = |kind: ScopeKind| scopes.contains(&kind);
    if fits(held.kind()) {
        return Ok(held);
    }
    access
        .scope_within(permission.as_str(), |scope| fits(scope.kind()))
        .ok_or_else(|| {
            refuse(
                codes::SCOPE_MISSING,
                format!("your role carries {permission} over another range"),
            )
        })
}

/// What callers who are not simply a person in their own session can never do, whatever their permissions.
fn check_standing(endpoint: &Endpoint, principal: &Principal) -> Result<(), Failure> {
    let options = &endpoint.options;
    let tenant = endpoint.access.in_tenant();
    match &principal.standing {
        Standing::Key(_) if !tenant || options.step_up => Err(refuse(
            codes::PEOPLE_ONLY,
            "the key of a service account cannot do this; a person must",
        )),
        Standing::Session(session) if session.operator.is_some() => {
            let may = match endpoint.access {
                AccessRule::Platform(_) => false,
                AccessRule::SignedIn => options.while_impersonating,
                AccessRule::Public(_) | AccessRule::Tenant(..) | AccessRule::Member => {
                    !options.step_up
                }
            };
            if may {
                return Ok(());
            }
            Err(refuse(
                codes::IMPERSONATION_REFUSED,
                "this is not possible while you act as somebody else",
            ))
        }
        Standing::Session(session) if session.only.is_some() => {
            let may = match endpoint.access {
                AccessRule::Platform(_) => false,
                AccessRule::SignedIn => options.while_impersonating || options.in_one_tenant,
                AccessRule::Public(_) | AccessRule::Tenant(..) | AccessRule::Member => true,
            };
            if may {
                return Ok(());
            }
            Err(refuse(
                codes::WORKSPACE_SESSION,
                "you signed in by a provider of one workspace, and this is not the workspace's: sign in by what is your own",
            ))
        }
        Standing::Key(_) | Standing::Session(_) => Ok(()),
    }
}

/// Whoever may see every tenant, or works in one that asks for it, is not protected by a password alone.
fn check_second_factor(principal: &Principal) -> Result<(), Failure> {
    if principal
        .session()
        .is_some_and(|session| session.multi_factor)
    {
        return Ok(());
    }
    Err(refuse(
        codes::SECOND_FACTOR_REQUIRED,
        "add a second factor at POST /api/v1/me/totp, or sign in with the one you have",
    ))
}

fn origin_refused() -> Failure {
    refuse(
        codes::ORIGIN_REFUSED,
        "the request was started by a page of another site",
    )
}

fn check_state(access: &Access) -> Result<(), Failure> {
    match access.state {
        TenantState::Active | TenantState::Suspended => Ok(()),
        TenantState::Provisioning => Err(Problem::unavailable(
            codes::TENANT_PROVISIONING.code,
            "the workspace is being set up",
            Duration::from_secs(1),
        )
        .into()),
        _ => Err(Problem::not_found().into()),
    }
}

/// The credentials of a request. An `Authorization` header that is there but of no use is refused rather than
/// overlooked: falling back to the cookie would act as somebody the client did not mean.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Option<Credentials<'_>>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        let session = cookie(headers, SESSION_COOKIE).filter(|value| !value.is_empty());
        return Ok(session.map(Credentials::Cookie));
    };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match token {
        Some(token) if !token.is_empty() => Ok(Some(Credentials::Bearer(token))),
        _ => Err(Problem::unauthenticated(
            codes::UNAUTHENTICATED.code,
            "Authorization must be Bearer with a token",
        )),
    }
}
