//! Who is calling, answered for every request: one joined read, kept for at most half a second.
//!
//! A session that was ended, an account that was disabled, a role that was taken away stop working within a
//! second in every process, access tokens included: the token only says which session to look
//! up. In this process they stop at once, because every change here drops what is kept.

mod key;
mod store;

use std::collections::BTreeSet;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_http::{Access, Authority, Credentials, Identified, Principal, Session, Standing, Via};
use gantry_kernel::{ApiKeyId, Problem, SessionId, Slug, TenantId, crypto};
use gantry_proofs::api_key;
use gantry_telemetry::Lookups;
use tokio::sync::watch;

use self::key::FoundKey;
use crate::service::key as stored_key;
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
    found: Arc<Found>,
    fresh: bool,
}

/// Answers that were just given.
pub(crate) struct Recent {
    answers: Generations<Key, Answer<Found>>,
    keys: Generations<ApiKeyId, Answer<FoundKey>>,
    generation: AtomicU64,
    changes: watch::Sender<u64>,
    pub(crate) lookups: Arc<Lookups>,
}

struct Answer<T> {
    found: Arc<T>,
    at: Duration,
    generation: u64,
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self {
            found: Arc::clone(&self.found),
            ..*self
        }
    }
}

/// Why somebody is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// A request, which is a use of the session or key.
    Request,
    /// A stream that is open. It is answered from now, and the answer is not kept: the next request must read, to note
    /// that it is a use.
    Recheck,
}

/// When a question was asked.
#[derive(Clone, Copy)]
struct Asked {
    at: Duration,
    /// Taken before the read: a change that commits meanwhile makes the answer stale at once.
    generation: u64,
}

impl Asked {
    /// An answer that was given just now.
    fn look<K: Hash + Eq + Clone, T>(
        self,
        answers: &Generations<K, Answer<T>>,
        key: &K,
    ) -> Option<Arc<T>> {
        let known = answers.get(key)?;
        let good = known.generation == self.generation && self.at.saturating_sub(known.at) < KEPT;
        good.then_some(known.found)
    }

    fn keep<K: Hash + Eq + Clone, T>(
        self,
        answers: &Generations<K, Answer<T>>,
        key: K,
        found: &Arc<T>,
    ) {
        let answer = Answer {
            found: Arc::clone(found),
            at: self.at,
            generation: self.generation,
        };
        answers.insert(key, answer);
    }
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self {
            answers: Generations::new(REMEMBERED),
            keys: Generations::new(REMEMBERED),
            generation: AtomicU64::new(0),
            changes: watch::Sender::default(),
            lookups: Lookups::new("access"),
        }
    }

    /// Makes every kept answer stale. Changes of access are rare and a read costs microseconds, so there is
    /// no reason to find out which answers a change concerns, and a chance to get that wrong.
    pub(crate) fn forget_all(&self) {
        let before = self.generation.fetch_add(1, Ordering::AcqRel);
        self.changes.send_replace(before.wrapping_add(1));
    }
}

impl Identity {
    /// Says that sessions, accounts or grants changed, after the change was committed.
    pub(crate) fn changed(&self) {
        self.recent.forget_all();
    }

    fn ask(&self) -> Asked {
        Asked {
            at: self.kernel.clock.monotonic(),
            generation: self.recent.generation.load(Ordering::Acquire),
        }
    }

    async fn find(
        &self,
        session: SessionId,
        tenant: Option<&str>,
        occasion: Occasion,
    ) -> Result<Looked, Error> {
        // What is neither an id nor a slug names no tenant; it is not worth remembering either.
        let tenant =
            tenant.filter(|text| text.parse::<TenantId>().is_ok() || text.parse::<Slug>().is_ok());
        let key: Key = (session, tenant.map(str::to_owned));
        let asked = self.ask();
        let request = occasion == Occasion::Request;
        if request {
            let known = asked.look(&self.recent.answers, &key);
            self.recent.lookups.count(known.is_some());
            if let Some(found) = known {
                return Ok(Looked {
                    found,
                    fresh: false,
                });
            }
        }
        let tenant = tenant.map(str::to_owned);
        let found = self
            .control
            .read(async move |tx| store::find(tx, session, tenant.as_deref()).await)
            .await?
            .ok_or(Error::SessionEnded)?;
        let found = Arc::new(found.resolve(&self.roles));
        if request && found.is_alive(self.kernel.now()) {
            asked.keep(&self.recent.answers, key, &found);
        }
        Ok(Looked {
            found,
            fresh: request,
        })
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

    /// What is known of a key, and when it was asked for if it was read just now.
    async fn find_key(
        &self,
        id: ApiKeyId,
        occasion: Occasion,
    ) -> Result<(Arc<FoundKey>, Option<Asked>), Error> {
        let asked = self.ask();
        if occasion == Occasion::Request {
            let known = asked.look(&self.recent.keys, &id);
            self.recent.lookups.count(known.is_some());
            if let Some(found) = known {
                return Ok((found, None));
            }
        }
        let stored = self
            .control
            .read(async move |tx| key::find(tx, id).await)
            .await?;
        let found = stored.resolve(&self.roles).ok_or(Error::KeyRefused)?;
        Ok((Arc::new(found), Some(asked)))
    }

    /// Writes down that a key is in use; see [`Identity::touch`].
    async fn touch_key(&self, id: ApiKeyId, found: &FoundKey, from: Option<IpAddr>) {
        let now = self.kernel.now();
        if found.last_used_at.is_some_and(|at| now - at < TOUCH_AFTER) {
            return;
        }
        let noted = self
            .control
            .write(async move |tx| stored_key::store::touch(tx, id, from).await)
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the last use of a key could not be noted");
        }
    }

