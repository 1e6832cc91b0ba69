//! Payments: what came in, how, and what it was for.

pub mod account;
pub mod api;
pub mod decide;
pub mod flow;
pub mod store;

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::{CivilDate, Currency, IdentityId, Text, Timestamp, UnitId, define_id, fold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::DocumentId;
use super::due::DueId;
use crate::student::{StudentId, stored_words};

define_id! {
    /// A payment.
    pub struct PaymentId;
}

/// What the payer's side calls a payment: a UPI reference, the number of a cheque, of a transfer.
pub type PayReference = Text<1, 60>;
/// Why something was done.
pub type Reason = Text<1, 200>;

stored_words! {
    /// How money moves at the desk.
    #[derive(PartialOrd, Ord)]
    Method {
        /// Notes and coins.
        Cash = "cash",
        /// UPI, by the reference that the payer shows.
        Upi = "upi",
        /// A cheque.
        Cheque = "cheque",
        /// A transfer to the bank account.
        BankTransfer = "bank_transfer",
    }
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cash, Self::Upi, Self::Cheque, Self::BankTransfer];

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cash => "Cash",
            Self::Upi => "UPI",
            Self::Cheque => "Cheque",
            Self::BankTransfer => "Bank transfer",
        }
    }

    /// Under which a reference is unique; two spellings of one are the same.
    pub fn reference_key(self, reference: &PayReference) -> String {
        format!("{self}:{}", fold(reference.as_str()))
    }
}

stored_words! {
    /// How far a payment or refund is.
    Decision {
        /// It waits for a second person.
        Pending = "pending",
        /// It counts.
        Counted = "counted",
        /// It was rejected, and never counted.
        Rejected = "rejected",
    }
}

/// A stored payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payment {
    /// Identifier.
    pub id: PaymentId,
    /// The branch that took it.
    pub branch_id: UnitId,
    /// Who paid, or for whom.
    pub student_id: StudentId,
    /// How.
    pub method: Method,
    /// How much, in minor units.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
    /// The payer's reference.
    pub reference: Option<PayReference>,
    /// The dues it was meant for; the oldest when absent.
    pub due_ids: Option<Vec<DueId>>,
    /// Whether it counts.
    pub state: Decision,
    /// Who took it.
    pub taken_by: IdentityId,
    /// The business day it counts for; the day after one that is closed.
    pub on_day: Option<CivilDate>,
    /// The receipt.
    pub receipt_id: Option<DocumentId>,
    /// Who approved or rejected it.
    pub decided_by: Option<IdentityId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why it was rejected.
    pub reason: Option<Reason>,
    /// When it was taken.
    pub created_at: Timestamp,
}

impl FromRow for Payment {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let chosen: Option<String> = row.get("chosen")?;
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            student_id: row.get("student_id")?,
            method: row.get("method")?,
            amount: row.get("amount")?,
            currency: super::currency(&row.get::<String>("currency")?)?,
            reference: row.get("reference")?,
            due_ids: chosen
                .map(|text| super::from_json("chosen", &text))
                .transpose()?,
            state: row.get("state")?,
            taken_by: row.get("taken_by")?,
            on_day: row.get("on_day")?,
            receipt_id: row.get("receipt_id")?,
            decided_by: row.get("decided_by")?,
            decided_at: row.get("decided_at")?,
            reason: row.get("reason")?,
            created_at: row.get("created_at")?,
        })
    }
}
