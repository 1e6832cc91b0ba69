//! What people may do with seats and with those who sit on them.

use gantry_kernel::Permission;
use gantry_runtime::PermissionDecl;

use crate::permission::UNITS;

/// See zones, seats, the map, shifts, closures, rules and what is free.
pub const SEAT_READ: Permission = Permission::new("spaces.seat.read");
/// Change zones, seats, the map, shifts, closures and rules.
pub const SEAT_WRITE: Permission = Permission::new("spaces.seat.write");
/// See who holds which seat and when.
pub const MEMBERSHIP_READ: Permission = Permission::new("spaces.membership.read");
/// Hold, give and take back seats; sell and change memberships.
pub const MEMBERSHIP_WRITE: Permission = Permission::new("spaces.membership.write");

/// The permissions with their names for the roles page.
pub fn permissions() -> [PermissionDecl; 4] {
    [
        (SEAT_READ, "See seats, shifts and what is free"),
        (
            SEAT_WRITE,
            "Change seats, the map, shifts, closures and rules",
        ),
        (MEMBERSHIP_READ, "See memberships and who holds which seat"),
        (MEMBERSHIP_WRITE, "Hold seats, sell and change memberships"),
    ]
    .map(|(permission, title)| PermissionDecl {
        permission,
        title,
        scopes: UNITS,
    })
}
