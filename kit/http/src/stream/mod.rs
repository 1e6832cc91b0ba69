//! Replies that go on: server-sent events (WHATWG HTML, section 9.2) to a member of a tenant.
//!
//! A stream is authorised like a read, again and again: what is handed over was read before the caller's access was, and
//! while nothing happens that is looked at every [`RECHECK`] and at once when it changes within this process. A stream
//! whose caller may no longer read ends with a last event `end` that says why. A client that reconnects is then refused like any other
//! request, which makes a browser's `EventSource` give up.
//!
//! Nothing gathers for a client that is slow to take it: the next piece is made when there is room for it. One that takes
//! nothing at all is cut by the connection's own limits.

mod frame;
mod guard;
mod reply;
mod slots;

pub use frame::Message;
pub(crate) use guard::Watched;
pub use guard::{Seen, StreamGuard};
pub use reply::{EventSource, EventStream};
pub(crate) use slots::{Slot, Slots};

use std::time::Duration;

/// How often the caller of a silent stream is looked at: often enough that a revocation holds within a second.
pub(crate) const RECHECK: Duration = Duration::from_millis(400);
/// How long a client is asked to wait before it comes back.
const RETRY: Duration = Duration::from_secs(2);
