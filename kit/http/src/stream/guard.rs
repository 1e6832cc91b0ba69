//! Whether the caller of an open stream may still read.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gantry_kernel::{Problem, Secret, TenantId};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{RECHECK, Slot};
use crate::authority::{Access, Authority, Credentials, Principal};
use crate::health::Health;
use crate::pipeline::entitle;
use crate::route::Endpoint;

/// What the pipeline knows of the request that began a stream.
pub(crate) struct Watched {
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) health: Health,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) presented: Presented,
    pub(crate) from: Option<IpAddr>,
    /// How long the stream may be silent.
    pub(crate) heartbeat: Duration,
}

/// Credentials that outlive their request.
pub(crate) enum Presented {
    Bearer(Secret<String>),
    Cookie(Secret<String>),
}

impl From<Credentials<'_>> for Presented {
    fn from(credentials: Credentials<'_>) -> Self {
        match credentials {
            Credentials::Bearer(text) => Self::Bearer(Secret::new(text.to_owned())),
            Credentials::Cookie(text) => Self::Cookie(Secret::new(text.to_owned())),
        }
    }
}

impl Presented {
    fn credentials(&self) -> Credentials<'_> {
        match self {
            Self::Bearer(text) => Credentials::Bearer(text.expose()),
            Self::Cookie(text) => Credentials::Cookie(text.expose()),
        }
    }
}

/// The caller of a stream, as they were last seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Who it is.
    pub principal: Principal,
    /// What they may do in the tenant.
    pub access: Access,
}

/// Keeps a stream as good as a read made now. It belongs to the stream and holds its place among the open ones.
pub struct StreamGuard {
    watched: Watched,
    tenant: TenantId,
    seen: Seen,
    checked: Instant,
    /// Anything of access changed in this process.
    changes: watch::Receiver<u64>,
    draining: watch::Receiver<bool>,
    _slot: Slot,
}

impl StreamGuard {
    pub(crate) fn new(watched: Watched, seen: Seen, slot: Slot) -> Self {
        let mut changes = watched.authority.changes();
        changes.mark_changed();
        Self {
            tenant: seen.access.tenant,
            changes,
            draining: watched.health.watch(),
            // The body of the request and much else came in between.
            checked: Instant::now(),
            watched,
            seen,
            _slot: slot,
        }
    }

    /// When a stream that has just said something must say something again.
    pub(super) fn next_beat(&self) -> Instant {
        Instant::now() + self.watched.heartbeat
    }

    /// Whether the server is stopping.
    pub(super) fn draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Looks at the caller if that was longer ago than [`RECHECK`] or before the last change in this process. Errors: what
    /// a request would now be refused with.
    pub(super) async fn check(&mut self) -> Result<(), Problem> {
        let changed = self.changes.has_changed().unwrap_or(false);
        if changed || self.checked.elapsed() >= RECHECK {
            self.look().await?;
        }
        Ok(())
    }

    /// The caller, looked up now. Errors as those of [`StreamGuard::check`].
    pub(super) async fn look(&mut self) -> Result<&Seen, Problem> {
        // Before the question: what changes meanwhile is asked about again.
        self.changes.mark_unchanged();
        let asked = Instant::now();
        self.seen = self.ask().await?;
        self.checked = asked;
        Ok(&self.seen)
    }

    /// When to look again if nothing happens.
    pub(super) fn next_check(&self) -> Instant {
        self.checked + RECHECK
    }

    /// Waits until access changes in this process or the server stops.
    pub(super) async fn disturbed(&mut self) {
        let Self {
            changes, draining, ..
        } = self;
        tokio::select! {
            () = stirred(changes) => {}
            () = stirred(draining) => {}
        }
    }

    async fn ask(&self) -> Result<Seen, Problem> {
        let Watched {
            authority,
            endpoint,
            presented,
            from,
            ..
        } = &self.watched;
        // By its id: a tenant that is given another name is still the same.
        let tenant = self.tenant.to_string();
        let found = authority
            .recheck(presented.credentials(), Some(&tenant), *from)
            .await?;
        let (principal, access, _) = entitle(endpoint, found).map_err(|failure| failure.problem)?;
        Ok(Seen { principal, access })
    }
}

/// Completes with the next change, leaving it to be seen. One who can tell of no change any more says nothing.
async fn stirred<T>(what: &mut watch::Receiver<T>) {
    if what.changed().await.is_ok() {
        what.mark_changed();
    } else {
        std::future::pending::<()>().await;
    }
}

impl std::fmt::Debug for StreamGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamGuard")
            .field("tenant", &self.tenant)
            .field("identity", &self.seen.principal.identity)
            .finish_non_exhaustive()
    }
}
