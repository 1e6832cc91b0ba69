//! From "begun" to "active", whatever happens in between.

pub(crate) mod api;
mod begin;
mod run;
pub(crate) mod store;

pub use begin::Beginner;
pub(crate) use begin::{NewTenant, SlugChoice, begin};
pub use run::job;

use gantry_db::{DbError, Tx};
use gantry_jobs::NewJob;
use gantry_kernel::TenantId;
use serde::{Deserialize, Serialize};

/// The kind of the job, which lives in control.
pub const PROVISION: &str = "tenancy.provision";

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Payload {
    tenant: TenantId,
}

/// Asks for the job; at most one per tenant is waiting.
async fn enqueue(tx: &mut Tx, tenant: TenantId) -> Result<(), DbError> {
    let job = NewJob::new(PROVISION, &Payload { tenant }).dedupe(format!("{PROVISION}:{tenant}"));
    gantry_jobs::enqueue(tx, job).await.map(drop)
}
