//! What this module lets people do, and the roles that come with it.

use gantry_kernel::{Permission, ScopeKind};
use gantry_runtime::{PermissionDecl, RoleDecl};

use crate::money;
use crate::money::permission::{
    DAYCLOSE_MAKE, EXPENSE_WRITE, FEE_READ, FEE_WRITE, PAYMENT_APPROVE, PAYMENT_READ, PAYMENT_TAKE,
    REFUND_MAKE, REPORT_READ,
};
use crate::people::permission::{
    self as people, ANNOUNCEMENT_WRITE, DOCUMENT_READ, DOCUMENT_REVEAL, DOCUMENT_WRITE, LEAD_READ,
    LEAD_WRITE, TICKET_READ, TICKET_WRITE,
};
use crate::seating::permission::{
    self as seating, MEMBERSHIP_READ, MEMBERSHIP_WRITE, SEAT_READ, SEAT_WRITE,
};

/// See branches.
pub const BRANCH_READ: Permission = Permission::new("spaces.branch.read");
/// Open, change and close branches.
pub const BRANCH_WRITE: Permission = Permission::new("spaces.branch.write");
/// See students.
pub const STUDENT_READ: Permission = Permission::new("spaces.student.read");
/// Enter, change and remove students.
pub const STUDENT_WRITE: Permission = Permission::new("spaces.student.write");
/// Import students from a file, and undo that.
pub const STUDENT_IMPORT: Permission = Permission::new("spaces.student.import");
/// Take the list of students out as a file.
pub const STUDENT_EXPORT: Permission = Permission::new("spaces.student.export");

/// Reaches that make sense for what belongs to branches.
pub const UNITS: &[ScopeKind] = &[ScopeKind::All, ScopeKind::Units];
/// The reach that opening a branch takes: a new one is in nobody's list of branches.
pub const WHOLE: &[ScopeKind] = &[ScopeKind::All];

/// The permissions with their names for the roles page.
pub fn permissions() -> Vec<PermissionDecl> {
    let decl = |permission, title| PermissionDecl {
        permission,
        title,
        scopes: UNITS,
    };
    let mut all = vec![
        decl(BRANCH_READ, "See branches"),
        decl(BRANCH_WRITE, "Open, change and close branches"),
        decl(STUDENT_READ, "See students"),
        decl(STUDENT_WRITE, "Enter, change and remove students"),
        decl(STUDENT_IMPORT, "Import students and undo imports"),
        decl(STUDENT_EXPORT, "Export students"),
    ];
    all.extend(people::permissions());
    all.extend(money::permission::permissions());
    all.extend(seating::permissions());
    all
}

/// The roles every tenant has from the start.
pub fn roles() -> Vec<RoleDecl> {
    const MANAGER: &[Permission] = &[
        BRANCH_READ,
        BRANCH_WRITE,
        STUDENT_READ,
        STUDENT_WRITE,
        STUDENT_IMPORT,
        STUDENT_EXPORT,
        DOCUMENT_READ,
        DOCUMENT_WRITE,
        DOCUMENT_REVEAL,
        LEAD_READ,
        LEAD_WRITE,
        TICKET_READ,
        TICKET_WRITE,
        ANNOUNCEMENT_WRITE,
        FEE_READ,
        FEE_WRITE,
        PAYMENT_READ,
        PAYMENT_TAKE,
        PAYMENT_APPROVE,
        REFUND_MAKE,
        DAYCLOSE_MAKE,
        EXPENSE_WRITE,
        REPORT_READ,
        SEAT_READ,
        SEAT_WRITE,
        MEMBERSHIP_READ,
        MEMBERSHIP_WRITE,
    ];
    const RECEPTIONIST: &[Permission] = &[
        BRANCH_READ,
        STUDENT_READ,
        STUDENT_WRITE,
        DOCUMENT_READ,
        DOCUMENT_WRITE,
        LEAD_READ,
        LEAD_WRITE,
        TICKET_READ,
        TICKET_WRITE,
        FEE_READ,
        PAYMENT_READ,
        PAYMENT_TAKE,
        DAYCLOSE_MAKE,
        SEAT_READ,
        MEMBERSHIP_READ,
        MEMBERSHIP_WRITE,
    ];
    const ACCOUNTANT: &[Permission] = &[
        BRANCH_READ,
        STUDENT_READ,
        FEE_READ,
        PAYMENT_READ,
        PAYMENT_APPROVE,
        REFUND_MAKE,
        EXPENSE_WRITE,
        REPORT_READ,
    ];
    const VIEWER: &[Permission] = &[
        BRANCH_READ,
        STUDENT_READ,
        DOCUMENT_READ,
        LEAD_READ,
        TICKET_READ,
        SEAT_READ,
        MEMBERSHIP_READ,
    ];
    let role = |key, title, permissions| RoleDecl {
        key,
        title,
        permissions,
        scopes: UNITS,
    };
    vec![
        role("spaces.manager", "Manager", MANAGER),
        role("spaces.receptionist", "Receptionist", RECEPTIONIST),
        role("spaces.accountant", "Accountant", ACCOUNTANT),
        role("spaces.viewer", "Viewer", VIEWER),
    ]
}
