//! Shifts and dates as plain numbers: when a shift of a claim is, and whether two of them meet.
//!
//! A shift is minutes of a local day on some weekdays, a claim is a shift on a range of dates. Both are civil: what the
//! clock of the branch shows, so a change of its time zone or of summer time moves nobody out of a seat.
//!
//! A claim is stored as [`Span`]s, boxes of dates x minutes x weekdays, and the database refuses two boxes of a seat that
//! meet. A box says more than a claim: from a box of dates and weekdays one cannot tell whether a date of that weekday is
//! among the dates. So [`spans`] makes boxes of two sorts only, for which "the boxes meet" and "some date is in both" are
//! the same:
//!
//! - every weekday, over at least seven dates;
//! - one weekday, from one of its dates to one of its dates.
//!
//! Two of the first sort meet in dates, and every date is in both. One of the second sort begins and ends on a date of
//! its own; so if two of the second sort with the same weekday meet, the later beginning is a date of both. If one of each
//! meets, either an end of the second lies within the first, and is a date of both, or the first lies within the second and
//! holds each weekday, as it has seven dates.

use gantry_kernel::CivilDate;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Minutes of a day.
pub const DAY: i32 = 24 * 60;
/// Days of a week.
const WEEK: i32 = 7;

/// A day of the week.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

const ALL: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// At least one day of the week; written as a list such as `["mon", "tue"]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Each of them.
    pub const EVERY: Self = Self(0b111_1111);

    /// From bits, Monday the lowest; `None` when there is none, or an eighth.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits == 0 || bits > Self::EVERY.0 {
            None
        } else {
            Some(Self(bits))
        }
    }

    /// As bits, Monday the lowest.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether this day (counted from the epoch) is one of them.
    pub const fn has(self, day: i32) -> bool {
        self.0 >> weekday(day) & 1 == 1
    }

    /// The days after these.
    const fn next(self) -> Self {
        Self((self.0 << 1 | self.0 >> 6) & Self::EVERY.0)
    }
}

/// The weekday of a day counted from 1970-01-01, a Thursday; Monday is 0.
pub const fn weekday(day: i32) -> i32 {
    (day + 3).rem_euclid(WEEK)
}

impl Serialize for Weekdays {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(ALL.iter().filter(|day| self.0 >> **day as u8 & 1 == 1))
    }
}

impl<'de> Deserialize<'de> for Weekdays {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let mut bits = 0_u8;
        for day in Vec::<Weekday>::deserialize(from)? {
            let bit = 1 << day as u8;
            if bits & bit != 0 {
                return Err(D::Error::custom("a weekday is named twice"));
            }
            bits |= bit;
        }
        Self::from_bits(bits).ok_or_else(|| D::Error::custom("expected at least one weekday"))
    }
}

impl JsonSchema for Weekdays {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Weekdays".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let day = generator.subschema_for::<Weekday>();
        schemars::json_schema!({
            "type": "array", "items": day, "minItems": 1, "maxItems": 7, "uniqueItems": true,
            "examples": [["mon", "tue", "wed", "thu", "fri"]]
        })
    }
}

/// When a shift is: on which weekdays it begins, at which minute of them, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// The minute of the local day at which it begins, 0 to 1439.
    pub start: i32,
    /// How long it is, 1 to 1440 minutes.
    pub minutes: i32,
    /// The weekdays on which it begins.
    pub days: Weekdays,
}

impl Pattern {
    /// From the minute it begins at and the one it ends before. An end that is not after the beginning is on the next day;
    /// both the same are 24 hours.
    pub const fn between(start: i32, end: i32, days: Weekdays) -> Self {
        let minutes = if end > start {
            end - start
        } else {
            end + DAY - start
        };
        Self {
            start,
            minutes,
            days,
        }
    }

    /// The minute it ends before: of the same day if that is later than its beginning, else of the next.
    pub const fn end(self) -> i32 {
        let end = self.start + self.minutes;
        if end > DAY { end - DAY } else { end }
    }

