//! The rules of a branch: how early and how late one books, what comes back when one leaves, how long a hold lasts. A change
//! makes a new version; what was sold keeps the rules it was sold under.

pub mod api;
pub mod flow;
pub mod store;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::whole::Whole;

/// A step of the refund ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Who leaves before this many days of the membership have passed: 0 is before its first day.
    pub days: Whole<0, 3_660>,
    /// Gets this share back of what was paid for it.
    pub percent: Whole<0, 100>,
}

/// The rules of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// A shift must be booked at least so many minutes before it begins.
    pub notice_minutes: Whole<0, 43_200>,
    /// And at most so many days before.
    pub advance_days: Whole<1, 730>,
    /// A membership cannot be ended before so many of its days have passed.
    pub lock_in_days: Whole<0, 730>,
    /// What comes back to who leaves, by the days that have passed: days rise and percentages fall from step to step.
    /// Beyond the last step nothing does.
    #[schemars(length(max = 20))]
    pub refund_ladder: Vec<Step>,
    /// So many days after its end a membership can still be renewed, if its seat is free; then it lapses.
    pub grace_days: Whole<0, 90>,
    /// Most days a membership may be paused.
    pub pause_days_per_membership: Whole<0, 365>,
    /// Most days a student may pause in a calendar year.
    pub pause_days_per_year: Whole<0, 365>,
    /// Days without a visit that count as a strike before somebody is told; 0 for never.
    pub no_show_strikes: Whole<0, 100>,
    /// How long a hold on a seat lasts, in minutes.
    pub hold_minutes: Whole<1, 1_440>,
}

/// Most steps of a ladder.
const MAX_STEPS: usize = 20;

impl Rules {
    /// Whether the ladder makes sense.
    ///
    /// Errors: [`Error::Ladder`].
    pub fn check(&self) -> Result<(), Error> {
        let steps = &self.refund_ladder;
        let falls = |pair: &[Step]| match pair {
            [one, next] => next.days > one.days && next.percent < one.percent,
            _ => true,
        };
        if steps.len() <= MAX_STEPS && steps.windows(2).all(falls) {
            Ok(())
        } else {
            Err(Error::Ladder)
        }
    }

    /// The share that comes back to who leaves when so many days have passed; negative ones are before the first.
    pub fn refund_percent(&self, passed: i32) -> i32 {
        let step = self
            .refund_ladder
            .iter()
            .find(|step| passed < step.days.get());
        step.map_or(0, |step| step.percent.get())
    }
}

impl Default for Rules {
    /// What holds until a branch says otherwise.
    fn default() -> Self {
        let step = |days, percent| Step {
            days: Whole::clamped(days),
            percent: Whole::clamped(percent),
        };
        Self {
            notice_minutes: Whole::clamped(0),
            advance_days: Whole::clamped(90),
            lock_in_days: Whole::clamped(0),
            refund_ladder: vec![step(0, 100), step(3, 75), step(7, 50), step(15, 25)],
            grace_days: Whole::clamped(3),
            pause_days_per_membership: Whole::clamped(15),
            pause_days_per_year: Whole::clamped(30),
            no_show_strikes: Whole::clamped(3),
            hold_minutes: Whole::clamped(10),
        }
    }
}

/// The rules of a branch in one of their versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// Counts changes; 0 are the rules that hold until a branch has its own.
    pub version: i64,
    /// The rules.
    pub rules: Rules,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_gives_less_with_every_day() {
        let rules = Rules::default();
        rules.check().unwrap();
        let share = |passed| rules.refund_percent(passed);
        assert_eq!([share(-5), share(-1)], [100, 100]);
        assert_eq!([share(0), share(2)], [75, 75]);
        assert_eq!([share(3), share(6)], [50, 50]);
        assert_eq!([share(7), share(14)], [25, 25]);
        assert_eq!([share(15), share(400)], [0, 0]);
    }

    #[test]
    fn a_ladder_out_of_order_is_refused() {
        let mut rules = Rules::default();
        rules.refund_ladder.swap(0, 1);
        assert!(matches!(rules.check(), Err(Error::Ladder)));
        rules.refund_ladder.clear();
        rules.check().unwrap();
        assert_eq!(rules.refund_percent(-1), 0);
    }
}
