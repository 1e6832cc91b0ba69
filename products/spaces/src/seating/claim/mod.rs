//! Claims: who holds a seat, in which shift, on which dates. Two claims of one seat never meet; the database itself refuses
//! the second (`seat_claim_spans` in the migration, [`spans`](super::time::spans) in `time`).
//!
//! A hold is a claim that expires. Whoever needs its place removes it when it has; a job removes the others.

pub mod api;
pub mod flow;
pub mod job;
pub mod rules;
pub mod store;

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::{CivilDate, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::seat::SeatId;
use super::shift::{ShiftId, pattern_of};
use super::time::{Dates, Pattern, Weekdays};
use crate::student::{StudentId, stored_words};

define_id! {
    /// A claim on a seat.
    pub struct ClaimId;
}

define_id! {
    /// A membership of a student.
    pub struct MembershipId;
}

stored_words! {
    /// How firm a claim is.
    ClaimState {
        /// For a short while, until it is confirmed.
        Held = "held",
        /// Given to a student.
        Taken = "taken",
    }
}

/// A stored claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// Identifier.
    pub id: ClaimId,
    /// The branch.
    pub branch_id: UnitId,
    /// The seat.
    pub seat_id: SeatId,
    /// The shift.
    pub shift_id: ShiftId,
    /// Whose it is.
    pub student_id: Option<StudentId>,
    /// The membership it is part of.
    pub membership_id: Option<MembershipId>,
    /// How firm it is.
    pub state: ClaimState,
    /// First date.
    pub from: CivilDate,
    /// The date after the last.
    pub until: CivilDate,
    /// The minute of the day at which the shift began when it was claimed; later changes of the shift do not move it.
    pub start_minute: i32,
    /// The minute before which it ended, on the next day if that is not after its beginning.
    pub end_minute: i32,
    /// The weekdays on which it began.
    pub days: Weekdays,
    /// When a hold ends.
    pub expires_at: Option<Timestamp>,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Claim {
    /// When the shift was.
    pub const fn pattern(&self) -> Pattern {
        Pattern::between(self.start_minute, self.end_minute, self.days)
    }

    /// Its dates.
    pub fn dates(&self) -> Option<Dates> {
        Dates::new(self.from, self.until)
    }
}

impl FromRow for Claim {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let pattern = pattern_of(row)?;
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            seat_id: row.get("seat_id")?,
            shift_id: row.get("shift_id")?,
            student_id: row.get("student_id")?,
            membership_id: row.get("membership_id")?,
            state: row.get("state")?,
            from: row.get("from_date")?,
            until: row.get("until_date")?,
            start_minute: pattern.start,
            end_minute: pattern.end(),
            days: pattern.days,
            expires_at: row.get("expires_at")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }
}
