//! Roles: what a stored role name means today, and who may hand one out.
//!
//! Modules declare permissions and roles; three more are built in ([`OWNER`], [`ADMIN`], [`MEMBER`]), and each
//! tenant makes its own (`custom_roles`). A stored name that nobody declares any more grants nothing and is reported
//! once.

pub(crate) mod api;
mod giving;
mod grant;
mod roles;
pub(crate) mod store;

pub(crate) use giving::{Giver, giver};
pub(crate) use grant::everything;
pub use grant::{Fault, Grant, GrantError};
pub(crate) use roles::TenantRoles;
pub use roles::{Declared, Role, Roles};

use gantry_kernel::Permission;

/// Everything a tenant offers, ownership included.
pub const OWNER: &str = "owner";
/// Everything except what only owners may do.
pub const ADMIN: &str = "admin";
/// Belongs to the tenant, and nothing more.
pub const MEMBER: &str = "member";
/// The platform's own staff.
pub const OPERATOR: &str = "operator";

/// See the members, roles and invitations of the tenant.
pub const MEMBER_READ: Permission = Permission::new("identity.member.read");
/// Invite, change and remove members.
pub const MEMBER_MANAGE: Permission = Permission::new("identity.member.manage");
/// Make, change and remove the tenant's own roles.
pub const ROLE_MANAGE: Permission = Permission::new("identity.role.manage");
/// See the tenant's service accounts and their keys.
pub const SERVICE_READ: Permission = Permission::new("identity.service.read");
/// Make, change and remove service accounts and their keys.
pub const SERVICE_MANAGE: Permission = Permission::new("identity.service.manage");
/// Make others owners, and take ownership away.
pub const OWNERSHIP: Permission = Permission::new("identity.ownership.transfer");
/// Read what was done to the tenant's members and their access.
pub const AUDIT_READ: Permission = Permission::new("identity.audit.read");
/// Lift the locks of an account after failed log-ins.
pub const ACCOUNT_UNLOCK: Permission = Permission::new("identity.account.unlock");

/// What decides about access. Service accounts never have it, so that a key that leaked cannot make itself another
/// one, or a friend.
const PEOPLE_ONLY: [Permission; 4] = [MEMBER_MANAGE, ROLE_MANAGE, SERVICE_MANAGE, OWNERSHIP];

/// Whether only people can use a permission.
pub(crate) fn is_for_people(permission: &str) -> bool {
    PEOPLE_ONLY
        .iter()
        .any(|reserved| reserved.as_str() == permission)
}
