//! How long answers took: all of them are kept, so that percentiles are not estimates.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) worst: u64,
}

impl Latency {
    pub(crate) fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        // The least value that so many in a hundred do not exceed.
        let at = |percent: usize| {
            let rank = (all.len() * percent).div_ceil(100);
            let found = all.get(rank.saturating_sub(1)).copied();
            u64::try_from(found.unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
        };
        Self {
            p50: at(50),
            p99: at(99),
            worst: at(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let all = (1..=200).rev().map(Duration::from_micros).collect();
        let latency = Latency::of(all);
        assert_eq!((latency.p50, latency.p99, latency.worst), (100, 198, 200));
        let one = Latency::of(vec![Duration::from_millis(3)]);
        assert_eq!((one.p50, one.p99, one.worst), (3000, 3000, 3000));
        assert_eq!(Latency::of(Vec::new()).p99, 0);
    }
}
