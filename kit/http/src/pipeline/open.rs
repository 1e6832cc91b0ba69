//! What a route whose answer goes on needs besides: a place among the open streams, and what to ask again.

use std::sync::Arc;

use http::HeaderMap;

use super::Inner;
use super::guard::credentials;
use super::head::Trail;
use crate::problem::Failure;
use crate::route::{Caller, Endpoint};
use crate::stream::{Slot, Watched};

impl Inner {
    /// `None` for routes that answer at once. Errors: as many streams are open as may be.
    pub(super) fn open(
        &self,
        trail: &Trail,
        endpoint: &Arc<Endpoint>,
        headers: &HeaderMap,
        caller: &Caller,
    ) -> Result<Option<(Watched, Slot)>, Failure> {
        let Caller::Member(member) = caller else {
            return Ok(None);
        };
        if !endpoint.options.stream {
            return Ok(None);
        }
        let slot = self.slots.take(member.principal.identity)?;
        let Some(presented) = credentials(headers)? else {
            return Ok(None);
        };
        let watched = Watched {
            authority: Arc::clone(&self.authority),
            health: self.health.clone(),
            endpoint: Arc::clone(endpoint),
            presented: presented.into(),
            from: trail.ip,
            heartbeat: self.settings.raw.event_stream_heartbeat.get(),
        };
        Ok(Some((watched, slot)))
    }
}
