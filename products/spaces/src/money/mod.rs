//! Money at the desk: what things cost, who owes what, what was paid, and the papers about it.
//!
//! Every amount is worked out here and posted to the ledger in the transaction of its cause ([`chart`]); what somebody owes, has paid ahead or
//! has deposited is a sum over postings and stored nowhere. `quote` is pure. Who sells something calls [`quote`] and, in the transaction of the
//! sale, [`charge`]; who takes something back calls [`credit`].

mod amount;
pub mod chart;
pub mod day_close;
pub mod discount;
pub mod document;
pub mod due;
pub mod error;
pub mod expense;
pub mod job;
pub mod payment;
pub mod permission;
pub mod plan;
pub mod quote;
mod record;
pub mod refund;
pub mod report;
pub mod routes;
pub mod settings;

use gantry_kernel::define_id;

pub use amount::{Amount, Positive};
pub use due::flow::{Charge, Charged, Credit, When, charge, credit};
pub use error::Error;
pub use plan::quote::{Wanted, quote_plan as quote};
pub use quote::{LineKind, Quote, QuoteFault, QuoteLine, Span};

define_id! {
    /// A zone of a branch, as prices name it.
    pub struct ZoneId;
}

define_id! {
    /// A shift of a branch, as prices name it.
    pub struct ShiftId;
}

define_id! {
    /// What somebody bought a seat with.
    pub struct MembershipId;
}

/// A stored JSON value.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, gantry_db::DbError> {
    serde_json::to_string(value).map_err(|error| gantry_db::DbError::Other(error.to_string()))
}

/// The value of a column with JSON.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(
    column: &str,
    text: &str,
) -> Result<T, gantry_db::DbError> {
    serde_json::from_str(text).map_err(|error| gantry_db::DbError::Decode {
        column: column.to_owned(),
        detail: error.to_string(),
    })
}

/// A currency's stored code.
pub(crate) fn currency(text: &str) -> Result<gantry_kernel::Currency, gantry_db::DbError> {
    text.parse().map_err(|_| gantry_db::DbError::Decode {
        column: "currency".to_owned(),
        detail: "not a currency".to_owned(),
    })
}

/// Beside a flattened struct every query value is text.
pub(crate) fn flag<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    match <Option<String> as serde::Deserialize>::deserialize(from)?.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(serde::de::Error::custom("expected true or false")),
    }
}

/// The list has one order only.
pub(crate) fn only_order(
    page: &gantry_http::PageQuery,
    order: &'static str,
) -> Result<(), gantry_kernel::Problem> {
    match page.order_by.as_deref() {
        Some(asked) if asked != order => Err(gantry_kernel::Problem::invalid_field(
            "?order_by",
            "unknown_order",
            format!("expected {order}"),
        )),
        _ => Ok(()),
    }
}
