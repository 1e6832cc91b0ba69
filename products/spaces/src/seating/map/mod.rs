//! The map of a branch: where its seats stand, and the walls and doors around them, as the owner drew it.

pub mod api;
pub mod flow;
pub mod store;

use gantry_kernel::{Text, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::seat::SeatId;
use crate::student::stored_words;
use crate::whole::Whole;

/// A length or place on the map, in steps of its grid.
pub type Steps = Whole<0, 10_000>;
/// Most shapes of a map.
pub const MAX_SHAPES: usize = 1_000;

stored_words! {
    /// What a shape shows.
    ShapeKind {
        /// A wall.
        Wall = "wall",
        /// A door.
        Door = "door",
        /// A window.
        Window = "window",
        /// Anything that stands in the way, such as a pillar or a cupboard.
        Block = "block",
        /// Words.
        Label = "label",
    }
}

/// Where a seat stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// The seat.
    pub seat_id: SeatId,
    /// From the left.
    pub x: Steps,
    /// From the top.
    pub y: Steps,
    /// Turned clockwise, in degrees.
    #[serde(default = "unturned")]
    pub turned: Whole<0, 359>,
}

const fn unturned() -> Whole<0, 359> {
    Whole::clamped(0)
}

/// A rectangle that is no seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// What it shows.
    pub kind: ShapeKind,
    /// From the left.
    pub x: Steps,
    /// From the top.
    pub y: Steps,
    /// How wide.
    pub width: Steps,
    /// How high.
    pub height: Steps,
    /// Words on it.
    #[serde(default)]
    pub text: Option<Text<1, 80>>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drawing {
    /// How wide it is, in steps of its grid.
    pub width: Steps,
    /// How high.
    pub height: Steps,
    /// Where seats stand, each at most once.
    #[schemars(length(max = 2000))]
    pub seats: Vec<Placed>,
    /// What is around them.
    #[schemars(length(max = 1000))]
    pub shapes: Vec<Shape>,
}

impl Default for Drawing {
    fn default() -> Self {
        Self {
            width: Whole::clamped(0),
            height: Whole::clamped(0),
            seats: Vec::new(),
            shapes: Vec::new(),
        }
    }
}

/// The map of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeatMap {
    /// The branch.
    pub branch_id: UnitId,
    /// Counts changes; 0 as long as nothing was drawn.
    pub version: i64,
    /// What is drawn. Seats that were removed since are not in it.
    pub drawing: Drawing,
}
