//! What one may be allowed to do with backups.

use gantry_kernel::{Permission, ScopeKind};
use gantry_runtime::PermissionDecl;

/// See all backups with their evidence.
pub(crate) const READ: Permission = Permission::new("backup.backup.read");
/// Take backups and look at them again.
pub(crate) const RUN: Permission = Permission::new("backup.backup.run");
/// Take a tenant back to a backup.
pub(crate) const RESTORE: Permission = Permission::new("backup.backup.restore");
/// See how well the own workspace is backed up.
pub(crate) const OWN_READ: Permission = Permission::new("backup.workspace.read");

const TENANT: &[ScopeKind] = &[ScopeKind::All];
const PLATFORM: &[ScopeKind] = &[];

pub(crate) fn declared() -> Vec<PermissionDecl> {
    let declare = |permission, title, scopes| PermissionDecl {
        permission,
        title,
        scopes,
    };
    vec![
        declare(READ, "See backups and their evidence", PLATFORM),
        declare(RUN, "Take and verify backups", PLATFORM),
        declare(RESTORE, "Take a tenant back to a backup", PLATFORM),
        declare(
            OWN_READ,
            "See when the workspace was last backed up",
            TENANT,
        ),
    ]
}
