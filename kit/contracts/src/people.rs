//! Who belongs where, for whoever has to tell them something.

use futures_util::future::BoxFuture;
use gantry_db::ControlTx;
use gantry_kernel::{IdentityId, Problem, TenantId};

/// Provided by identity. Both answers are of the caller's transaction, so that what is written by them is right when
/// it commits.
pub trait People: Send + Sync + 'static {
    /// Whether the person belongs to the tenant. Service accounts do not.
    fn is_member<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
        person: IdentityId,
    ) -> BoxFuture<'a, Result<bool, Problem>>;

    /// The operators of the platform who can sign in and hold the permission of this name.
    fn operators<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        permission: &'a str,
    ) -> BoxFuture<'a, Result<Vec<IdentityId>, Problem>>;
}
