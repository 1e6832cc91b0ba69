//! What is kept of tenants outside of databases.

use futures_util::future::BoxFuture;
use gantry_kernel::{Problem, TenantId};

/// Provided by files. It takes no transaction, as what it removes is in none.
pub trait TenantFiles: Send + Sync + 'static {
    /// Deletes the bytes of every file of a tenant whose database is gone. Idempotent: the job that calls it may run
    /// again.
    fn forget(&self, tenant: TenantId) -> BoxFuture<'_, Result<(), Problem>>;
}
