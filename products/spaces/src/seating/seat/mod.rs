//! Seats: what is sold. A seat that was ever held stays, so that its history does.

pub mod api;
pub mod flow;
pub mod store;

use gantry_db::from_row;
use gantry_kernel::{Text, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zone::ZoneId;
use crate::student::stored_words;

define_id! {
    /// A seat of one branch.
    pub struct SeatId;
}

/// What is written on a seat, e.g. `A-12`.
pub type SeatLabel = Text<1, 16>;

/// Most seats of a branch.
pub const MAX_SEATS: i64 = 2_000;
/// Most seats added at once.
pub const MAX_ADDED: usize = 500;

stored_words! {
    /// Whether a seat can be used.
    SeatStatus {
        /// It can.
        InService = "in_service",
        /// It cannot for now: nothing new is sold on it.
        OutOfService = "out_of_service",
    }
}

stored_words! {
    /// How large the desk is.
    SeatSize {
        /// Smaller than most.
        Small = "small",
        /// As most.
        Standard = "standard",
        /// Larger than most.
        Large = "large",
    }
}

/// A stored seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing that a seat has or has not"
)]
pub struct Seat {
    /// Identifier.
    pub id: SeatId,
    /// The branch.
    pub branch_id: UnitId,
    /// The zone.
    pub zone_id: ZoneId,
    /// Unique in the branch, without regard to case.
    pub label: SeatLabel,
    /// Air conditioning.
    pub ac: bool,
    /// A power socket.
    pub power: bool,
    /// By a window.
    pub window_side: bool,
    /// A locker.
    pub locker: bool,
    /// How large the desk is.
    pub size: SeatSize,
    /// Whether it can be used.
    pub status: SeatStatus,
    /// Counts changes; the `ETag` of the single seat.
    pub version: i64,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

from_row!(Seat {
    id,
    branch_id,
    zone_id,
    label,
    ac,
    power,
    window_side,
    locker,
    size,
    status,
    version,
    created_at,
    updated_at,
});

/// What a person decides about a seat besides its label.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing that a seat has or has not"
)]
pub struct Features {
    /// The zone.
    pub zone_id: ZoneId,
    /// Air conditioning.
    pub ac: bool,
    /// A power socket.
    pub power: bool,
    /// By a window.
    pub window_side: bool,
    /// A locker.
    pub locker: bool,
    /// How large the desk is.
    pub size: SeatSize,
    /// Whether it can be used.
    pub status: SeatStatus,
}
