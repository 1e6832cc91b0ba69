//! What one may be allowed to do with tenants.

use gantry_kernel::{Permission, ScopeKind};
use gantry_runtime::PermissionDecl;

/// See the workspace's own entry and its limits.
pub const WORKSPACE_READ: Permission = Permission::new("tenancy.workspace.read");
/// Change the workspace's name.
pub const WORKSPACE_EDIT: Permission = Permission::new("tenancy.workspace.edit");
/// See all tenants.
pub const TENANT_READ: Permission = Permission::new("tenancy.tenant.read");
/// Begin tenants for somebody, and try again what failed.
pub const TENANT_CREATE: Permission = Permission::new("tenancy.tenant.create");
/// Change a tenant's name, address and limits.
pub const TENANT_EDIT: Permission = Permission::new("tenancy.tenant.edit");
/// Make a tenant read-only, and undo it.
pub const TENANT_SUSPEND: Permission = Permission::new("tenancy.tenant.suspend");

/// Close tenants, and call that off.
pub const TENANT_CLOSE: Permission = Permission::new("tenancy.tenant.close");
/// Move tenants' databases, and bring them to the present schema.
pub const TENANT_MOVE: Permission = Permission::new("tenancy.tenant.move");

const TENANT: &[ScopeKind] = &[ScopeKind::All];
const PLATFORM: &[ScopeKind] = &[];

/// All of them, for the manifest.
pub(crate) fn declared() -> Vec<PermissionDecl> {
    let declare = |permission, title, scopes| PermissionDecl {
        permission,
        title,
        scopes,
    };
    vec![
        declare(WORKSPACE_READ, "See the workspace and its limits", TENANT),
        declare(WORKSPACE_EDIT, "Rename the workspace", TENANT),
        declare(TENANT_READ, "See all tenants", PLATFORM),
        declare(TENANT_CREATE, "Create tenants", PLATFORM),
        declare(TENANT_EDIT, "Change tenants and their limits", PLATFORM),
        declare(TENANT_SUSPEND, "Suspend and resume tenants", PLATFORM),
        declare(TENANT_CLOSE, "Close tenants", PLATFORM),
        declare(TENANT_MOVE, "Move and migrate tenants' databases", PLATFORM),
    ]
}
