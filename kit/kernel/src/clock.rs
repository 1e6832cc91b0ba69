//! Time as a parameter: what a test must be able to hold still, move and turn back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Timestamp;

/// Where time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Wall time. May jump in either direction when somebody sets the machine's clock.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start. Never runs backwards: use it for every wait and timeout inside one process.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clock.
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's wall clock"
    )]
    fn now(&self) -> Timestamp {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => {
                Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Err(before) => Timestamp::from_micros(
                i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
            ),
        }
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that stands still until a test moves it. Clones share the same time.
#[derive(Clone)]
pub struct ManualClock {
    times: Arc<Mutex<(Timestamp, Duration)>>,
}

impl ManualClock {
    /// A clock standing at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            times: Arc::new(Mutex::new((now, Duration::ZERO))),
        }
    }

    /// Lets wall and monotonic time pass.
    pub fn advance(&self, by: Duration) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.0 = times.0 + by;
        times.1 += by;
    }

    /// Sets the wall clock, as an administrator or a time server would; monotonic time does not move.
    pub fn set_wall(&self, now: Timestamp) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).0 = now;
    }
}

impl Default for ManualClock {
    /// 2026-01-05T09:00:00Z, a Monday.
    fn default() -> Self {
        Self::at(Timestamp::from_micros(1_767_603_600_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn monotonic(&self) -> Duration {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_the_wall_clock_back_leaves_monotonic_time_alone() {
        let clock = ManualClock::default();
        let start = clock.now();
        clock.advance(Duration::from_secs(10));
        clock.set_wall(start);
        assert_eq!(clock.now(), start);
        assert_eq!(clock.monotonic(), Duration::from_secs(10));
    }

    #[test]
    fn the_system_clock_is_after_the_day_this_was_written() {
        assert!(SystemClock::start().now() > Timestamp::from_micros(1_763_000_000_000_000));
    }
}
