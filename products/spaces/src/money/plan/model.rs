//! What a fee plan is.

use gantry_db::{DbError, FromRow, Row};
use gantry_invoices::{Hsn, Pricing, Rate};
use gantry_kernel::{Text, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::error::Error;
use crate::money::{Amount, ShiftId, ZoneId};
use crate::student::stored_words;

define_id! {
    /// A fee plan.
    pub struct PlanId;
}

/// A plan's name.
pub type PlanName = Text<1, 80>;

stored_words! {
    /// By which measure a plan is sold.
    Period {
        /// By the hour.
        Hourly = "hourly",
        /// By the day.
        Daily = "daily",
        /// By seven days.
        Weekly = "weekly",
        /// By the month.
        Monthly = "monthly",
        /// By three months.
        Quarterly = "quarterly",
        /// By six months.
        HalfYear = "half_year",
        /// By the year.
        Annual = "annual",
        /// A package of its own length, with one price for all of its shifts.
        Combo = "combo",
    }
}

/// The length of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Months.
    #[schemars(range(max = 60))]
    pub months: u8,
    /// Days after them.
    #[schemars(range(max = 200))]
    pub days: u8,
}

/// A price of its own for a zone, a shift, or a shift in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Only in this zone.
    #[serde(default)]
    pub zone_id: Option<ZoneId>,
    /// Only in this shift.
    #[serde(default)]
    pub shift_id: Option<ShiftId>,
    /// The price of a period.
    pub price: Amount,
}

/// How a plan is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The measure.
    pub period: Period,
    /// The length of a `combo`; other plans have none.
    #[serde(default)]
    pub package: Option<Package>,
    /// The price of a period, in minor units, where no other price fits.
    pub price: Amount,
    /// Prices of zones and shifts: that of a shift in a zone goes before that of a shift, and that before that of a zone.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub prices: Vec<Price>,
    /// Once, when a student enters.
    #[serde(default)]
    pub admission_fee: Amount,
    /// Once, and given back in the end.
    #[serde(default)]
    pub deposit: Amount,
    /// Whether prices hold the tax.
    #[serde(default = "inclusive")]
    pub pricing: Pricing,
    /// The rate of GST, in hundredths of a percent; it counts only in a branch with a GSTIN.
    #[serde(default = "standard")]
    pub rate: Rate,
    /// HSN or SAC code.
    #[serde(default)]
    pub hsn: Option<Hsn>,
}

const fn inclusive() -> Pricing {
    Pricing::Inclusive
}

const fn standard() -> Rate {
    Rate::STANDARD
}

impl Terms {
    /// The price of a period in a zone and a shift.
    pub fn price_for(&self, zone: Option<ZoneId>, shift: Option<ShiftId>) -> i64 {
        let fits = |price: &&Price| {
            (price.zone_id.is_none() || price.zone_id == zone)
                && (price.shift_id.is_none() || price.shift_id == shift)
        };
        let best = self
            .prices
            .iter()
            .filter(fits)
            .max_by_key(|price| (price.shift_id.is_some(), price.zone_id.is_some()));
        best.map_or(self.price, |price| price.price).get()
    }

    /// Errors: [`Error::Terms`] for terms that contradict each other.
    pub fn check(&self) -> Result<(), Error> {
        let package = self.package.filter(|p| p.months > 0 || p.days > 0);
        if (self.period == Period::Combo) != self.package.is_some() || package != self.package {
            return Err(Error::Terms(
                "/terms/package",
                "a combo has a package of at least one day, and no other plan has one",
            ));
        }
        if self.package.is_some_and(|p| p.months > 60 || p.days > 200) {
            return Err(Error::Terms(
                "/terms/package",
                "a package has at most 60 months and 200 days",
            ));
        }
        if self.prices.len() > 200 {
            return Err(Error::Terms(
                "/terms/prices",
                "a plan has at most 200 prices",
            ));
        }
        for (at, price) in self.prices.iter().enumerate() {
            if price.zone_id.is_none() && price.shift_id.is_none() {
                return Err(Error::Terms(
                    "/terms/prices",
                    "a price of its own is for a zone, a shift, or both",
                ));
            }
            let same =
                |other: &Price| (other.zone_id, other.shift_id) == (price.zone_id, price.shift_id);
            if self.prices[..at].iter().any(same) {
                return Err(Error::Terms(
                    "/terms/prices",
                    "two prices are for the same zone and shift",
                ));
            }
        }
        Ok(())
    }
}

/// Everything a person decides about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFields {
    /// Unique in the branch, without regard to case.
    pub name: PlanName,
    /// Whether it is sold.
    pub active: bool,
    /// How.
    pub terms: Terms,
}

/// A stored plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Identifier.
    pub id: PlanId,
    /// The branch that sells it.
    pub branch_id: UnitId,
    /// Unique in the branch.
    pub name: PlanName,
    /// Whether it is sold.
    pub active: bool,
    /// How. What was sold under an earlier version keeps that version's price.
    pub terms: Terms,
    /// Counts changes.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl FromRow for Plan {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            name: row.get("name")?,
            active: row.get("active")?,
            terms: crate::money::from_json("terms", &row.get::<String>("terms")?)?,
            version: row.get("version")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }
}
