//! Which dates may be claimed: a pure rule of the dates, the shift, the rules of the branch and what its clock shows.

use gantry_kernel::CivilDate;

use crate::seating::closure::Shut;
use crate::seating::error::BadDates;
use crate::seating::policy::Rules;
use crate::seating::time::{DAY, Dates, Pattern};
use crate::seating::zone::ZoneId;

/// Most days of one claim: three years and a little.
pub const MAX_DAYS: i32 = 1_100;

/// What the clock of the branch shows.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The day.
    pub date: CivilDate,
    /// The minute of it.
    pub minute: i32,
}

/// Whether these dates of a shift may be claimed now.
pub fn check(
    rules: &Rules,
    pattern: Pattern,
    dates: Dates,
    shut: &[Shut],
    zone: ZoneId,
    now: Now,
) -> Result<(), BadDates> {
    if dates.count() > MAX_DAYS {
        return Err(BadDates::TooLong(MAX_DAYS));
    }
    let ahead = dates.from().days_since_epoch() - now.date.days_since_epoch();
    if ahead < 0 {
        return Err(BadDates::Past);
    }
    let most = rules.advance_days.get();
    if ahead > most {
        return Err(BadDates::TooFar(most));
    }
    let first = first_open_day(pattern, dates, shut, zone).ok_or(BadDates::NoDay)?;
    let wait = (first - now.date.days_since_epoch()) * DAY + pattern.start - now.minute;
    let notice = rules.notice_minutes.get();
    if notice > 0 && wait < notice {
        return Err(BadDates::TooSoon);
    }
    Ok(())
}

/// The first of these dates on which the shift runs and the zone is open.
fn first_open_day(pattern: Pattern, dates: Dates, shut: &[Shut], zone: ZoneId) -> Option<i32> {
    let closed = |day: i32| {
        shut.iter().any(|shut| {
            shut.concerns(zone)
                && (shut.from_date.days_since_epoch()..shut.until_date.days_since_epoch())
                    .contains(&day)
        })
    };
    dates
        .days()
        .find(|day| pattern.days.has(*day) && !closed(*day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seating::time::Weekdays;
    use crate::whole::Whole;
    use gantry_kernel::{Kernel, ManualClock};

    fn date(text: &str) -> CivilDate {
        text.parse().unwrap()
    }

    fn dates(from: &str, until: &str) -> Dates {
        Dates::new(date(from), date(until)).unwrap()
    }

    #[test]
    fn dates_are_held_against_clock_rules_and_closures() {
        let kernel = Kernel::manual(&ManualClock::default(), 1);
        let (zone, other): (ZoneId, ZoneId) = (kernel.id(), kernel.id());
        let mut rules = Rules {
            advance_days: Whole::clamped(30),
            ..Rules::default()
        };
        // 2026-01-05 is a Monday, at ten o'clock.
        let now = Now {
            date: date("2026-01-05"),
            minute: 600,
        };
        let weekdays = Weekdays::from_bits(0b001_1111).unwrap();
        let morning = Pattern::between(360, 720, weekdays);
        let ask =
            |rules: &Rules, dates, shut: &[Shut]| check(rules, morning, dates, shut, zone, now);
        assert_eq!(ask(&rules, dates("2026-01-05", "2026-01-06"), &[]), Ok(()));
        let past = dates("2026-01-04", "2026-01-08");
        assert_eq!(ask(&rules, past, &[]), Err(BadDates::Past));
        assert_eq!(ask(&rules, dates("2026-02-04", "2026-02-05"), &[]), Ok(()));
        let far = dates("2026-02-05", "2026-02-06");
        assert_eq!(ask(&rules, far, &[]), Err(BadDates::TooFar(30)));
        let long = dates("2026-01-05", "2030-01-05");
        assert_eq!(ask(&rules, long, &[]), Err(BadDates::TooLong(MAX_DAYS)));
        let weekend = dates("2026-01-10", "2026-01-12");
        assert_eq!(ask(&rules, weekend, &[]), Err(BadDates::NoDay));
        let shut = |zone_id| Shut {
            zone_id,
            from_date: date("2026-01-12"),
            until_date: date("2026-01-14"),
        };
        let closed = dates("2026-01-12", "2026-01-14");
        for all in [None, Some(zone)] {
            assert_eq!(ask(&rules, closed, &[shut(all)]), Err(BadDates::NoDay));
        }
        assert_eq!(ask(&rules, closed, &[shut(Some(other))]), Ok(()));
        let beyond = dates("2026-01-12", "2026-01-15");
        assert_eq!(ask(&rules, beyond, &[shut(None)]), Ok(()));
        // From ten o'clock it is twenty hours until six the next day.
        rules.notice_minutes = Whole::clamped(20 * 60);
        assert_eq!(ask(&rules, dates("2026-01-06", "2026-01-07"), &[]), Ok(()));
        rules.notice_minutes = Whole::clamped(20 * 60 + 1);
        let soon = dates("2026-01-06", "2026-01-07");
        assert_eq!(ask(&rules, soon, &[]), Err(BadDates::TooSoon));
    }
}
