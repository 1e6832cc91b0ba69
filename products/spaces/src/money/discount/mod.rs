//! Discounts: a code that takes something off a fee, for a time and so many uses.

pub mod api;
pub mod flow;
pub mod store;

use std::borrow::Cow;

use gantry_db::{DbError, FromRow, Row};
use gantry_invoices::fraction;
use gantry_kernel::money::MoneyError;
use gantry_kernel::{CivilDate, Money, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Positive;
use crate::student::Code;

define_id! {
    /// A discount.
    pub struct DiscountId;
}

/// What is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Off {
    /// Hundredths of a percent of the fee: 1000 is 10 %.
    Percent(Percent),
    /// An amount, at most the fee.
    Amount(Positive),
}

/// Hundredths of a percent, from 1 to 10000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Percent(u16);

impl JsonSchema for Percent {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 1, "maximum": 10_000, "examples": [1000]})
    }
}

/// The number is no percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a percentage is given in hundredths of a percent, from 1 to 10000: 1000 is 10 %")]
pub struct NotAPercent;

impl TryFrom<u16> for Percent {
    type Error = NotAPercent;

    fn try_from(points: u16) -> Result<Self, NotAPercent> {
        (1..=10_000)
            .contains(&points)
            .then_some(Self(points))
            .ok_or(NotAPercent)
    }
}

impl From<Percent> for u16 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

impl Off {
    /// What it takes off a price.
    pub fn of(self, price: Money) -> Result<Money, MoneyError> {
        match self {
            Self::Percent(Percent(points)) => fraction(price, points.into(), 10_000),
            Self::Amount(amount) => Ok(Money::new(amount.get().min(price.amount), price.currency)),
        }
    }
}

/// Everything a person decides about a discount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscountFields {
    /// Unique in the branch, without regard to case.
    pub code: Code,
    /// What is taken off.
    pub off: Off,
    /// First day.
    pub valid_from: CivilDate,
    /// Last day.
    pub valid_until: CivilDate,
    /// How often it can be used.
    pub most_uses: Option<i64>,
    /// Whether it can be used.
    pub active: bool,
}

/// A stored discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discount {
    /// Identifier.
    pub id: DiscountId,
    /// The branch that gives it.
    pub branch_id: UnitId,
    /// Unique in the branch.
    pub code: Code,
    /// What is taken off.
    pub off: Off,
    /// First day.
    pub valid_from: CivilDate,
    /// Last day.
    pub valid_until: CivilDate,
    /// How often it can be used.
    pub most_uses: Option<i64>,
    /// How often it was.
    pub uses: i64,
    /// Whether it can be used.
    pub active: bool,
    /// Counts changes.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl FromRow for Discount {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            code: row.get("code")?,
            off: super::from_json("off", &row.get::<String>("off")?)?,
            valid_from: row.get("valid_from")?,
            valid_until: row.get("valid_until")?,
            most_uses: row.get("most_uses")?,
            uses: row.get("uses")?,
            active: row.get("active")?,
            version: row.get("version")?,
            created_at: row.get("created_at")?,
        })
    }
}
