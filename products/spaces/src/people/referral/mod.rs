//! Who brought whom. What that is worth is written down when the lead comes, and earned when the lead becomes a student; paying it out is not done here.

pub mod api;
mod store;

pub(crate) use store::forget_student;

use gantry_audit::{Facts, Target};
use gantry_db::{DbError, Tx, from_row};
use gantry_kernel::{Currency, IdentityId, Money, Scope, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::lead::{self, LeadId, Stage};
use super::permission::LEAD_READ;
use super::record::{Act, record};
use crate::student::flow::By;
use crate::student::{self, StudentId, stored_words};

define_id! {
    /// That a student brought somebody.
    pub struct ReferralId;
}

/// The largest reward, in minor units: a slip of the finger is not a year's fee.
pub const LARGEST: i64 = 1_000_000;

stored_words! {
    #[schemars(rename = "ReferralState")]
    /// What became of a reward.
    State {
        /// The lead is no student yet.
        Pending = "pending",
        /// The lead is one, and the reward is owed.
        Earned = "earned",
        /// It was credited.
        Credited = "credited",
    }
}

/// That a student brought somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Referral {
    /// Identifier.
    pub id: ReferralId,
    /// Whom.
    pub lead_id: LeadId,
    /// The branch of the lead.
    pub branch_id: UnitId,
    /// Who; absent when they are no student any more.
    pub referrer_id: Option<StudentId>,
    /// What it is worth.
    pub reward: Money,
    /// What became of the reward.
    pub state: State,
    /// Who entered it.
    pub created_by: IdentityId,
    /// When.
    pub created_at: Timestamp,
    /// Since when the reward is owed.
    pub earned_at: Option<Timestamp>,
}

/// The row of a referral.
#[derive(Debug, Clone)]
struct Row {
    id: ReferralId,
    lead_id: LeadId,
    branch_id: UnitId,
    referrer_id: Option<StudentId>,
    amount: i64,
    currency: String,
    state: State,
    created_by: IdentityId,
    created_at: Timestamp,
    earned_at: Option<Timestamp>,
}

from_row!(Row {
    id,
    lead_id,
    branch_id,
    referrer_id,
    amount,
    currency,
    state,
    created_by,
    created_at,
    earned_at,
});

impl TryFrom<Row> for Referral {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let currency: Currency = row
            .currency
            .parse()
            .map_err(|_| DbError::Other(format!("the currency of referral {}", row.id)))?;
        Ok(Self {
            id: row.id,
            lead_id: row.lead_id,
            branch_id: row.branch_id,
            referrer_id: row.referrer_id,
            reward: Money::new(row.amount, currency),
            state: row.state,
            created_by: row.created_by,
            created_at: row.created_at,
            earned_at: row.earned_at,
        })
    }
}

/// Writes down who brought a lead that is not won yet.
async fn create(
    tx: &mut Tx,
    by: &By,
    person: IdentityId,
    (lead, referrer): (LeadId, StudentId),
    reward: Money,
) -> Result<Referral, Error> {
    if !(1..=LARGEST).contains(&reward.amount) {
        return Err(Error::RewardAmount);
    }
    let lead = lead::store::by_id(tx, &by.scope, lead).await?;
    let lead = lead.ok_or(Error::LeadUnknown)?;
    if lead.stage == Stage::Won {
        return Err(Error::LeadWon);
    }
    let referrer = student::store::by_id(tx, &by.scope, referrer).await?;
    let referrer = referrer.ok_or(Error::StudentUnknown)?;
    let row = Row {
        id: tx.kernel().id(),
        lead_id: lead.id,
        branch_id: lead.branch_id,
        referrer_id: Some(referrer.id),
        amount: reward.amount,
        currency: reward.currency.to_string(),
        state: State::Pending,
        created_by: person,
        created_at: tx.now(),
        earned_at: None,
    };
    store::insert(tx, &row).await.map_err(|error| {
        if error.is_unique_on("referrals", "lead_id") {
            Error::ReferralExists
        } else {
            error.into()
        }
    })?;
    let referral = Referral::try_from(row)?;
    told(tx, by, "spaces.referral.created", &referral).await?;
    Ok(referral)
}

/// The lead is a student: who brought them has earned the reward.
pub(super) async fn earn(tx: &mut Tx, by: &By, lead: LeadId) -> Result<(), Error> {
    if let Some(row) = store::earn(tx, lead).await? {
        told(tx, by, "spaces.referral.earned", &Referral::try_from(row)?).await?;
    }
    Ok(())
}

/// Takes back what was written down by mistake, before it is worth anything.
async fn withdraw(tx: &mut Tx, by: &By, id: ReferralId) -> Result<(), Error> {
    let referral = find(tx, &by.scope, id).await?;
    if referral.state != State::Pending {
        return Err(Error::ReferralEarned);
    }
    store::delete(tx, id).await?;
    told(tx, by, "spaces.referral.withdrawn", &referral).await
}

async fn find(tx: &mut Tx, scope: &Scope, id: ReferralId) -> Result<Referral, Error> {
    let row = store::by_id(tx, scope, id).await?;
    Ok(Referral::try_from(row.ok_or(Error::NotFound)?)?)
}

async fn told(
    tx: &mut Tx,
    by: &By,
    action: &'static str,
    referral: &Referral,
) -> Result<(), Error> {
    let facts = Facts::new()
        .with("lead_id", referral.lead_id.to_string())
        .with("referrer_id", referral.referrer_id.map(|id| id.to_string()))
        .with("state", referral.state.as_str())
        .with("amount", referral.reward.amount)
        .with("currency", referral.reward.currency.as_str());
    let act = Act {
        action,
        event: "spaces.referral.changed",
        target: Target::new("referral", referral.id),
        subject: referral.id.to_string(),
        readers: LEAD_READ,
        branch: Some(referral.branch_id),
    };
    Ok(record(tx, by, act, facts).await?)
}
