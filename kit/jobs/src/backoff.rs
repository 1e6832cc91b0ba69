//! How long to wait before the next attempt.

use std::time::Duration;

use gantry_kernel::Kernel;

/// Exponential backoff with equal jitter: half of the wait is certain, half is drawn, so that jobs
/// that failed together do not come back together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(2),
            cap: Duration::from_hours(1),
        }
    }
}

impl Backoff {
    /// The wait after the given attempt, counted from 1: between half of and the whole of
    /// `base * 2^(attempt - 1)`, at most `cap`.
    pub(crate) fn after(self, attempt: u32, kernel: &Kernel) -> Duration {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let whole = self.base.saturating_mul(factor).min(self.cap);
        let half = whole / 2;
        let drawn = kernel.below(u64::try_from(half.as_micros()).unwrap_or(u64::MAX));
        half + Duration::from_micros(drawn)
    }
}

#[cfg(test)]
mod tests {
    use gantry_kernel::ManualClock;

    use super::*;

    #[test]
    fn doubles_within_its_jitter_and_stops_at_the_cap() {
        let kernel = Kernel::manual(&ManualClock::default(), 7);
        let backoff = Backoff::default();
        for (attempt, whole) in [
            (1, 2),
            (2, 4),
            (3, 8),
            (11, 2_048),
            (12, 3_600),
            (60, 3_600),
        ] {
            for _ in 0..50 {
                let wait = backoff.after(attempt, &kernel);
                assert!(
                    wait >= Duration::from_secs(whole) / 2,
                    "{attempt}: {wait:?}"
                );
                assert!(wait <= Duration::from_secs(whole), "{attempt}: {wait:?}");
            }
        }
        let first = backoff.after(5, &kernel);
        assert!((0..20).any(|_| backoff.after(5, &kernel) != first));
    }
}
