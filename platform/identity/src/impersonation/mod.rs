//! Staff acting as a member of one workspace, to see what that person sees: for a stated reason, for half an hour at
//! most, in that workspace only, told to the person and written to the workspace's audit log. Every row that comes
//! of it names the operator (`impersonator`) and the person.

pub(crate) mod api;

use std::time::Duration;

use gantry_kernel::{IdentityId, Permission, TenantId};

/// Act as a member of a workspace.
pub const IMPERSONATE: Permission = Permission::new("identity.person.impersonate");

/// How long one lasts; another takes another reason.
pub(crate) const LIFETIME: Duration = Duration::from_mins(30);

/// Who acts, where, and why.
#[derive(Clone, Debug)]
pub(crate) struct Impersonation {
    pub(crate) operator: IdentityId,
    pub(crate) tenant: TenantId,
    pub(crate) reason: String,
}
