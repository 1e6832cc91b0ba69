//! What can go wrong with seats, and the one place where it gets its status and code.

use gantry_db::DbError;
use gantry_http::ErrorCode;
use gantry_kernel::Problem;

/// A refusal or failure of this feature.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or beyond the caller's scope.
    #[error("not found")]
    NotFound,
    /// The stored version is another one.
    #[error("the version is another one")]
    Stale,
    /// The branch takes no students.
    #[error("the branch is closed")]
    BranchInactive,
    /// Another zone of the branch has the name.
    #[error("another zone of the branch has this name")]
    ZoneNameTaken,
    /// Seats or closures belong to the zone.
    #[error("seats or closures belong to the zone")]
    ZoneNotEmpty,
    /// The zone named is not one of the branch.
    #[error("the branch has no such zone")]
    ZoneUnknown,
    /// Another seat of the branch has the label.
    #[error("another seat of the branch has the label {0}")]
    SeatLabelTaken(String),
    /// Somebody holds or held the seat.
    #[error("the seat is or was held by somebody")]
    SeatInUse,
    /// The seat named is not one of the branch.
    #[error("the branch has no such seat")]
    SeatUnknown,
    /// The map names a seat twice.
    #[error("the map has a seat twice")]
    SeatTwice,
    /// The seat cannot be used now.
    #[error("the seat is out of service")]
    SeatOutOfService,
    /// Another shift of the branch has the name.
    #[error("another shift of the branch has this name")]
    ShiftNameTaken,
    /// Seats are claimed in the shift.
    #[error("seats are claimed in this shift")]
    ShiftInUse,
    /// The shift named is not one of the branch.
    #[error("the branch has no such shift")]
    ShiftUnknown,
    /// The shift is not offered any more.
    #[error("the shift is not offered")]
    ShiftInactive,
    /// A range that ends before it begins, or that is too long.
    #[error("{0}")]
    Dates(BadDates),
    /// A ladder whose steps are not in order.
    #[error("days must rise and percentages fall from step to step")]
    Ladder,
    /// Somebody else has the seat at that time.
    #[error("the seat is taken at that time")]
    SeatTaken,
    /// The time to confirm a hold is over.
    #[error("the hold has expired")]
    HoldExpired,
    /// It is no hold any more.
    #[error("the seat was given already")]
    NotAHold,
    /// The claim is part of a membership.
    #[error("the claim belongs to a membership")]
    OfMembership,
    /// The student named is not within reach or in another branch.
    #[error("there is no such student in the branch")]
    StudentUnknown,
    /// The branch has all the seats it may have.
    #[error(transparent)]
    Limit(#[from] Problem),
    /// An order the list does not have.
    #[error("the list has one order only")]
    UnknownOrder,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What is wrong with a range of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDates {
    /// Its end is not after its beginning.
    #[error("the end must be after the beginning")]
    Empty,
    /// More days than may be asked for at once.
    #[error("the range has more than {0} days")]
    TooLong(i32),
    /// It begins before today in the branch.
    #[error("the beginning is in the past")]
    Past,
    /// It begins sooner than the rules of the branch allow.
    #[error("the shift begins too soon for the rules of the branch")]
    TooSoon,
    /// It begins later than the rules of the branch allow.
    #[error("the beginning is further ahead than the {0} days the rules of the branch allow")]
    TooFar(i32),
    /// None of its dates is a day of the shift on which the branch is open.
    #[error("the shift runs on none of these dates, or the branch is closed on them")]
    NoDay,
}

impl BadDates {
    const fn code(self) -> &'static str {
        match self {
            Self::Empty => "range_empty",
            Self::TooLong(_) => "range_too_long",
            Self::Past => "in_the_past",
            Self::TooSoon => "too_soon",
            Self::TooFar(_) => "too_far_ahead",
            Self::NoDay => "no_open_day",
        }
    }

    const fn field(self) -> &'static str {
        match self {
            Self::Empty | Self::TooLong(_) => "/until",
            Self::Past | Self::TooSoon | Self::TooFar(_) | Self::NoDay => "/from",
        }
    }
}

