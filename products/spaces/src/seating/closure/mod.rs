//! Closures: dates on which a branch or one of its zones is closed. A claim on a seat stays what it is; nobody is let in,
//! and nothing is sold for these dates alone.

pub mod api;
pub mod flow;
pub mod store;

use gantry_db::from_row;
use gantry_kernel::{CivilDate, Text, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zone::ZoneId;

define_id! {
    /// A closure of one branch.
    pub struct ClosureId;
}

/// Why it is closed, for people.
pub type Reason = Text<1, 120>;

/// Most days of one closure.
pub const MAX_DAYS: i32 = 366;

/// A stored closure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Closure {
    /// Identifier.
    pub id: ClosureId,
    /// The branch.
    pub branch_id: UnitId,
    /// The zone, if not all of the branch is closed.
    pub zone_id: Option<ZoneId>,
    /// First date.
    pub from: CivilDate,
    /// The date after the last.
    pub until: CivilDate,
    /// Why.
    pub reason: Reason,
    /// The `ETag` of the single closure.
    pub version: i64,
    /// When it was entered.
    pub created_at: Timestamp,
}

impl gantry_db::FromRow for Closure {
    fn from_row(row: &gantry_db::Row<'_>) -> Result<Self, gantry_db::DbError> {
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            zone_id: row.get("zone_id")?,
            from: row.get("from_date")?,
            until: row.get("until_date")?,
            reason: row.get("reason")?,
            version: row.get("version")?,
            created_at: row.get("created_at")?,
        })
    }
}

/// Dates that are closed: of the whole branch, or of one zone.
#[derive(Debug, Clone, Copy)]
pub struct Shut {
    /// The zone, if not all of the branch is closed.
    pub zone_id: Option<ZoneId>,
    /// First date.
    pub from_date: CivilDate,
    /// The date after the last.
    pub until_date: CivilDate,
}

from_row!(Shut {
    zone_id,
    from_date,
    until_date,
});

impl Shut {
    /// Whether it closes this zone.
    pub fn concerns(&self, zone: ZoneId) -> bool {
        self.zone_id.is_none_or(|one| one == zone)
    }
}
