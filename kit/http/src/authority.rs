//! Who is calling: the contract between the request pipeline and whatever knows identities.
//!
//! The pipeline finds credentials and enforces what a route declares; it never knows how a session or a
//! token is kept. One implementation of [`Authority`] is plugged in when the server is assembled.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use gantry_db::TenantState;
use gantry_kernel::{
    Actor, ApiKeyId, IdentityId, Permission, Problem, Scope, SessionId, Slug, TenantId, Timestamp,
};
use tokio::sync::watch;

/// Name of the browser session cookie. The `__Host-` prefix makes browsers refuse it without `Secure`,
/// with a `Domain`, or below a path (RFC 6265bis, section 4.1.3.2).
pub const SESSION_COOKIE: &str = "__Host-gantry_session";

/// What a request presents to prove who sends it.
#[derive(Clone, Copy)]
pub enum Credentials<'a> {
    /// The token of `Authorization: Bearer ...`; wins when a cookie is present too.
    Bearer(&'a str),
    /// The value of [`SESSION_COOKIE`].
    Cookie(&'a str),
}

impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(..)",
            Self::Cookie(_) => "Cookie(..)",
        })
    }
}

/// How a caller proved who they are; cookie callers must also pass the CSRF check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A browser session cookie, attached by the browser whether the person meant it or not.
    Cookie,
    /// An access token or key that the client attached on purpose.
    Bearer,
}

/// A person's signed-in session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Which one.
    pub id: SessionId,
    /// Whether it was begun, or confirmed since, with a second factor.
    pub multi_factor: bool,
    /// Until when sensitive acts need no new proof that the person is there; `None` when the proof that the account
    /// can give was never given in this session.
    pub fresh_until: Option<Timestamp>,
    /// The operator who acts as this person, where one does.
    pub operator: Option<IdentityId>,
    /// The one tenant that the session opens, where only that tenant believes who this is. What belongs to the person is
    /// out of its reach.
    pub only: Option<TenantId>,
}

/// What the credentials stand for.
#[derive(Clone, Debug)]
pub enum Standing {
    /// A person who signed in.
    Session(Session),
    /// A key of a service account. It opens routes of its tenant, and nothing that belongs to people.
    Key(ApiKeyId),
}

/// A caller whose credentials were accepted.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The person or service account.
    pub identity: IdentityId,
    /// What the credentials stand for.
    pub standing: Standing,
    /// How the credentials travelled.
    pub via: Via,
    /// Platform permissions held (operators only; empty for everyone else).
    pub platform: BTreeSet<String>,
}

impl Principal {
    /// Whether this caller holds a platform permission.
    pub fn holds(&self, permission: Permission) -> bool {
        self.platform.contains(permission.as_str())
    }

    /// The session; `None` for a key.
    pub fn session(&self) -> Option<&Session> {
        match &self.standing {
            Standing::Session(session) => Some(session),
            Standing::Key(_) => None,
        }
    }

    /// Whether the person proved lately, by the strongest factor of the account, that they are there.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let until = self.session().and_then(|session| session.fresh_until);
        until.is_some_and(|until| now < until)
    }

    /// Who acts, for audit rows.
    pub fn actor(&self) -> Actor {
        match &self.standing {
            Standing::Key(_) => Actor::Service(self.identity),
            Standing::Session(session) => {
                session
                    .operator
                    .map_or(Actor::Identity(self.identity), |operator| {
                        Actor::Impersonator {
                            operator,
                            person: self.identity,
                        }
                    })
            }
        }
    }
}

/// One grant inside a tenant: a set of permissions over one scope.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Texts of the permissions the role carries.
    pub permissions: Arc<BTreeSet<String>>,
    /// What the grant reaches.
    pub scope: Scope,
}

/// What a caller may do in one tenant.
#[derive(Clone, Debug)]
pub struct Access {
    /// The tenant's id.
    pub tenant: TenantId,
    /// The tenant's slug.
    pub slug: Slug,
    /// The tenant's state; suspended tenants are read-only, closed ones are not found.
    pub state: TenantState,
    /// Every grant of the caller in this tenant.
    pub grants: Vec<Granted>,
}

impl Access {
    /// The scope in which the caller holds `permission`, or `None` when no grant carries it.
    ///
    /// Several grants are united: `All` wins, unit sets are merged, and `Own` counts only when no wider
    /// grant carries the permission.
    pub fn scope_for(&self, permission: Permission) -> Option<Scope> {
        self.scope_named(permission.as_str())
    }

    /// The same for a permission whose name was read from somewhere.
    pub fn scope_named(&self, permission: &str) -> Option<Scope> {
        self.scope_within(permission, |_| true)
    }

    /// [`Access::scope_named`] over the grants whose scope satisfies `allowed`.
    pub(crate) fn scope_within(
        &self,
        permission: &str,
        allowed: impl Fn(&Scope) -> bool,
    ) -> Option<Scope> {
        let mut found: Option<Scope> = None;
        for grant in &self.grants {
            if !grant.permissions.contains(permission) || !allowed(&grant.scope) {
                continue;
            }
            found = Some(match (found, &grant.scope) {
                (None | Some(Scope::Own(_)), scope) => scope.clone(),
                (Some(Scope::All), _) | (_, Scope::All) => Scope::All,
                (Some(Scope::Units(mut held)), Scope::Units(more)) => {
                    held.extend(more.iter().copied());
                    Scope::Units(held)
                }
                (Some(held), Scope::Own(_)) => held,
            });
        }
        found
    }
}

/// The answer of an [`Authority`]: the caller, and their access to the tenant that was asked about.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The caller.
    pub principal: Principal,
    /// Access to the tenant of the route; `None` when unknown, closed or not a member, which the pipeline
    /// answers with 404 for all three alike.
    pub access: Option<Access>,
    /// The tenant lets people in only with a second factor.
    pub second_factor_only: bool,
}

/// Recognises credentials. Implementations answer from one joined read (cached at most 500 ms), so that a
/// revocation takes effect within a second.
pub trait Authority: Send + Sync + 'static {
    /// Identifies the caller and, for tenant routes, their access to `tenant` (a slug or an id as text). `from` is the
    /// client's address.
    ///
    /// Errors: `unauthenticated` for credentials that are unknown, expired or revoked; `unavailable` when
    /// the answer cannot be known now.
    fn identify<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        from: Option<IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>>;

    /// [`Authority::identify`] for a request that goes on: whether its caller may still. The answer is of now and not one
    /// that was kept, and asking is no use of the credentials: a stream that is open keeps no session from ending.
    fn recheck<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        from: Option<IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        self.identify(credentials, tenant, from)
    }

    /// Changes whenever something that is answered from here was changed in this process. One that never tells is good,
    /// too: then open streams notice when they ask again.
    fn changes(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }

    /// Whether `token` is the CSRF token of this session.
    fn csrf_ok(&self, session: SessionId, token: &str) -> bool;
}
