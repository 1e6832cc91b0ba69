//! Zones: the parts of a branch that seats are in, such as a quiet hall or a window row.

pub mod api;
pub mod flow;
pub mod store;

use gantry_db::from_row;
use gantry_kernel::{Text, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

define_id! {
    /// A zone of one branch.
    pub struct ZoneId;
}

/// A zone's name.
pub type ZoneLabel = Text<1, 80>;

/// A stored zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Zone {
    /// Identifier.
    pub id: ZoneId,
    /// The branch it is in.
    pub branch_id: UnitId,
    /// Unique in the branch, without regard to case.
    pub name: ZoneLabel,
    /// Where it comes among the zones of the branch; zones are listed by this number and then by name.
    pub position: i64,
    /// Counts changes; the `ETag` of the single zone.
    pub version: i64,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

from_row!(Zone {
    id,
    branch_id,
    name,
    position,
    version,
    created_at,
    updated_at,
});
