//! Expenses: what was spent at a branch, out of somebody's drawer or the bank.

pub mod api;
pub mod flow;
pub mod store;

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::{CivilDate, Currency, IdentityId, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::payment::{Method, PayReference, Reason};
use crate::student::stored_words;

define_id! {
    /// An expense.
    pub struct ExpenseId;
}

stored_words! {
    /// What was paid for.
    Category {
        /// Rent.
        Rent = "rent",
        /// Electricity and water.
        Utilities = "utilities",
        /// Wages.
        Wages = "wages",
        /// Repairs.
        Repairs = "repairs",
        /// What is used up.
        Supplies = "supplies",
        /// Internet and phone.
        Internet = "internet",
        /// Advertising.
        Advertising = "advertising",
        /// Anything else.
        Other = "other",
    }
}

/// A stored expense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expense {
    /// Identifier.
    pub id: ExpenseId,
    /// The branch it was for.
    pub branch_id: UnitId,
    /// What was paid for.
    pub category: Category,
    /// How.
    pub method: Method,
    /// How much, in minor units.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
    /// The number of the bill, or of what was sent.
    pub reference: Option<PayReference>,
    /// A few words.
    pub note: Option<Reason>,
    /// Out of whose drawer.
    pub paid_by: IdentityId,
    /// The business day it counts for.
    pub on_day: CivilDate,
    /// When it was entered.
    pub created_at: Timestamp,
}

impl FromRow for Expense {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            category: row.get("category")?,
            method: row.get("method")?,
            amount: row.get("amount")?,
            currency: super::currency(&row.get::<String>("currency")?)?,
            reference: row.get("reference")?,
            note: row.get("note")?,
            paid_by: row.get("paid_by")?,
            on_day: row.get("on_day")?,
            created_at: row.get("created_at")?,
        })
    }
}
