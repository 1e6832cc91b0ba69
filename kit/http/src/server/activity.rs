//! What a connection is doing, and until when it may go on so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::HttpConfig;
use crate::output::Watch;

/// How an HTTP/2 connection begins (RFC 9113, section 3.4); no method begins so.
const PREFACE: &[u8] = b"PRI";
/// No head is being sent.
const NONE: u64 = u64::MAX;

/// What a connection is doing.
pub(super) struct Activity {
    born: Instant,
    requests: AtomicUsize,
    http2: AtomicBool,
    /// Requests whose reply is not handed over yet.
    in_flight: AtomicUsize,
    /// Those of them that are not answered yet.
    working: AtomicUsize,
    /// When a request last began, was answered, or had a piece of its reply taken.
    moved_ms: AtomicU64,
    /// When the first byte of the head that is being sent came.
    head_ms: AtomicU64,
}

/// Counts a request until its reply is handed over, also when it is dropped half way.
pub(super) struct InFlight(Arc<Activity>);

/// Counts a request until it is answered.
pub(super) struct Working(Arc<Activity>);

/// How long a connection may go without what is expected of it.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
    pub(super) linger: Duration,
}

/// What the server wants of a connection, and since when.
#[derive(Clone, Copy, Default)]
pub(super) struct Wish {
    /// The server is closing: the connection gets one more chance to ask.
    pub(super) closing: Option<Instant>,
    /// The connection was told to end once everything is handed over.
    pub(super) told: Option<Instant>,
}

impl Limits {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Self {
            head: config.header_timeout.get(),
            idle: config.idle_timeout.get(),
            write: config.write_timeout.get(),
            linger: config.drain_linger.get(),
        }
    }

    /// Things begin and end without waking whoever watches; looking again after this time misses no deadline, as none
    /// is nearer to what it counts from.
    pub(super) fn shortest(&self, stopping: bool) -> Duration {
        let shortest = self.head.min(self.idle).min(self.write);
        if stopping {
            // Nobody gains by an end more exact than this.
            shortest.min(self.linger).max(Duration::from_millis(10))
        } else {
            shortest
        }
    }
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            born: Instant::now(),
            requests: AtomicUsize::new(0),
            http2: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            moved_ms: AtomicU64::new(0),
            head_ms: AtomicU64::new(NONE),
        }
    }

    pub(super) fn begin(self: &Arc<Self>, http2: bool) -> (InFlight, Working) {
        self.http2.store(http2, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.working.fetch_add(1, Ordering::Relaxed);
        self.head_ms.store(NONE, Ordering::Relaxed);
        self.touch();
        (InFlight(Arc::clone(self)), Working(Arc::clone(self)))
    }

    /// The client sent something. On HTTP/1.1 this begins a head, unless it is the body of a request; frames of HTTP/2
    /// mean much else.
    pub(super) fn heard(&self, bytes: &[u8]) {
        let fresh = self.fresh();
        if self.http2()
            || self.in_flight.load(Ordering::Relaxed) > 0
            || (fresh && bytes.starts_with(PREFACE))
            || self.hearing()
        {
            return;
        }
        self.head_ms.store(self.age_ms(), Ordering::Relaxed);
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(NONE - 1)
    }

    fn touch(&self) {
        self.moved_ms.store(self.age_ms(), Ordering::Relaxed);
    }

    /// Nothing was asked yet.
    fn fresh(&self) -> bool {
        self.requests.load(Ordering::Relaxed) == 0
    }

    /// Asked before, over HTTP/2.
    pub(super) fn http2(&self) -> bool {
        self.http2.load(Ordering::Relaxed)
    }

    /// In the middle of a head.
    pub(super) fn hearing(&self) -> bool {
        self.head_ms.load(Ordering::Relaxed) != NONE
    }

    /// Asked before, and everything was handed over.
    pub(super) fn resting(&self) -> bool {
        !self.fresh() && self.in_flight.load(Ordering::Relaxed) == 0
    }

    /// When to give up on the connection, as things stand; `None` while a request is worked on, which has limits of its
    /// own. A client may wait long between requests, but not long with a head, nor with taking a reply: an HTTP/2
    /// client that opens no window makes nothing stall on the socket. What was handed over may still lie in hyper's
    /// buffers, so a connection told to end is given the same time, if it ever asked. While the server is closing, a request may be on
    /// its way to a connection that looks idle: it is waited for, but not long.
    pub(super) fn deadline(&self, limits: Limits, wish: Wish) -> Option<Instant> {
        if self.working.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let at = |ms: &AtomicU64| self.born + Duration::from_millis(ms.load(Ordering::Relaxed));
        let moved = at(&self.moved_ms);
        if !self.fresh() && !self.resting() {
            return Some(moved + limits.write);
        }
        if let Some(since) = wish.told {
            let patience = if self.fresh() {
                limits.linger
            } else {
                limits.write
            };
            return Some(moved.max(since) + patience);
        }
        let usual = if self.fresh() {
            self.born + limits.head
        } else if self.hearing() {
            at(&self.head_ms) + limits.head
        } else {
            moved + limits.idle
        };
        Some(match wish.closing {
            Some(since) if !self.hearing() => usual.min(moved.max(since) + limits.linger),
            _ => usual,
        })
    }
}

impl Watch for InFlight {
    fn moved(&self) {
        self.0.touch();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.touch();
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}
