//! Dues: what a student owes, by when, and what became of it.

pub mod api;
pub mod flow;
pub mod store;
pub mod take_back;

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::{CivilDate, Currency, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MembershipId;
use super::discount::DiscountId;
use super::document::DocumentId;
use super::plan::PlanId;
use crate::student::{StudentId, stored_words};

define_id! {
    /// Something that is owed.
    pub struct DueId;
}

stored_words! {
    /// What a due is for.
    DueKind {
        /// What a plan costs, and entering.
        Fee = "fee",
        /// What is given back in the end.
        Deposit = "deposit",
        /// Paying late.
        LateFee = "late_fee",
        /// Anything else.
        Other = "other",
    }
}

stored_words! {
    /// What a move did.
    MoveKind {
        /// A payment was taken for it.
        Paid = "paid",
        /// It was taken from what had been paid ahead.
        Advance = "advance",
        /// It was let off.
        Waived = "waived",
        /// It was credited before it was paid.
        Credited = "credited",
        /// It was credited after it had been paid, and is paid ahead now.
        Returned = "returned",
    }
}

/// A due as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Due {
    /// Identifier.
    pub id: DueId,
    /// The branch it is owed to.
    pub branch_id: UnitId,
    /// Who owes.
    pub student_id: StudentId,
    /// What was bought.
    pub membership_id: Option<MembershipId>,
    /// What for.
    pub kind: DueKind,
    /// The same in words.
    pub title: String,
    /// By when.
    pub due_on: CivilDate,
    /// How much, with tax, in minor units.
    pub amount: i64,
    /// What is left of it.
    pub left: i64,
    /// The currency.
    pub currency: Currency,
    /// The plan that was sold.
    pub plan_id: Option<PlanId>,
    /// The version that counts.
    pub plan_version: Option<i64>,
    /// What was taken off.
    pub discount_id: Option<DiscountId>,
    /// The invoice.
    pub invoice_id: Option<DocumentId>,
    /// The due that was not paid in time, if this is a late fee.
    pub late_for: Option<DueId>,
    /// Whether anything is left of it.
    pub open: bool,
    /// The day nothing was left any more.
    pub settled_on: Option<CivilDate>,
    /// The day it was charged.
    pub charged_on: CivilDate,
    /// When it was charged.
    pub created_at: Timestamp,
}

impl FromRow for Due {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            student_id: row.get("student_id")?,
            membership_id: row.get("membership_id")?,
            kind: row.get("kind")?,
            title: row.get("title")?,
            due_on: row.get("due_on")?,
            amount: row.get("amount")?,
            left: row.get("still_left")?,
            currency: super::currency(&row.get::<String>("currency")?)?,
            plan_id: row.get("plan_id")?,
            plan_version: row.get("plan_version")?,
            discount_id: row.get("discount_id")?,
            invoice_id: row.get("invoice_id")?,
            late_for: row.get("late_for")?,
            open: row.get("open")?,
            settled_on: row.get("settled_on")?,
            charged_on: row.get("charged_on")?,
            created_at: row.get("created_at")?,
        })
    }
}
