//! What guessing costs a network address: a few failures are earned back with time; who uses them up waits
//! 1, 5, 15, then 60 minutes, and each time a fifth of the allowance leads to the next wait.
//!
//! Only strangers count and wait. People behind the address who are signed in, or whose device signed in before,
//! are neither counted nor delayed, so a school behind one address works while somebody there guesses. A success
//! forgives nothing: whoever guesses has an account of their own too, and would sign in to it in between.
//!
//! The counts are rows in control, not process memory: they hold on all nodes and across a restart, and
//! a failure writes anyway.

use std::time::Duration;

use gantry_db::{DbError, Tx};
use gantry_http::Quota;
use gantry_kernel::Timestamp;

use super::lockout::{self, FORGET_AFTER, Lockout};

/// Counts a failure from the address behind `counter`.
pub(crate) async fn fail(tx: &mut Tx, counter: &[u8; 32], quota: Quota) -> Result<(), DbError> {
    let now = tx.now();
    let known = lockout::row(tx, counter).await?;
    let next = after_failure(known, now, quota);
    lockout::put(tx, counter, None, &next).await
}

/// The row after one more failure: a leaky bucket whose overflow is a wait. `updated_at` is the instant up to
/// which the bucket has leaked.
fn after_failure(known: Option<Lockout>, now: Timestamp, quota: Quota) -> Lockout {
    let allowance = i64::from(quota.limit());
    let known = known.unwrap_or(Lockout {
        failures: 0,
        level: 0,
        locked_until: None,
        updated_at: now,
    });
    let interval = (quota.period() / quota.limit()).max(Duration::from_micros(1));
    let leaked = (now - known.updated_at).as_micros() / interval.as_micros();
    let leaked = u32::try_from(leaked).unwrap_or(u32::MAX);
    let (left, updated_at) = match known.failures - i64::from(leaked) {
        left if left > 0 => (left, known.updated_at + interval * leaked),
        _ => (0, now),
    };
    let recent = known
        .locked_until
        .filter(|until| now - *until < FORGET_AFTER);
    let mut next = Lockout {
        failures: left + 1,
        level: if recent.is_some() { known.level } else { 0 },
        locked_until: recent,
        updated_at,
    };
    let waiting = recent.is_some_and(|until| until > now);
    if next.failures >= allowance && !waiting {
        let minutes = lockout::minutes(next.level);
        next.locked_until = Some(now + Duration::from_secs(minutes * 60));
        next.level += 1;
        next.failures = allowance - (allowance / 5).max(1);
    }
    // What is under way while the wait begins must not be saved up for a longer one.
    next.failures = next.failures.min(allowance);
    next
}

#[cfg(test)]
mod tests {
    use gantry_kernel::Period;
    use proptest::prelude::*;

    use super::*;

    fn quota() -> Quota {
        Quota::new(50, Period::minutes(15))
    }

    /// Fails `times`, `gap` apart, waiting out every lock; answers the lengths of the locks in minutes.
    fn waits(times: usize, gap: Duration) -> Vec<u64> {
        let (mut now, mut row, mut waits) = (Timestamp::from_micros(0), None, Vec::new());
        for _ in 0..times {
            let next = after_failure(row, now, quota());
            if let Some(until) = next.locked_until.filter(|until| *until > now) {
                waits.push((until - now).as_secs() / 60);
                now = until;
            }
            row = Some(next);
            now = now + gap;
        }
        waits
    }

    #[test]
    fn the_waits_grow() {
        assert_eq!(waits(49, Duration::ZERO), [0; 0]);
        assert_eq!(waits(50, Duration::ZERO), [1]);
        // After each wait some of the allowance was earned back, at one failure in 18 seconds.
        assert_eq!(waits(50 + 12, Duration::ZERO), [1]);
        assert_eq!(waits(50 + 13, Duration::ZERO), [1, 5]);
        let all = waits(2_000, Duration::ZERO);
        assert_eq!(all[..5], [1, 5, 15, 60, 60]);
    }

    #[test]
    fn a_busy_address_that_stays_below_the_rate_never_waits() {
        assert_eq!(waits(10_000, Duration::from_secs(18)), [0; 0]);
        assert!(!waits(1_000, Duration::from_secs(17)).is_empty());
    }

    fn row(failures: i64, updated_at: Timestamp, locked_until: Option<Timestamp>) -> Lockout {
        Lockout {
            failures,
            level: 1,
            locked_until,
            updated_at,
        }
    }

    /// Time in which nothing was left to leak is not saved up.
    #[test]
    fn an_empty_bucket_begins_anew() {
        let then = Timestamp::from_micros(0);
        // One failure in 18 seconds leaks away.
        let now = then + Duration::from_secs(45);
        for failures in [1, 2] {
            let next = after_failure(Some(row(failures, then, None)), now, quota());
            assert_eq!((next.failures, next.updated_at), (1, now));
        }
        let next = after_failure(Some(row(3, then, None)), now, quota());
        let leaked = then + Duration::from_secs(36);
        assert_eq!((next.failures, next.updated_at), (2, leaked));
    }

    #[test]
    fn failures_during_a_wait_do_not_lengthen_it() {
        let now = Timestamp::from_micros(1_000_000_000);
        let until = now + Duration::from_secs(30);
        let next = after_failure(Some(row(49, now, Some(until))), now, quota());
        assert_eq!((next.locked_until, next.level), (Some(until), 1));
        let next = after_failure(Some(row(49, now, Some(now))), now, quota());
        assert_eq!((next.level, next.locked_until > Some(now)), (2, true));
    }

    #[test]
    fn a_wait_is_forgotten_in_time() {
        let until = Timestamp::from_micros(0);
        for (passed, level) in [
            (FORGET_AFTER.saturating_sub(Duration::from_micros(1)), 1),
            (FORGET_AFTER, 0),
        ] {
            let next = after_failure(Some(row(0, until, Some(until))), until + passed, quota());
            assert_eq!(next.level, level, "{passed:?}");
        }
    }

    proptest! {
        /// Whatever the rhythm, failures within any quarter of an hour stay within twice the allowance.
        #[test]
        fn the_rate_is_bounded(gaps in proptest::collection::vec(0_u64..40_000, 1..400)) {
            let (mut now, mut row) = (Timestamp::from_micros(0), None);
            let mut at: Vec<Timestamp> = Vec::new();
            for gap in gaps {
                now = now + Duration::from_millis(gap);
                if row.as_ref().and_then(|row: &Lockout| row.locked_until).is_some_and(|until| until > now) {
                    continue;
                }
                row = Some(after_failure(row, now, quota()));
                at.push(now);
                let window = at.iter().filter(|then| now - **then < quota().period()).count();
                prop_assert!(window <= 100, "{window} failures in 15 minutes");
            }
        }
    }
}