    async fn recognise_key(
        &self,
        text: &str,
        tenant: Option<&str>,
        from: Option<IpAddr>,
        occasion: Occasion,
    ) -> Result<Identified, Error> {
        let claim = api_key::parse(text).ok_or(Error::KeyRefused)?;
        let (found, read) = self.find_key(claim.id, occasion).await?;
        let genuine = crypto::constant_time_eq(&found.hash, &claim.hash);
        if !genuine || !found.is_alive(self.kernel.now()) {
            return Err(Error::KeyRefused);
        }
        if !found.admits(from) {
            tracing::warn!(key = %claim.id, "a key was used from a network it is not bound to");
            return Err(Error::KeyElsewhere);
        }
        // Only now: whoever merely knows a key's id must not hide that it is in use.
        if let Some(asked) = read.filter(|_| occasion == Occasion::Request) {
            asked.keep(&self.recent.keys, claim.id, &found);
            self.touch_key(claim.id, &found, from).await;
        }
        Ok(Identified {
            principal: Principal {
                identity: found.service,
                standing: Standing::Key(claim.id),
                via: Via::Bearer,
                platform: BTreeSet::new(),
            },
            access: tenant.and_then(|asked| found.access_to(asked)),
            second_factor_only: false,
        })
    }

    async fn recognise(
        &self,
        credentials: Credentials<'_>,
        tenant: Option<&str>,
        from: Option<IpAddr>,
        occasion: Occasion,
    ) -> Result<Identified, Error> {
        let (looked, via) = match credentials {
            Credentials::Bearer(text) if text.starts_with(api_key::PREFIX) => {
                return self.recognise_key(text, tenant, from, occasion).await;
            }
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
                let looked = self.find(verified.session, tenant, occasion).await?;
                let found = &looked.found;
                let same =
                    (found.identity, found.operator) == (verified.identity, verified.operator);
                if !same || found.secret_hash.is_some() {
                    return Err(Error::SessionEnded);
                }
                (looked, Via::Bearer)
            }
            Credentials::Cookie(text) => {
                let value = CookieValue::parse(text).ok_or(Error::SessionEnded)?;
                let looked = self.find(value.session, tenant, occasion).await?;
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
            standing: Standing::Session(Session {
                id: found.session,
                multi_factor: found.is_multi_factor(),
                fresh_until: found
                    .confirmed_at()
                    .map(|at| at + self.config.step_up.get()),
                operator: found.operator,
                only: found.only_tenant,
            }),
            via,
            platform: match found.only_tenant {
                // Its workspace says who somebody is, not what they are to the platform.
                Some(_) => BTreeSet::new(),
                None => self
                    .roles
                    .platform(found.platform.iter().map(String::as_str)),
            },
        };
        let membership = found.membership();
        // Staff acting as a member have proven a second factor of their own.
        let second_factor_only =
            found.operator.is_none() && membership.is_some_and(|tenant| tenant.second_factor_only);
        let access = membership.map(|tenant| Access {
            tenant: tenant.id,
            slug: tenant.slug.clone(),
            state: tenant.state,
            grants: tenant.granted.clone(),
        });
        Ok(Identified {
            principal,
            access,
            second_factor_only,
        })
    }
}

impl Authority for Identity {
    fn identify<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        from: Option<IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        async move {
            self.recognise(credentials, tenant, from, Occasion::Request)
                .await
                .map_err(Problem::from)
        }
        .boxed()
    }

    fn recheck<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        from: Option<IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        async move {
            self.recognise(credentials, tenant, from, Occasion::Recheck)
                .await
                .map_err(Problem::from)
        }
        .boxed()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.recent.changes.subscribe()
    }

    fn csrf_ok(&self, session: SessionId, token: &str) -> bool {
        self.csrf.fits(session, token)
    }
}
