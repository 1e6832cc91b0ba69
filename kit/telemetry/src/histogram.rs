//! How long things took, in buckets: two additions without a lock for each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Durations by bucket. The bounds are nanoseconds in ascending order; beyond the last is one bucket more.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Nothing yet.
    pub fn new(bounds: &'static [u64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = self
            .bounds
            .iter()
            .position(|bound| nanos <= *bound)
            .unwrap_or(self.bounds.len());
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(nanos, Ordering::Relaxed);
    }

    /// What was counted so far. Taken while others count, it may lack what they are just adding.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            bounds: self.bounds,
            counts: self
                .counts
                .iter()
                .map(|count| count.load(Ordering::Relaxed))
                .collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// A histogram at one moment, or the difference of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub(crate) bounds: &'static [u64],
    pub(crate) counts: Vec<u64>,
    pub(crate) sum: u64,
}

impl Snapshot {
    /// Nothing counted.
    pub fn empty(bounds: &'static [u64]) -> Self {
        Self {
            bounds,
            counts: vec![0; bounds.len() + 1],
            sum: 0,
        }
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The total, in seconds.
    pub fn seconds(&self) -> f64 {
        seconds(self.sum)
    }

    /// The mean in seconds; `None` when nothing was counted.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        #[expect(clippy::cast_precision_loss, reason = "a mean is no exact number")]
        (count > 0).then(|| self.seconds() / count as f64)
    }

    /// Below which value, in seconds, a share of all lies: estimated, as if those in a bucket were spread
    /// evenly over it. What lies beyond the last bound counts as the last bound. `None` when nothing was counted.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate is no exact number")]
        let wanted = share.clamp(0.0, 1.0) * count as f64;
        let (mut below, mut lower) = (0.0, 0);
        for (bound, inside) in self.bounds.iter().zip(&self.counts) {
            #[expect(clippy::cast_precision_loss, reason = "an estimate is no exact number")]
            let inside = *inside as f64;
            if inside > 0.0 && below + inside >= wanted {
                let part = ((wanted - below) / inside).clamp(0.0, 1.0);
                return Some(seconds(lower) + part * (seconds(*bound) - seconds(lower)));
            }
            below += inside;
            lower = *bound;
        }
        Some(seconds(lower))
    }

    /// What was counted since an earlier snapshot of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = self.counts.iter().enumerate();
        Self {
            bounds: self.bounds,
            counts: counts
                .map(|(at, count)| {
                    count.saturating_sub(earlier.counts.get(at).copied().unwrap_or_default())
                })
                .collect(),
            sum: self.sum.saturating_sub(earlier.sum),
        }
    }

    /// Adds another with the same bounds; one with others is left out.
    pub fn add(&mut self, other: &Self) {
        if self.bounds != other.bounds {
            return;
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum = self.sum.saturating_add(other.sum);
    }
}

pub(crate) fn seconds(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: &[u64] = &[1_000, 10_000, 100_000];

    #[test]
    fn each_is_in_its_bucket_and_in_the_sum() {
        let histogram = Histogram::new(BOUNDS);
        for nanos in [0, 1_000, 1_001, 10_000, 99_999, 100_001, 5_000_000] {
            histogram.observe(Duration::from_nanos(nanos));
        }
        let seen = histogram.snapshot();
        assert_eq!(seen.counts, [2, 2, 1, 2]);
        assert_eq!((seen.count(), seen.sum), (7, 5_212_001));
    }

    #[test]
    fn a_difference_and_a_sum_are_exact() {
        let histogram = Histogram::new(BOUNDS);
        histogram.observe(Duration::from_nanos(5));
        let before = histogram.snapshot();
        histogram.observe(Duration::from_micros(50));
        let since = histogram.snapshot().since(&before);
        assert_eq!(
            (since.counts.as_slice(), since.sum),
            (&[0, 0, 1, 0][..], 50_000)
        );
        let mut all = before;
        all.add(&since);
        assert_eq!(all, histogram.snapshot());
        assert_eq!(Snapshot::empty(BOUNDS).quantile(0.5), None);
        assert_eq!(Snapshot::empty(BOUNDS).mean(), None);
    }

    proptest! {
        /// The estimate lies in the bucket of the true value.
        #[test]
        fn a_quantile_is_in_the_right_bucket(mut values in prop::collection::vec(0_u64..90_000, 1..200), share in 0.01_f64..1.0) {
            let histogram = Histogram::new(BOUNDS);
            for value in &values {
                histogram.observe(Duration::from_nanos(*value));
            }
            values.sort_unstable();
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]
            let at = ((share * values.len() as f64).ceil() as usize).clamp(1, values.len()) - 1;
            let truth = values[at];
            let bucket = |nanos: f64| BOUNDS.iter().position(|bound| nanos <= seconds(*bound) * 1.000_001).unwrap();
            let estimate = histogram.snapshot().quantile(share).unwrap();
            let (truth, estimate) = (bucket(seconds(truth)), bucket(estimate));
            prop_assert!(truth == estimate, "{truth} {estimate}");
        }
    }
}
