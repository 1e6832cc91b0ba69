//! What people may do with money.

use gantry_kernel::Permission;
use gantry_runtime::PermissionDecl;

use crate::permission::UNITS;

/// See fee plans and discounts, and work out prices.
pub const FEE_READ: Permission = Permission::new("spaces.fee.read");
/// Change fee plans, discounts, billing details and what is decided about money.
pub const FEE_WRITE: Permission = Permission::new("spaces.fee.write");
/// See dues, payments, refunds and documents.
pub const PAYMENT_READ: Permission = Permission::new("spaces.payment.read");
/// Charge students and take payments.
pub const PAYMENT_TAKE: Permission = Permission::new("spaces.payment.take");
/// Approve or reject payments and refunds above the limit.
pub const PAYMENT_APPROVE: Permission = Permission::new("spaces.payment.approve");
/// Waive dues, credit invoices, refund and keep deposits.
pub const REFUND_MAKE: Permission = Permission::new("spaces.refund.make");
/// Close the day.
pub const DAYCLOSE_MAKE: Permission = Permission::new("spaces.dayclose.make");
/// Enter expenses.
pub const EXPENSE_WRITE: Permission = Permission::new("spaces.expense.write");
/// See expenses and reports, and take them out as files.
pub const REPORT_READ: Permission = Permission::new("spaces.report.read");

/// The permissions with their names.
pub fn permissions() -> Vec<PermissionDecl> {
    let decl = |permission, title| PermissionDecl {
        permission,
        title,
        scopes: UNITS,
    };
    vec![
        decl(FEE_READ, "See fee plans and discounts"),
        decl(FEE_WRITE, "Change fee plans, discounts and billing details"),
        decl(PAYMENT_READ, "See dues, payments and documents"),
        decl(PAYMENT_TAKE, "Charge students and take payments"),
        decl(PAYMENT_APPROVE, "Approve payments and refunds"),
        decl(REFUND_MAKE, "Waive, credit and refund"),
        decl(DAYCLOSE_MAKE, "Close the day"),
        decl(EXPENSE_WRITE, "Enter expenses"),
        decl(REPORT_READ, "See reports about money"),
    ]
}
