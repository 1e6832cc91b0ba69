//! Closing the day: what somebody's drawer should hold by the ledger, what was counted, and why they differ.
//!
//! A close covers everything since the last one through its day. What is counted beyond or short of what should be there is posted as
//! a difference, what stays in the drawer is the next day's opening float, and the rest is handed over. Nothing opens a closed day again: whatever happens
//! at that desk afterwards counts for the next day ([`store::open_day`]).

pub mod api;
pub mod flow;
pub mod store;

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::{CivilDate, Currency, IdentityId, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::payment::{Method, Reason};

define_id! {
    /// A closed day of somebody.
    pub struct DayCloseId;
}

/// One method of a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// The method.
    pub method: Method,
    /// What was there after the last close.
    pub opening: i64,
    /// What came in since.
    pub taken: i64,
    /// What went out since.
    pub given: i64,
    /// What should be there.
    pub expected: i64,
    /// What was counted.
    pub counted: i64,
    /// Counted less expected.
    pub difference: i64,
}

/// A closed day of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DayClose {
    /// Identifier.
    pub id: DayCloseId,
    /// The branch.
    pub branch_id: UnitId,
    /// Whose drawer.
    pub staff_id: IdentityId,
    /// The day.
    pub on_day: CivilDate,
    /// The currency.
    pub currency: Currency,
    /// By method.
    pub counts: Vec<Count>,
    /// The cash that stays in the drawer.
    pub left_in: i64,
    /// Why something differs.
    pub reason: Option<Reason>,
    /// Who closed it.
    pub closed_by: IdentityId,
    /// When.
    pub closed_at: Timestamp,
}

impl FromRow for DayClose {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            staff_id: row.get("staff_id")?,
            on_day: row.get("on_day")?,
            currency: super::currency(&row.get::<String>("currency")?)?,
            counts: super::from_json("counts", &row.get::<String>("counts")?)?,
            left_in: row.get("left_in")?,
            reason: row.get("reason")?,
            closed_by: row.get("closed_by")?,
            closed_at: row.get("closed_at")?,
        })
    }
}

/// What somebody's drawer should hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drawer {
    /// The branch.
    pub branch_id: UnitId,
    /// Whose drawer.
    pub staff_id: IdentityId,
    /// The day that a close would be for.
    pub on_day: CivilDate,
    /// The currency.
    pub currency: Currency,
    /// By method; nothing is counted yet.
    pub expected: Vec<Expected>,
    /// Payments they took that wait for a second person, and are not in it.
    pub pending: i64,
}

/// What one method should come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// The method.
    pub method: Method,
    /// What was there after the last close.
    pub opening: i64,
    /// What came in since.
    pub taken: i64,
    /// What went out since.
    pub given: i64,
    /// What should be there.
    pub expected: i64,
}