    /// Whether it goes on after midnight.
    pub const fn crosses_midnight(self) -> bool {
        self.start + self.minutes > DAY
    }

    /// Whether this shift of one day meets that shift of `later` days after it.
    pub const fn meets(self, that: Self, later: i32) -> bool {
        let (mine, theirs) = (self.start, that.start + later * DAY);
        mine < theirs + that.minutes && theirs < mine + self.minutes
    }

    /// Whether it runs at this minute, having begun today (`Some(0)`) or yesterday (`Some(-1)`).
    pub const fn at(self, minute: i32) -> Option<i32> {
        if minute >= self.start && minute < self.start + self.minutes {
            Some(0)
        } else if minute + DAY < self.start + self.minutes {
            Some(-1)
        } else {
            None
        }
    }
}

/// Dates from the first to before the last, never none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    from: CivilDate,
    until: CivilDate,
}

impl Dates {
    /// `None` when `until` is not after `from`.
    pub fn new(from: CivilDate, until: CivilDate) -> Option<Self> {
        (from < until).then_some(Self { from, until })
    }

    /// The first.
    pub const fn from(self) -> CivilDate {
        self.from
    }

    /// The one after the last.
    pub const fn until(self) -> CivilDate {
        self.until
    }

    /// As days from the epoch, the end excluded.
    pub fn days(self) -> std::ops::Range<i32> {
        self.from.days_since_epoch()..self.until.days_since_epoch()
    }

    /// How many.
    pub fn count(self) -> i32 {
        let days = self.days();
        days.end - days.start
    }

    /// Those that are in both.
    pub fn and(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.until.min(other.until))
    }
}

/// A box of dates x minutes of a day x weekdays, ends excluded. Days are counted from the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub struct Span {
    pub from_day: i32,
    pub until_day: i32,
    pub from_minute: i32,
    pub until_minute: i32,
    pub from_weekday: i32,
    pub until_weekday: i32,
}

impl Span {
    /// Whether both hold some minute of some date.
    pub const fn meets(&self, that: &Self) -> bool {
        self.from_day < that.until_day
            && that.from_day < self.until_day
            && self.from_minute < that.until_minute
            && that.from_minute < self.until_minute
            && self.from_weekday < that.until_weekday
            && that.from_weekday < self.until_weekday
    }
}

/// The boxes of a shift on a range of dates; none when none of its weekdays is among them. What goes on after midnight
/// is a box of its own, a day later.
pub fn spans(pattern: Pattern, dates: Dates) -> Vec<Span> {
    let days = dates.days();
    let end = pattern.start + pattern.minutes;
    let mut all = Vec::new();
    boxes(
        &mut all,
        days.clone(),
        (pattern.start, end.min(DAY)),
        pattern.days,
    );
    if end > DAY {
        let next = days.start + 1..days.end + 1;
        boxes(&mut all, next, (0, end - DAY), pattern.days.next());
    }
    all
}

fn boxes(
    all: &mut Vec<Span>,
    days: std::ops::Range<i32>,
    (from_minute, until_minute): (i32, i32),
    on: Weekdays,
) {
    let mut put = |days: std::ops::Range<i32>, weekdays: std::ops::Range<i32>| {
        all.push(Span {
            from_day: days.start,
            until_day: days.end,
            from_minute,
            until_minute,
            from_weekday: weekdays.start,
            until_weekday: weekdays.end,
        });
    };
    if on == Weekdays::EVERY && days.end - days.start >= WEEK {
        return put(days, 0..WEEK);
    }
    let firsts = days.start..days.end.min(days.start + WEEK);
    for first in firsts.filter(|day| on.has(*day)) {
        let last = first + (days.end - 1 - first) / WEEK * WEEK;
        put(first..last + 1, weekday(first)..weekday(first) + 1);
    }
}
