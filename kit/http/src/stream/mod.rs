//! Replies that go on: server-sent events (WHATWG HTML, section 9.2) to a member of a tenant.
//!
//! A stream is authorised like a read, again and again: before anything is handed over, the caller's access is at most
//! [`RECHECK`] old, and within this process a change of access is noticed at once. A stream whose caller may no longer
//! read ends with a last event `end` that says why. A client that reconnects is then refused like any other
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

/// How old the caller's access may be when something is handed over, besides the half second that an answer is kept
/// elsewhere: together they stay below the second in which a revocation holds.
pub(crate) const RECHECK: Duration = Duration::from_millis(400);
/// How long a client is asked to wait before it comes back.
const RETRY: Duration = Duration::from_secs(2);
