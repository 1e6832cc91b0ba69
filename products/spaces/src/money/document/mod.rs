//! Invoices, receipts and credit notes: numbered without gaps, and never changed.

pub mod api;
pub mod issue;
pub mod print;
pub mod store;

use gantry_db::{DbError, FromRow, Row};
use gantry_invoices::{Document, Kind};
use gantry_kernel::{CivilDate, Currency, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::student::StudentId;

define_id! {
    /// An issued document.
    pub struct DocumentId;
}

/// An issued document without what is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Issued {
    /// Identifier.
    pub id: DocumentId,
    /// The branch that issued it.
    pub branch_id: UnitId,
    /// Whom it is for.
    pub student_id: StudentId,
    /// What it is.
    pub kind: Kind,
    /// Its number.
    pub number: String,
    /// Its day, in the branch's time zone.
    pub issued_on: CivilDate,
    /// With tax, in minor units.
    pub total: i64,
    /// The currency.
    pub currency: Currency,
    /// The invoice that a credit note takes back of.
    pub refers_to: Option<DocumentId>,
    /// When it was issued.
    pub created_at: Timestamp,
}

impl FromRow for Issued {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            branch_id: row.get("branch_id")?,
            student_id: row.get("student_id")?,
            kind: row.get("kind")?,
            number: row.get("full_number")?,
            issued_on: row.get("issued_on")?,
            total: row.get("total")?,
            currency: super::currency(&row.get::<String>("currency")?)?,
            refers_to: row.get("refers_to")?,
            created_at: row.get("created_at")?,
        })
    }
}

/// An issued document as it was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Whole {
    /// Where it stands.
    #[serde(flatten)]
    pub issued: Issued,
    /// What is printed.
    pub document: Document,
}

impl FromRow for Whole {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            issued: Issued::from_row(row)?,
            document: super::from_json("body", &row.get::<String>("body")?)?,
        })
    }
}
