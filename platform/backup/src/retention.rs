//! Which backups are kept: the newest of each of the last days, weeks and months that have one.

use std::collections::BTreeSet;

use gantry_kernel::Timestamp;
use jiff::tz::TimeZone;

/// How many days, weeks and months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Days.
    pub daily: u32,
    /// Weeks, from Monday.
    pub weekly: u32,
    /// Months.
    pub monthly: u32,
}

/// For each backup, whether it is kept. Days, weeks and months are those of UTC, and those without a
/// backup do not count: after a long pause nothing is lost. The newest backup is always kept.
pub fn keep(taken: &[Timestamp], policy: Policy) -> Vec<bool> {
    let mut order: Vec<usize> = (0..taken.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(taken[*at]));
    let mut kept = vec![false; taken.len()];
    if let Some(newest) = order.first() {
        kept[*newest] = true;
    }
    let day = |at: usize| taken[at].date_in(&TimeZone::UTC).to_jiff();
    let by_day = |at| (day(at).year(), day(at).day_of_year());
    let by_week = |at| {
        let week = day(at).iso_week_date();
        (week.year(), i16::from(week.week()))
    };
    let by_month = |at| (day(at).year(), i16::from(day(at).month()));
    newest_of(&order, policy.daily, by_day, &mut kept);
    newest_of(&order, policy.weekly, by_week, &mut kept);
    newest_of(&order, policy.monthly, by_month, &mut kept);
    kept
}

/// Keeps the newest of each of the last `most` periods.
fn newest_of(order: &[usize], most: u32, period: impl Fn(usize) -> (i16, i16), kept: &mut [bool]) {
    let mut seen = BTreeSet::new();
    for at in order {
        if seen.len() >= most as usize {
            break;
        }
        if seen.insert(period(*at)) {
            kept[*at] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: Policy = Policy {
        daily: 7,
        weekly: 4,
        monthly: 12,
    };
    const DAY: i64 = 86_400_000_000;

    fn days(kept: &[bool]) -> Vec<usize> {
        (0..kept.len()).filter(|at| kept[*at]).collect()
    }

    #[test]
    fn a_backup_a_day_leaves_seven_days_four_weeks_and_twelve_months() {
        // 2026-11-21, a Saturday, and the 400 days before it.
        let newest = 1_795_219_200_000_000;
        let taken: Vec<_> = (0..400)
            .map(|back| Timestamp::from_micros(newest - back * DAY))
            .collect();
        let kept = days(&keep(&taken, POLICY));
        // Today and six days; the Sundays of four weeks, of which this one is not over; the last days
        // of eleven months and today's.
        let expected = [
            0, 1, 2, 3, 4, 5, 6, 13, 20, 21, 52, 82, 113, 144, 174, 205, 235, 266, 294, 325,
        ];
        assert_eq!(kept, expected);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_bounded_and_stays_kept(
            mut minutes in prop::collection::vec(0_i64..1_000_000, 0..200),
            daily in 1_u32..10, weekly in 0_u32..6, monthly in 0_u32..14,
        ) {
            minutes.sort_unstable();
            minutes.dedup();
            let policy = Policy { daily, weekly, monthly };
            let taken: Vec<_> = minutes
                .iter()
                .map(|minute| Timestamp::from_micros(minute * 60_000_000))
                .collect();
            let kept = keep(&taken, policy);
            let count = kept.iter().filter(|kept| **kept).count();
            prop_assert!(count <= (daily + weekly + monthly) as usize);
            prop_assert_eq!(kept.last().copied().unwrap_or(true), true);
            // To remove what is not kept changes nothing about the rest.
            let left: Vec<_> = taken
                .iter()
                .zip(&kept)
                .filter(|(_, kept)| **kept)
                .map(|(taken, _)| *taken)
                .collect();
            prop_assert!(keep(&left, policy).iter().all(|kept| *kept));
            // The order in which they are given does not matter.
            let backwards: Vec<_> = taken.iter().rev().copied().collect();
            let mut again = keep(&backwards, policy);
            again.reverse();
            prop_assert_eq!(again, kept);
        }

        #[test]
        fn a_new_backup_never_brings_back_an_old_one(
            mut minutes in prop::collection::vec(0_i64..1_000_000, 1..100), later in 1_i64..100_000,
        ) {
            minutes.sort_unstable();
            minutes.dedup();
            let mut taken: Vec<_> = minutes
                .iter()
                .map(|minute| Timestamp::from_micros(minute * 60_000_000))
                .collect();
            let before = keep(&taken, POLICY);
            let last = minutes.last().copied().unwrap_or_default() + later;
            taken.push(Timestamp::from_micros(last * 60_000_000));
            let after = keep(&taken, POLICY);
            for (before, after) in before.iter().zip(&after) {
                prop_assert!(*before || !*after);
            }
        }
    }
}
