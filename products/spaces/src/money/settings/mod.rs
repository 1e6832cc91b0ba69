//! What is decided about money: for the tenant as a whole, and who each branch is on paper.

pub mod api;
pub mod flow;
pub mod store;

use gantry_db::{DbError, FromRow, Row, Tx};
use gantry_invoices::{Gstin, Party, Prefix, StateCode, Supply};
use gantry_kernel::{CivilDate, Currency, Scope, Text, Timestamp, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::{Amount, Positive};
use crate::branch;
use crate::phone::Phone;

/// A name on paper.
pub type LegalName = Text<1, 120>;
/// An address on paper.
pub type PostalAddress = Text<1, 300>;

/// What the tenant has decided about money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// The currency of all prices and amounts.
    pub currency: Currency,
    /// A payment or refund above it counts only after a second person approved it. Absent, none needs that.
    pub approval_limit: Option<Amount>,
    /// What paying late costs; nothing when absent.
    pub late_fee: Option<Positive>,
    /// How many days after the day a due is due it is late.
    pub late_days: i64,
    /// Counts changes.
    pub version: i64,
    /// When it last changed; the beginning of 1970 if it never did.
    pub updated_at: Timestamp,
}

fn optional<T: TryFrom<i64>>(column: &str, amount: Option<i64>) -> Result<Option<T>, DbError> {
    amount
        .map(|amount| {
            T::try_from(amount).map_err(|_| DbError::Decode {
                column: column.to_owned(),
                detail: "out of range".to_owned(),
            })
        })
        .transpose()
}

impl FromRow for Settings {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            currency: super::currency(&row.get::<String>("currency")?)?,
            approval_limit: optional("approval_limit", row.get("approval_limit")?)?,
            late_fee: optional("late_fee", row.get("late_fee")?)?,
            late_days: row.get("late_days")?,
            version: row.get("version")?,
            updated_at: row.get("updated_at")?,
        })
    }
}

impl Settings {
    /// Whether an amount counts only after somebody else approved it.
    pub fn needs_approval(&self, amount: i64) -> bool {
        self.approval_limit
            .is_some_and(|limit| amount > limit.get())
    }
}

/// Who a branch is on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// The branch.
    pub branch_id: UnitId,
    /// The seller's name.
    pub legal_name: LegalName,
    /// The seller's address.
    pub address: Option<PostalAddress>,
    /// The seller's phone.
    pub phone: Option<Phone>,
    /// The registration of the seller; without one nothing is taxed.
    pub gstin: Option<Gstin>,
    /// The seller's state.
    pub state: Option<StateCode>,
    /// What the numbers of this branch's documents begin with.
    pub prefix: Prefix,
    /// Counts changes.
    pub version: i64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

gantry_db::from_row!(Profile {
    branch_id,
    legal_name,
    address,
    phone,
    gstin,
    state,
    prefix,
    version,
    updated_at,
});

impl Profile {
    /// As it stands on a document.
    pub fn party(&self) -> Party {
        Party {
            name: self.legal_name.to_string(),
            address: self.address.as_ref().map(ToString::to_string),
            gstin: self.gstin.clone(),
            state: self.state,
            phone: self.phone.as_ref().map(ToString::to_string),
        }
    }
}

/// Which taxes a sale of this branch bears. A seat is used where it stands, so the place of supply is the branch's state unless a buyer with a
/// registration of their own says another.
pub fn supply(profile: Option<&Profile>, place: Option<StateCode>) -> Supply {
    match profile.and_then(|profile| profile.gstin.as_ref()) {
        None => Supply::Untaxed,
        Some(gstin) if place.is_none() || place == gstin.state() => Supply::Within,
        Some(_) => Supply::Across,
    }
}

/// The branch's day.
///
/// Errors: [`Error::BranchUnknown`].
pub async fn today(tx: &mut Tx, scope: &Scope, branch: UnitId) -> Result<CivilDate, Error> {
    let branch = branch::store::by_id(tx, scope, branch)
        .await?
        .ok_or(Error::BranchUnknown)?;
    Ok(branch.time_zone.date_at(tx.now()))
}
