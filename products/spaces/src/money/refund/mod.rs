//! Refunds: giving back what was paid ahead or deposited. What was paid for something is credited first, and is paid ahead then.

pub mod api;
pub mod flow;
pub mod store;

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::{CivilDate, Currency, IdentityId, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::payment::{Decision, Method, PayReference, Reason};
use crate::student::{StudentId, stored_words};

define_id! {
    /// A refund.
    pub struct RefundId;
}

stored_words! {
    /// What is given back.
    Source {
        /// What was paid ahead.
        Advance = "advance",
        /// A deposit.
        Deposit = "deposit",
    }
}

/// A stored refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refund {
    /// Identifier.
    pub id: RefundId,
    /// The branch that gives it back.
    pub branch_id: UnitId,
    /// To whom.
    pub student_id: StudentId,
    /// What is given back.
    pub source: Source,
    /// How.
    pub method: Method,
    /// How much, in minor units.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
    /// The reference of what was sent.
    pub reference: Option<PayReference>,
    /// Why.
    pub reason: Reason,
    /// Whether it counts.
    pub state: Decision,
    /// Who asked for it.
    pub asked_by: IdentityId,
    /// The business day it counts for.
    pub on_day: Option<CivilDate>,
    /// Who approved or rejected it.
    pub decided_by: Option<IdentityId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why it was rejected.
    pub decided_reason: Option<Reason>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl FromRow for Refund {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            student_id: row.get("student_id")?,
            source: row.get("source")?,
            method: row.get("method")?,
            amount: row.get("amount")?,
            currency: super::currency(&row.get::<String>("currency")?)?,
            reference: row.get("reference")?,
            reason: row.get("reason")?,
            state: row.get("state")?,
            asked_by: row.get("asked_by")?,
            on_day: row.get("on_day")?,
            decided_by: row.get("decided_by")?,
            decided_at: row.get("decided_at")?,
            decided_reason: row.get("decided_reason")?,
            created_at: row.get("created_at")?,
        })
    }
}
