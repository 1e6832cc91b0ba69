//! What a student owes, has paid ahead and has deposited, by branch; and paying dues with what was paid ahead.

use std::collections::BTreeMap;

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_kernel::{Currency, Money, Scope, UnitId};
use gantry_ledger::{Code, Days, Entry, Which, balance, movements, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flow::{answerable, settle};
use crate::money::chart;
use crate::money::due::store as dues;
use crate::money::due::{Due, DueKind, MoveKind};
use crate::money::error::Error;
use crate::money::permission::PAYMENT_READ;
use crate::money::record::{Noun, record};
use crate::money::settings;
use crate::student::StudentId;
use crate::student::flow::By;

const NOUN: Noun = Noun {
    target: "student_account",
    event: "spaces.payment.changed",
    permission: PAYMENT_READ,
};

/// Where a student stands in one branch. Every figure is a sum over the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// The branch.
    pub branch_id: UnitId,
    /// The currency.
    pub currency: Currency,
    /// What the student owes.
    pub owed: i64,
    /// What the student has paid ahead.
    pub advance: i64,
    /// What the student has deposited, or was charged as deposit.
    pub deposit: i64,
}

/// One of the sums of a standing.
type Part = fn(&mut Standing) -> &mut i64;

/// A student's standing in every branch within the scope in which anything was ever booked.
pub async fn standing(
    tx: &mut Tx,
    scope: &Scope,
    student: StudentId,
) -> Result<Vec<Standing>, Error> {
    let subject = student.to_string();
    let mut found: BTreeMap<(UnitId, Currency), Standing> = BTreeMap::new();
    let parts: [(Code, Part); 3] = [
        (chart::RECEIVABLE, |standing| &mut standing.owed),
        (chart::ADVANCE, |standing| &mut standing.advance),
        (chart::DEPOSIT, |standing| &mut standing.deposit),
    ];
    for (code, part) in parts {
        let which = Which {
            subject: Some(&subject),
            ..Which::all(code, scope)
        };
        for moved in movements(tx, which, Days::default()).await? {
            let Some(branch) = moved.unit else { continue };
            let standing = found.entry((branch, moved.currency)).or_insert(Standing {
                branch_id: branch,
                currency: moved.currency,
                owed: 0,
                advance: 0,
                deposit: 0,
            });
            let grown = moved.debit - moved.credit;
            *part(standing) += if code.kind().grows_by_debit() {
                grown
            } else {
                -grown
            };
        }
    }
    Ok(found.into_values().collect())
}

/// What was paid ahead in a branch.
pub(crate) async fn advance(
    tx: &mut Tx,
    branch: UnitId,
    student: StudentId,
    currency: Currency,
) -> Result<i64, Error> {
    let account = chart::ADVANCE.of(branch).about(student);
    Ok(balance(tx, &account, currency, None).await?.amount)
}

/// What of a deposit was really paid: the account less what is left of deposits that were charged.
pub(crate) async fn deposited(
    tx: &mut Tx,
    branch: UnitId,
    student: StudentId,
    currency: Currency,
) -> Result<i64, Error> {
    let account = chart::DEPOSIT.of(branch).about(student);
    let charged = balance(tx, &account, currency, None).await?.amount;
    let open = dues::open_of(tx, branch, student).await?;
    let unpaid: i64 = open
        .iter()
        .filter(|due| due.kind == DueKind::Deposit)
        .map(|due| due.left)
        .sum();
    Ok(charged - unpaid)
}

/// Pays the oldest dues with what was paid ahead: as much as there is, or this much. The answer is the dues that it paid.
///
/// Errors: [`Error::TooMuch`] when less was paid ahead or less is owed.
pub async fn use_advance(
    tx: &mut Tx,
    by: &By,
    (branch, student): (UnitId, StudentId),
    amount: Option<i64>,
) -> Result<Vec<Due>, Error> {
    answerable(by)?;
    let day = settings::today(tx, &by.scope, branch).await?;
    crate::money::due::flow::student(tx, by, student).await?;
    let currency = settings::store::settings(tx).await?.currency;
    let open = dues::open_of(tx, branch, student).await?;
    let owed: i64 = open.iter().map(|due| due.left).sum();
    let most = advance(tx, branch, student, currency).await?.min(owed);
    let amount = amount.unwrap_or(most);
    if amount > most {
        return Err(Error::TooMuch(most));
    }
    if amount == 0 {
        return Ok(Vec::new());
    }
    let what = (MoveKind::Advance, amount, None);
    let (paid, _) = settle(tx, by, open, what, day).await?;
    // Each use is a happening of its own; a request is repeated under its idempotency key.
    let use_id: crate::money::due::store::MoveId = tx.kernel().id();
    let money = Money::new(amount, currency);
    let entry = Entry::new("spaces.advance", format!("advance:{use_id}"), day, by.actor)
        .debit(chart::ADVANCE.of(branch).about(student), money)
        .credit(chart::RECEIVABLE.of(branch).about(student), money);
    post(tx, entry).await?;
    let facts = Facts::new().with("amount", amount);
    let act = (NOUN, "spaces.advance.used");
    record(tx, by, act, (student, Some(branch)), facts).await?;
    Ok(paid.into_iter().map(|(due, _)| due).collect())
}
