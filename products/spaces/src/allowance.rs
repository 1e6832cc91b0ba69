//! How many branches and students the tenant may have.

use gantry_contracts::{Limits, Slot};
use gantry_kernel::{Problem, TenantId};

/// The limit on students, in whatever status.
pub const STUDENTS: &str = "spaces.students";
/// The limit on branches, active or not.
pub const BRANCHES: &str = "spaces.branches";

/// Asks for limits. An answer is compared with the count inside the transaction that adds
/// (`gantry_contracts::within_limit`), where it is exact.
#[derive(Debug, Clone)]
pub struct Allowance(Slot<dyn Limits>);

impl Allowance {
    /// Asks whoever fills the slot.
    pub fn new(limits: Slot<dyn Limits>) -> Self {
        Self(limits)
    }

    /// The most students the tenant may have now; `None` for any number.
    pub async fn students(&self, tenant: TenantId) -> Result<Option<i64>, Problem> {
        self.0.get()?.limit(tenant, STUDENTS).await
    }

    /// The most branches the tenant may have now; `None` for any number.
    pub async fn branches(&self, tenant: TenantId) -> Result<Option<i64>, Problem> {
        self.0.get()?.limit(tenant, BRANCHES).await
    }
}
