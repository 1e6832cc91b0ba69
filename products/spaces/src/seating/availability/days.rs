//! Dates as bits: which are taken, which are free, and as which ranges that reads best.

use std::ops::Range;

use gantry_kernel::CivilDate;

use super::DateRange;
use crate::seating::time::{Dates, Pattern, Weekdays, weekday};

/// Most days that can be looked at together. A bit is left on each side, for shifts that cross midnight.
pub const MAX_DAYS: i32 = 92;

/// The days that are looked at; bit 1 is the first of them, bit 0 the one before.
#[derive(Debug, Clone)]
pub struct Window {
    days: Range<i32>,
    weekdays: [u128; 7],
}

impl Window {
    /// Over these dates, of which there are at most [`MAX_DAYS`].
    pub fn new(dates: Dates) -> Self {
        let days = dates.days();
        let days = days.start..days.end.min(days.start + MAX_DAYS);
        let mut weekdays = [0; 7];
        for day in days.start - 1..=days.end {
            if let Some(bits) = usize::try_from(weekday(day))
                .ok()
                .and_then(|at| weekdays.get_mut(at))
            {
                *bits |= 1_u128 << (day - days.start + 1);
            }
        }
        Self { days, weekdays }
    }

    /// The days themselves, without those left on the sides.
    pub fn all(&self) -> u128 {
        mask(1, self.days.end - self.days.start + 1)
    }

    /// Those of a range that are in the window or right beside it.
    pub fn of(&self, range: &Range<i32>) -> u128 {
        let last = self.days.end - self.days.start + 2;
        let at = |day: i32| (day - self.days.start + 1).clamp(0, last);
        mask(at(range.start), at(range.end))
    }

    /// Those of some weekdays.
    pub fn on(&self, days: Weekdays) -> u128 {
        let bits = days.bits();
        let named = self.weekdays.iter().enumerate();
        named
            .filter(|(at, _)| bits >> at & 1 == 1)
            .fold(0, |all, (_, days)| all | days)
    }

    /// The days of `wanted` as ranges. A day that is in neither interrupts nothing; one in `blocked` ends a range. Ranges
    /// begin and end with a day of `wanted`.
    pub fn ranges(&self, wanted: u128, blocked: u128) -> Vec<DateRange> {
        let mut ranges = Vec::new();
        let mut left = wanted & !blocked;
        while left != 0 {
            let first = left.trailing_zeros();
            let beyond = blocked >> first;
            // Up to the next blocked day.
            let run = if beyond == 0 {
                u128::MAX << first
            } else {
                mask_u(first, first + beyond.trailing_zeros())
            };
            let here = left & run;
            let last = here.ilog2();
            if let (Some(from), Some(until)) = (self.date(first), self.date(last + 1)) {
                ranges.push(DateRange { from, until });
            }
            left &= !run;
        }
        ranges
    }

    fn date(&self, bit: u32) -> Option<CivilDate> {
        let ahead = i32::try_from(bit).ok()? - 1;
        CivilDate::from_days_since_epoch(self.days.start + ahead)
    }
}

fn mask(from: i32, until: i32) -> u128 {
    let bit = |at: i32| u32::try_from(at).unwrap_or(0);
    mask_u(bit(from), bit(until))
}

/// Bits from the first to before the last, of at most 127.
const fn mask_u(from: u32, until: u32) -> u128 {
    if from >= until {
        0
    } else {
        ((1_u128 << (until - from)) - 1) << from
    }
}

/// Days on which a seat in one shift is not free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Busy {
    /// Somebody has it.
    pub taken: u128,
    /// Somebody holds it.
    pub held: u128,
}

/// Adds to the days of each shift on which a claim is in its way.
pub fn mark(
    window: &Window,
    shifts: &[Pattern],
    busy: &mut [Busy],
    claim: (Pattern, Dates),
    held: bool,
) {
    let (pattern, dates) = claim;
    let days = window.of(&dates.days()) & window.on(pattern.days);
    if days == 0 {
        return;
    }
    for (shift, busy) in shifts.iter().zip(busy) {
        let mut met = 0;
        if pattern.meets(*shift, 0) {
            met |= days;
        }
        if pattern.meets(*shift, 1) {
            met |= days << 1;
        }
        if pattern.meets(*shift, -1) {
            met |= days >> 1;
        }
        let side = if held {
            &mut busy.held
        } else {
            &mut busy.taken
        };
        *side |= met;
    }
}
