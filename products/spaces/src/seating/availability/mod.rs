//! What is free: for each seat and shift the dates that can be claimed, and who sits where at this moment.
//!
//! `days` works with a bit for each date and touches no database.

pub mod api;
pub mod days;
pub mod flow;
pub mod store;

use gantry_kernel::CivilDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::{ClaimId, ClaimState};
use super::seat::SeatId;
use super::shift::ShiftId;
use super::zone::ZoneId;
use crate::student::StudentId;

/// Dates from the first to before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DateRange {
    /// First date.
    pub from: CivilDate,
    /// The date after the last.
    pub until: CivilDate,
}

/// Dates that are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClosedDates {
    /// The zone, if not all of the branch is closed.
    pub zone_id: Option<ZoneId>,
    /// First date.
    pub from: CivilDate,
    /// The date after the last.
    pub until: CivilDate,
}

/// A seat in one shift. Dates on which the shift does not run do not interrupt a range, and neither do closed ones in
/// `free`: a claim may span them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShiftDays {
    /// Ranges in which the seat can be claimed. None when it is out of service.
    pub free: Vec<DateRange>,
    /// Ranges on which somebody holds it for a short while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<DateRange>,
    /// Ranges on which somebody has it in this shift or one that overlaps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<DateRange>,
}

/// A seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeatDays {
    /// The seat.
    pub seat_id: SeatId,
    /// Whether it can be used.
    pub in_service: bool,
    /// One for each of `shifts` of the reply, in their order.
    pub shifts: Vec<ShiftDays>,
}

/// What is free in a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Availability {
    /// First date.
    pub from: CivilDate,
    /// The date after the last.
    pub until: CivilDate,
    /// The shifts, in the order in which each seat has them.
    pub shifts: Vec<ShiftId>,
    /// What is closed.
    pub closed: Vec<ClosedDates>,
    /// The seats by label.
    pub seats: Vec<SeatDays>,
}

/// A seat that is not free at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Occupied {
    /// The seat.
    pub seat_id: SeatId,
    /// The shift.
    pub shift_id: ShiftId,
    /// How firm it is.
    pub state: ClaimState,
    /// The minute of the day before which the shift ends.
    pub end_minute: i32,
    /// The claim, for those who may see claims of the branch.
    pub claim_id: Option<ClaimId>,
    /// Whose it is, for those who may see claims and students of the branch.
    pub student_id: Option<StudentId>,
}

/// The branch at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// The date the branch's calendar shows.
    pub date: CivilDate,
    /// The minute of the day its clock shows.
    pub minute: i32,
    /// Seats that somebody has or holds, in no particular order. A seat out of service may be among them.
    pub occupied: Vec<Occupied>,
}
