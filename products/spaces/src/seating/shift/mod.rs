//! Shifts: the hours that seats are sold for, several per branch, overlapping as the owner likes.

pub mod api;
pub mod flow;
pub mod store;

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::{Text, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::{Pattern, Weekdays};

define_id! {
    /// A shift of one branch.
    pub struct ShiftId;
}

/// A shift's name.
pub type ShiftName = Text<1, 60>;

/// A stored shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shift {
    /// Identifier.
    pub id: ShiftId,
    /// The branch.
    pub branch_id: UnitId,
    /// Unique in the branch, without regard to case.
    pub name: ShiftName,
    /// The minute of the local day at which it begins: 0 to 1439.
    pub start_minute: i32,
    /// The minute before which it ends: 1 to 1440. One that is not after `start_minute` is on the next day, and both the
    /// same are 24 hours.
    pub end_minute: i32,
    /// The weekdays on which it begins.
    pub days: Weekdays,
    /// Whether it is offered.
    pub active: bool,
    /// Counts changes; the `ETag` of the single shift.
    pub version: i64,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Shift {
    /// When it is.
    pub const fn pattern(&self) -> Pattern {
        Pattern::between(self.start_minute, self.end_minute, self.days)
    }
}

/// A pattern from the columns `start`, `minutes` and `days`.
pub(super) fn pattern_of(row: &Row<'_>) -> Result<Pattern, DbError> {
    let bits: i32 = row.get("days")?;
    let days = u8::try_from(bits).ok().and_then(Weekdays::from_bits);
    let days = days.ok_or_else(|| DbError::Decode {
        column: "days".to_owned(),
        detail: "not bits of weekdays".to_owned(),
    })?;
    Ok(Pattern {
        start: row.get("start")?,
        minutes: row.get("minutes")?,
        days,
    })
}

impl FromRow for Shift {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let pattern = pattern_of(row)?;
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            name: row.get("name")?,
            start_minute: pattern.start,
            end_minute: pattern.end(),
            days: pattern.days,
            active: row.get("active")?,
            version: row.get("version")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }
}

/// Everything a person decides about a shift.
#[derive(Debug, Clone)]
pub struct ShiftFields {
    /// Name.
    pub name: ShiftName,
    /// When it is.
    pub pattern: Pattern,
    /// Whether it is offered.
    pub active: bool,
}
