//! The chart of accounts. Accounts belong to a branch; their subject is what the comment says.

use gantry_ledger::{Code, Kind};

use super::payment::Method;

/// Cash that a member of staff holds (subject: the person).
pub const CASH: Code = Code::new(Kind::Asset, "spaces.cash");
/// What came by UPI at somebody's desk, and was not handed over yet (subject: the person).
pub const UPI: Code = Code::new(Kind::Asset, "spaces.upi");
/// Cheques that somebody holds (subject: the person).
pub const CHEQUE: Code = Code::new(Kind::Asset, "spaces.cheque");
/// What came by bank transfer at somebody's desk (subject: the person).
pub const TRANSFER: Code = Code::new(Kind::Asset, "spaces.bank_transfer");
/// What was handed over at the close of a day (subject: the method).
pub const HANDED_OVER: Code = Code::new(Kind::Asset, "spaces.handed_over");
/// What students owe (subject: the student).
pub const RECEIVABLE: Code = Code::new(Kind::Asset, "spaces.receivable");
/// What students have paid ahead (subject: the student).
pub const ADVANCE: Code = Code::new(Kind::Liability, "spaces.advance");
/// What students have deposited, or were charged as deposit (subject: the student).
pub const DEPOSIT: Code = Code::new(Kind::Liability, "spaces.deposit");
/// Tax that is owed (subject: `cgst`, `sgst` or `igst`).
pub const TAX: Code = Code::new(Kind::Liability, "spaces.tax");
/// What was earned with plans (subject: the plan).
pub const FEES: Code = Code::new(Kind::Income, "spaces.fees");
/// What was earned otherwise (subject: the kind of due).
pub const OTHER_INCOME: Code = Code::new(Kind::Income, "spaces.other_income");
/// Deposits that were kept.
pub const DEPOSIT_KEPT: Code = Code::new(Kind::Income, "spaces.deposit_kept");
/// Dues that were let off.
pub const WAIVED: Code = Code::new(Kind::Expense, "spaces.waived");
/// What was spent (subject: the category).
pub const SPENT: Code = Code::new(Kind::Expense, "spaces.spent");
/// What was counted too little at the close of a day, less what was counted too much (subject: the person).
pub const DIFFERENCE: Code = Code::new(Kind::Expense, "spaces.difference");
/// What the owners put into drawers as change.
pub const OWNERS: Code = Code::new(Kind::Equity, "spaces.owners");

/// Where a method's money is until the day is closed.
pub const fn drawer(method: Method) -> Code {
    match method {
        Method::Cash => CASH,
        Method::Upi => UPI,
        Method::Cheque => CHEQUE,
        Method::BankTransfer => TRANSFER,
    }
}
