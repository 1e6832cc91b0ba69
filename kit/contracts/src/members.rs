//! Membership, as far as other modules may change it.

use futures_util::future::BoxFuture;
use gantry_db::ControlTx;
use gantry_kernel::{IdentityId, Problem, TenantId};

/// Provided by identity.
pub trait Members: Send + Sync + 'static {
    /// Makes `identity` an owner of `tenant` (the role `owner` over everything) in the caller's
    /// transaction. Idempotent: the job that calls it may run again.
    ///
    /// Problems: `not_found` when there is no such identity.
    fn add_owner<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
        identity: IdentityId,
    ) -> BoxFuture<'a, Result<(), Problem>>;

    /// Forgets who belonged to a tenant that is no more, and everything that was theirs only there: grants, roles,
    /// invitations, service accounts with their keys, sign-in providers. What they did stays in the audit log.
    fn forget<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
    ) -> BoxFuture<'a, Result<(), Problem>>;

    /// How many members the tenant has, to show beside its limit.
    fn count<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
    ) -> BoxFuture<'a, Result<i64, Problem>>;
}
