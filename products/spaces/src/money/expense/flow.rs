//! Entering expenses.

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_kernel::{Money, UnitId};
use gantry_ledger::{Entry, post};

use super::{Category, Expense, store};
use crate::money::error::Error;
use crate::money::payment::flow::answerable;
use crate::money::payment::{Method, PayReference, Reason};
use crate::money::permission::REPORT_READ;
use crate::money::record::{Noun, record};
use crate::money::{chart, day_close, settings};
use crate::student::flow::By;

const NOUN: Noun = Noun {
    target: "expense",
    event: "spaces.expense.changed",
    permission: REPORT_READ,
};

/// What was spent.
#[derive(Debug, Clone)]
pub struct Spend {
    /// The branch it was for.
    pub branch: UnitId,
    /// What was paid for.
    pub category: Category,
    /// How.
    pub method: Method,
    /// How much.
    pub amount: i64,
    /// The number of the bill.
    pub reference: Option<PayReference>,
    /// A few words.
    pub note: Option<Reason>,
}

/// Enters an expense, out of the caller's drawer.
///
/// Errors: [`Error::BranchUnknown`].
pub async fn enter(tx: &mut Tx, by: &By, spend: &Spend) -> Result<Expense, Error> {
    let paid_by = answerable(by)?;
    let today = settings::today(tx, &by.scope, spend.branch).await?;
    let day = day_close::store::open_day(tx, (spend.branch, paid_by), today).await?;
    let currency = settings::store::settings(tx).await?.currency;
    let expense = Expense {
        id: tx.kernel().id(),
        branch_id: spend.branch,
        category: spend.category,
        method: spend.method,
        amount: spend.amount,
        currency,
        reference: spend.reference.clone(),
        note: spend.note.clone(),
        paid_by,
        on_day: day,
        created_at: tx.now(),
    };
    store::insert(tx, &expense).await?;
    let money = Money::new(spend.amount, currency);
    let entry = Entry::new(
        "spaces.expense",
        format!("expense:{}", expense.id),
        day,
        by.actor,
    )
    .debit(chart::SPENT.of(spend.branch).about(spend.category), money)
    .credit(
        chart::drawer(spend.method).of(spend.branch).about(paid_by),
        money,
    );
    post(tx, entry).await?;
    let facts = Facts::new()
        .with("category", spend.category.as_str())
        .with("method", spend.method.as_str())
        .with("amount", spend.amount);
    let act = (NOUN, "spaces.expense.entered");
    record(tx, by, act, (expense.id, Some(spend.branch)), facts).await?;
    Ok(expense)
}
