//! What people may do with what is known of people.

use gantry_kernel::Permission;
use gantry_runtime::PermissionDecl;

use crate::permission::UNITS;

/// See which documents and numbers of identity there are of students, and open photos and other documents.
pub const DOCUMENT_READ: Permission = Permission::new("spaces.document.read");
/// Add and remove them.
pub const DOCUMENT_WRITE: Permission = Permission::new("spaces.document.write");
/// Open documents of identity, and see their numbers in full.
pub const DOCUMENT_REVEAL: Permission = Permission::new("spaces.document.reveal");

/// See leads and referrals.
pub const LEAD_READ: Permission = Permission::new("spaces.lead.read");
/// Enter and change leads and referrals.
pub const LEAD_WRITE: Permission = Permission::new("spaces.lead.write");
/// See tickets.
pub const TICKET_READ: Permission = Permission::new("spaces.ticket.read");
/// Open, change and comment tickets.
pub const TICKET_WRITE: Permission = Permission::new("spaces.ticket.write");
/// Announce; whoever sees a branch sees what is announced there.
pub const ANNOUNCEMENT_WRITE: Permission = Permission::new("spaces.announcement.write");

/// The permissions with their names for the roles page.
pub fn permissions() -> [PermissionDecl; 8] {
    [
        (DOCUMENT_READ, "See students' documents and masked numbers"),
        (
            DOCUMENT_WRITE,
            "Add and remove students' documents and numbers",
        ),
        (
            DOCUMENT_REVEAL,
            "Open identity documents and see numbers in full",
        ),
        (LEAD_READ, "See leads and referrals"),
        (LEAD_WRITE, "Enter and change leads and referrals"),
        (TICKET_READ, "See tickets"),
        (TICKET_WRITE, "Open, change and comment tickets"),
        (ANNOUNCEMENT_WRITE, "Announce at the desk"),
    ]
    .map(|(permission, title)| PermissionDecl {
        permission,
        title,
        scopes: UNITS,
    })
}
