//! Who is calling, answered for every request: one joined read, kept for at most half a second.
//!
//! A session that was ended, an account that was disabled, a role that was taken away stop working within a
//! second in every process, access tokens included: the token only says which session to look
//! up. In this process they stop at once, because every change here drops what is kept.

mod store;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_http::{Access, Authority, Credentials, Identified, Principal, Via};
use gantry_kernel::{IdentityId, Problem, SessionId, Slug, TenantId, crypto};

use crate::role::Grant;
use crate::session::{self, CookieValue};
use crate::token::TokenError;
use crate::token::cache::Generations;
use crate::{Error, Identity};
use store::Found;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_millis(500);
/// Answers kept.
const REMEMBERED: usize = 20_000;
/// A session's last use is written down when it is older than this.
const TOUCH_AFTER: Duration = Duration::from_mins(5);

type Key = (SessionId, Option<String>);

/// What is known of a session, and whether it was read just now.
struct Looked {
    found: std::sync::Arc<Found>,
    fresh: bool,
}

/// Answers that were just given.
pub(crate) struct Recent {
    answers: Generations<Key, Answer>,
    generation: AtomicU64,
}

#[derive(Clone)]
struct Answer {
    found: std::sync::Arc<Found>,
    at: Duration,
    generation: u64,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self {
            answers: Generations::new(REMEMBERED),
            generation: AtomicU64::new(0),
        }
    }

    /// Makes every kept answer stale. Changes of access are rare and a read costs microseconds, so there is
    /// no reason to find out which answers a change concerns, and a chance to get that wrong.
    pub(crate) fn forget_all(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

impl Identity {
    /// Says that sessions, accounts or grants changed, after the change was committed.
    pub(crate) fn changed(&self) {
        self.recent.forget_all();
    }

    /// Somebody's access to a tenant, from stored grants.
    pub(crate) fn access(
        &self,
        tenant: TenantId,
        slug: Slug,
        grants: &[Grant],
        identity: IdentityId,
    ) -> Access {
        let grants = self.roles.granted(grants, identity);
        Access {
            tenant,
            slug,
            state: gantry_db::TenantState::Active,
            grants,
        }
    }

    async fn find(&self, session: SessionId, tenant: Option<&str>) -> Result<Looked, Error> {
        // What is neither an id nor a slug names no tenant; it is not worth remembering either.
        let tenant =
            tenant.filter(|text| text.parse::<TenantId>().is_ok() || text.parse::<Slug>().is_ok());
        let key: Key = (session, tenant.map(str::to_owned));
        let now = self.kernel.clock.monotonic();
        // Taken before the read: a change that commits meanwhile makes the answer stale at once.
        let generation = self.recent.generation.load(Ordering::Acquire);
        if let Some(known) = self.recent.answers.get(&key)
            && known.generation == generation
            && now.saturating_sub(known.at) < KEPT
        {
            return Ok(Looked {
                found: known.found,
                fresh: false,
            });
        }
        let tenant = tenant.map(str::to_owned);
        let found = self
            .control
            .read(async move |tx| store::find(tx, session, tenant.as_deref()).await)
            .await?
            .ok_or(Error::SessionEnded)?;
        let found = std::sync::Arc::new(found);
        if found.is_alive(self.kernel.now()) {
            let answer = Answer {
                found: std::sync::Arc::clone(&found),
                at: now,
                generation,
            };
            self.recent.answers.insert(key, answer);
        }
        Ok(Looked { found, fresh: true })
    }

    /// Writes down that a session is in use. That this fails must not refuse the request; a database that
    /// cannot write will be reported by what needs it to.
    async fn touch(&self, found: &Found) {
        let now = self.kernel.now();
        if now - found.last_seen_at < TOUCH_AFTER {
            return;
        }
        let (session, idle) = (found.session, now + self.config.session_idle.get());
        let noted = self
            .control
            .write(async move |tx| session::store::touch(tx, session, idle).await)
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the last use of a session could not be noted");
        }
    }

    async fn recognise(
        &self,
        credentials: Credentials<'_>,
        tenant: Option<&str>,
    ) -> Result<Identified, Error> {
        let (looked, via) = match credentials {
            Credentials::Bearer(token) => {
                let verified = self
                    .access_tokens
                    .verify(token)
                    .await
                    .inspect_err(|error| {
                        if let TokenError::Refused(reason) = error {
                            tracing::debug!(reason, "access token refused");
                        }
                    })?;
                let looked = self.find(verified.session, tenant).await?;
                let found = &looked.found;
                if found.identity != verified.identity || found.secret_hash.is_some() {
                    return Err(Error::SessionEnded);
                }
                (looked, Via::Bearer)
            }
            Credentials::Cookie(text) => {
                let value = CookieValue::parse(text).ok_or(Error::SessionEnded)?;
                let looked = self.find(value.session, tenant).await?;
                let found = &looked.found;
                let secret = found.secret_hash.as_deref().ok_or(Error::SessionEnded)?;
                if !crypto::constant_time_eq(secret, &value.hash()) {
                    return Err(Error::SessionEnded);
                }
                (looked, Via::Cookie)
            }
        };
        let Looked { found, fresh } = looked;
        if !found.is_alive(self.kernel.now()) {
            return Err(Error::SessionEnded);
        }
        // Only now: whoever merely knows a session's id must not keep it alive.
        if fresh {
            self.touch(&found).await;
        }
        let principal = Principal {
            identity: found.identity,
            session: found.session,
            via,
            platform: self
                .roles
                .platform(found.platform.iter().map(String::as_str)),
        };
        let access = found.tenant.as_ref().map(|tenant| Access {
            tenant: tenant.id,
            slug: tenant.slug.clone(),
            state: tenant.state,
            grants: self.roles.granted(&tenant.grants, found.identity),
        });
        Ok(Identified { principal, access })
    }
}

impl Authority for Identity {
    fn identify<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        async move {
            self.recognise(credentials, tenant)
                .await
                .map_err(Problem::from)
        }
        .boxed()
    }

    fn csrf_ok(&self, principal: &Principal, token: &str) -> bool {
        self.csrf.fits(principal.session, token)
    }
}