/// The codes of this feature, for the documentation of errors.
pub const CODES: &[ErrorCode] = &[
    ErrorCode::new(
        "zone_name_taken",
        409,
        "Zone name taken",
        "Another zone of the branch has this name. Choose another one.",
    ),
    ErrorCode::new(
        "zone_not_empty",
        409,
        "Zone not empty",
        "Seats or closures belong to the zone. Move or remove them first.",
    ),
    ErrorCode::new(
        "zone_unknown",
        422,
        "Unknown zone",
        "The zone named in the request is not one of the branch.",
    ),
    ErrorCode::new(
        "seat_label_taken",
        409,
        "Seat label taken",
        "Another seat of the branch has this label; `label` names it.",
    ),
    ErrorCode::new(
        "seat_in_use",
        409,
        "Seat in use",
        "Somebody holds or held the seat, so its history is kept. Set it to out of service instead.",
    ),
    ErrorCode::new(
        "seat_unknown",
        422,
        "Unknown seat",
        "A seat named in the request is not one of the branch.",
    ),
    ErrorCode::new(
        "seat_out_of_service",
        409,
        "Seat out of service",
        "The seat cannot be used now. Choose another one, or set it to in service.",
    ),
    ErrorCode::new(
        "seat_taken",
        409,
        "Seat taken",
        "Somebody has the seat at an overlapping time. `free_nearby` names seats of its zone that are free then, when you may see seats.",
    ),
    ErrorCode::new(
        "shift_name_taken",
        409,
        "Shift name taken",
        "Another shift of the branch has this name. Choose another one.",
    ),
    ErrorCode::new(
        "shift_in_use",
        409,
        "Shift in use",
        "Seats are claimed in this shift. Its times stay as they were sold: add another shift, or set this one to inactive.",
    ),
    ErrorCode::new(
        "shift_unknown",
        422,
        "Unknown shift",
        "The shift named in the request is not one of the branch.",
    ),
    ErrorCode::new(
        "shift_inactive",
        409,
        "Shift inactive",
        "The shift is not offered any more. Choose another one, or set it to active.",
    ),
    ErrorCode::new(
        "hold_expired",
        409,
        "Hold expired",
        "The time to confirm the hold is over. Hold the seat again, if it is still free.",
    ),
    ErrorCode::new(
        "not_a_hold",
        409,
        "Not a hold",
        "The seat was given to somebody already.",
    ),
    ErrorCode::new(
        "claim_of_membership",
        409,
        "Part of a membership",
        "The claim belongs to a membership and changes with it: end, pause or change that.",
    ),
    ErrorCode::new(
        "student_unknown",
        422,
        "Unknown student",
        "The student named in the request is not in the branch, or not among those you may see.",
    ),
];

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound => Self::not_found(),
            Error::Stale => Self::precondition_failed(),
            Error::BranchInactive => Self::conflict("branch_inactive", detail),
            Error::ZoneNameTaken => {
                Self::conflict("zone_name_taken", detail).and_field("/name", "taken", "taken")
            }
            Error::ZoneNotEmpty => Self::conflict("zone_not_empty", detail),
            Error::ZoneUnknown => Self::invalid("zone_unknown", detail),
            Error::SeatLabelTaken(label) => {
                Self::conflict("seat_label_taken", detail).with("label", label)
            }
            Error::SeatInUse => Self::conflict("seat_in_use", detail),
            Error::SeatUnknown => Self::invalid("seat_unknown", detail),
            Error::SeatTwice => Self::invalid_field("/seats", "seat_twice", detail),
            Error::SeatOutOfService => Self::conflict("seat_out_of_service", detail),
            Error::ShiftNameTaken => {
                Self::conflict("shift_name_taken", detail).and_field("/name", "taken", "taken")
            }
            Error::ShiftInUse => Self::conflict("shift_in_use", detail),
            Error::ShiftUnknown => Self::invalid("shift_unknown", detail),
            Error::ShiftInactive => Self::conflict("shift_inactive", detail),
            Error::Dates(fault) => Self::invalid_field(fault.field(), fault.code(), detail),
            Error::Ladder => Self::invalid_field("/refund_ladder", "ladder_order", detail),
            Error::SeatTaken => Self::conflict("seat_taken", detail),
            Error::HoldExpired => Self::conflict("hold_expired", detail),
            Error::NotAHold => Self::conflict("not_a_hold", detail),
            Error::OfMembership => Self::conflict("claim_of_membership", detail),
            Error::StudentUnknown => Self::invalid("student_unknown", detail),
            Error::UnknownOrder => Self::invalid_field("?order_by", "unknown_order", detail),
            Error::Limit(problem) => problem,
            Error::Db(error) => error.into(),
        }
    }
}
