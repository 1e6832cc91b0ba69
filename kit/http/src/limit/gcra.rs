//! A keyed limiter by the generic cell rate algorithm: one instant per subject, exact, no background work.
//!
//! GCRA keeps a "theoretical arrival time" that moves forward by one emission interval per request and may
//! run ahead of the clock by at most the period. It allows a burst of the whole limit, then one request per
//! interval. The store is sharded and bounded: a flood of subjects evicts idle ones first, then the least
//! loaded of a few, so that the loaded subjects, the ones being limited, stay known.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gantry_kernel::Clock;

use super::Quota;

const SHARDS: usize = 16;
/// How many neighbours are compared when a full shard must forget somebody.
const EVICTION_SAMPLE: usize = 8;

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A network address; IPv6 is counted by its /64, which is what one subscriber is given.
    Address(IpAddr),
    /// Anything else: an id, an account name, a phone number.
    Key(Box<str>),
}

/// What stands for everybody behind `ip`: IPv4 in IPv6 is plain IPv4, and of IPv6 the /64 that one subscriber is
/// given.
pub fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Subject {
    /// Counts an address; see [`subscriber`].
    pub fn address(ip: IpAddr) -> Self {
        Self::Address(subscriber(ip))
    }

    /// Counts an id or any other text.
    pub fn key(text: impl std::fmt::Display) -> Self {
        Self::Key(text.to_string().into())
    }
}

/// The outcome of asking a [`Limiter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request may go on.
    pub allowed: bool,
    /// The quota that was applied.
    pub quota: Quota,
    /// Requests that could still come at once.
    pub remaining: u32,
    /// Time until the quota is whole again.
    pub reset: Duration,
    /// When refused: time until the next request would be allowed; zero otherwise.
    pub retry_after: Duration,
}

type Shard = HashMap<(&'static str, Subject), Duration>;

/// A bounded store of counted subjects on the kernel's monotonic clock.
pub struct Limiter {
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    shard_capacity: usize,
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter")
            .field("shard_capacity", &self.shard_capacity)
            .finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limiter that remembers about `capacity` subjects.
    pub fn new(clock: Arc<dyn Clock>, capacity: usize) -> Self {
        Self {
            clock,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::new(HashMap::new())),
            shard_capacity: capacity.div_ceil(SHARDS).max(EVICTION_SAMPLE),
        }
    }

    /// Counts one request of `subject` in `class` and says whether it may go on. Refused requests are not
    /// counted, so that a client which keeps trying is not locked out for ever.
    pub fn check(&self, class: &'static str, subject: Subject, quota: Quota) -> Decision {
        self.apply(class, subject, quota, true)
    }

    /// What [`Limiter::check`] would answer, counting nothing.
    pub fn peek(&self, class: &'static str, subject: Subject, quota: Quota) -> Decision {
        self.apply(class, subject, quota, false)
    }

    /// Forgets `subject` in `class`, for example after a successful log-in.
    pub fn forget(&self, class: &'static str, subject: Subject) {
        let key = (class, subject);
        self.shard(&key)
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
    }

    /// Number of subjects remembered now.
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }

    /// Whether nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: &(&'static str, Subject)) -> &Mutex<Shard> {
        let slot = usize::try_from(self.hasher.hash_one(key) >> 32).unwrap_or(0) % SHARDS;
        &self.shards[slot]
    }

    fn apply(&self, class: &'static str, subject: Subject, quota: Quota, count: bool) -> Decision {
        let now = self.clock.monotonic();
        let (period, interval) = (quota.period(), quota.interval());
        let key = (class, subject);
        let mut shard = self
            .shard(&key)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = shard.get(&key).copied();
        let arrival = known.map_or(now, |at| at.max(now));
        let next = arrival + interval;
        let ahead = next.saturating_sub(now);
        let allowed = ahead <= period;
        if allowed && count {
            if known.is_none() && shard.len() >= self.shard_capacity {
                make_room(&mut shard, now);
            }
            shard.insert(key, next);
        }
        let used = if allowed {
            ahead
        } else {
            arrival.saturating_sub(now)
        };
        let free = period.saturating_sub(used).as_nanos() / interval.as_nanos().max(1);
        Decision {
            allowed,
            quota,
            remaining: u32::try_from(free).unwrap_or(u32::MAX).min(quota.limit()),
            reset: used,
            retry_after: ahead.saturating_sub(period),
        }
    }
}

/// Forgets an idle subject among a few neighbours, else the least loaded of them.
fn make_room(shard: &mut Shard, now: Duration) {
    let sample: Vec<_> = shard
        .iter()
        .take(EVICTION_SAMPLE)
        .map(|(key, at)| (key.clone(), *at))
        .collect();
    let mut removed = 0_usize;
    for (key, at) in &sample {
        if *at <= now {
            shard.remove(key);
            removed += 1;
        }
    }
    if removed == 0
        && let Some((key, _)) = sample.iter().min_by_key(|(_, at)| *at)
    {
        shard.remove(key);
    }
}
