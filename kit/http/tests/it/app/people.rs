//! An authority that knows a few people by their tokens.

use super::notes::{READ, STAFF, WRITE};

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_db::TenantState;
use gantry_http::{
    Access, Authority, Credentials, Granted, Identified, Principal, Session, Standing, Via,
};
use gantry_kernel::{
    IdentityId, Kernel, Permission, Problem, Scope, SessionId, Slug, TenantId, UnitId,
};
use tokio::sync::watch;

/// People by token; every token also works as a session cookie.
pub(super) struct People {
    pub(super) kernel: Kernel,
    pub(super) tenant: TenantId,
    pub(super) unit: UnitId,
    /// How often somebody was to be recognised.
    pub(super) asked: Arc<AtomicUsize>,
    /// Nobody who is here may stay.
    pub(super) shut_out: Arc<watch::Sender<bool>>,
    /// What this process says of changes.
    pub(super) changed: Arc<watch::Sender<u64>>,
}

impl People {
    fn grants(&self, who: &str, identity: IdentityId) -> Vec<Granted> {
        let grant = |scope, permissions: &[Permission]| Granted {
            permissions: Arc::new(permissions.iter().map(ToString::to_string).collect()),
            scope,
        };
        match who {
            "owner" | "stale" | "machine" | "impersonated" | "vouched" => {
                vec![grant(Scope::All, &[READ, WRITE])]
            }
            "units" => vec![grant(Scope::Units([self.unit].into()), &[READ, WRITE])],
            "own" => vec![grant(Scope::Own(identity), &[READ, WRITE])],
            "viewer" => vec![grant(Scope::All, &[READ])],
            _ => Vec::new(),
        }
    }
}

impl Authority for People {
    fn identify<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        _: Option<std::net::IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        async move {
            let (who, via) = match credentials {
                Credentials::Bearer(token) => (token, Via::Bearer),
                Credentials::Cookie(token) => (token, Via::Cookie),
            };
            if who.starts_with("bad") {
                return Err(Problem::unauthenticated(
                    "unauthenticated",
                    "no longer good",
                ));
            }

            // The same person has the same id in every request.
            let mut seed = [0; 16];
            for (at, byte) in who.bytes().take(16).enumerate() {
                seed[at] = byte;
            }
            let text = format!(
                "01987c5e-5d5e-7cc0-8d51-{:012x}",
                u64::from_le_bytes(seed[..8].try_into().unwrap()) & 0xffff_ffff_ffff
            );
            let identity: IdentityId = text.parse().unwrap();
            let platform = match who {
                "operator" | "password-only" | "machine" | "impersonated" | "vouched" => {
                    [STAFF.to_string()].into()
                }
                _ => [].into(),
            };
            let standing = Standing::Session(Session {
                id: self.kernel.id(),
                multi_factor: who == "operator",
                fresh_until: (who != "stale").then(|| self.kernel.now() + Duration::from_mins(1)),
                operator: (who == "impersonated").then_some(identity),
                only: (who == "vouched").then_some(self.tenant),
            });
            let principal = Principal {
                identity,
                standing: if who == "machine" {
                    Standing::Key(self.kernel.id())
                } else {
                    standing
                },
                via,
                platform,
            };
            let state = match tenant {
                Some("alpha") => Some(TenantState::Active),
                Some(id) if id == self.tenant.to_string() => Some(TenantState::Active),
                Some("paused") => Some(TenantState::Suspended),
                Some("closed") => Some(TenantState::Closed),
                Some("new") => Some(TenantState::Provisioning),
                _ => None,
            };
            let slug: Slug = "alpha".parse().unwrap();
            let access = state.filter(|_| who != "stranger").map(|state| Access {
                tenant: self.tenant,
                slug,
                state,
                grants: self.grants(who, identity),
            });
            Ok(Identified {
                principal,
                access,
                second_factor_only: false,
            })
        }
        .boxed()
    }

    fn recheck<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        from: Option<std::net::IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        if *self.shut_out.borrow() {
            let gone = Problem::unauthenticated("unauthenticated", "sign in again");
            return std::future::ready(Err(gone)).boxed();
        }
        self.identify(credentials, tenant, from)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn csrf_ok(&self, _: SessionId, token: &str) -> bool {
        token == "csrf-good"
    }
}
