//! What operators may be allowed.

use gantry_kernel::Permission;
use gantry_runtime::PermissionDecl;

/// See the numbers of the process.
pub(crate) const METRICS_READ: Permission = Permission::new("telemetry.metrics.read");
/// See what the server was started with.
pub(crate) const CONFIGURATION_READ: Permission = Permission::new("telemetry.configuration.read");
/// See how much is logged.
pub(crate) const LOG_READ: Permission = Permission::new("telemetry.log.read");
/// Change how much is logged.
pub(crate) const LOG_CHANGE: Permission = Permission::new("telemetry.log.change");

pub(crate) fn declared() -> Vec<PermissionDecl> {
    [
        (METRICS_READ, "See what the server measures"),
        (CONFIGURATION_READ, "See how the server is configured"),
        (LOG_READ, "See how much the server logs"),
        (LOG_CHANGE, "Change how much the server logs"),
    ]
    .map(|(permission, title)| PermissionDecl {
        permission,
        title,
        scopes: &[],
    })
    .into()
}
