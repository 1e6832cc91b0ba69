//! Refunding, and keeping deposits.

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_kernel::{IdentityId, Money, UnitId};
use gantry_ledger::{Account, Entry, post};

use super::{Refund, RefundId, Source, store};
use crate::money::due::flow::student;
use crate::money::error::Error;
use crate::money::payment::account::{advance, deposited};
use crate::money::payment::flow::answerable;
use crate::money::payment::{Decision, Method, PayReference, Reason};
use crate::money::permission::PAYMENT_READ;
use crate::money::record::{Noun, record};
use crate::money::{chart, day_close, settings};
use crate::student::StudentId;
use crate::student::flow::By;

const NOUN: Noun = Noun {
    target: "refund",
    event: "spaces.refund.changed",
    permission: PAYMENT_READ,
};

/// What is to be given back.
#[derive(Debug, Clone)]
pub struct Give {
    /// The branch that gives it back.
    pub branch: UnitId,
    /// To whom.
    pub student: StudentId,
    /// What of.
    pub source: Source,
    /// How.
    pub method: Method,
    /// How much.
    pub amount: i64,
    /// The reference of what was sent.
    pub reference: Option<PayReference>,
    /// Why.
    pub reason: Reason,
}

/// Gives back. Above the tenant's limit it waits for a second person, else it counts at once.
///
/// Errors: [`Error::BranchUnknown`], [`Error::StudentUnknown`], [`Error::TooMuch`] beyond what was paid.
pub async fn give(tx: &mut Tx, by: &By, give: &Give) -> Result<Refund, Error> {
    let asked_by = answerable(by)?;
    settings::today(tx, &by.scope, give.branch).await?;
    student(tx, by, give.student).await?;
    let decided = settings::store::settings(tx).await?;
    let refund = Refund {
        id: tx.kernel().id(),
        branch_id: give.branch,
        student_id: give.student,
        source: give.source,
        method: give.method,
        amount: give.amount,
        currency: decided.currency,
        reference: give.reference.clone(),
        reason: give.reason.clone(),
        state: Decision::Pending,
        asked_by,
        on_day: None,
        decided_by: None,
        decided_at: None,
        decided_reason: None,
        created_at: tx.now(),
    };
    within_paid(tx, &refund).await?;
    store::insert(tx, &refund).await?;
    if !decided.needs_approval(give.amount) {
        count(tx, by, &refund, None).await?;
    }
    stored(tx, by, refund.id, "spaces.refund.asked").await
}

/// The refund counts from now on.
///
/// Errors: [`Error::NotFound`], [`Error::Decided`], [`Error::SamePerson`], [`Error::TooMuch`] when it was used meanwhile.
pub async fn approve(tx: &mut Tx, by: &By, id: RefundId) -> Result<Refund, Error> {
    let refund = pending(tx, by, id).await?;
    let second = answerable(by)?;
    if refund.asked_by == second {
        return Err(Error::SamePerson);
    }
    within_paid(tx, &refund).await?;
    count(tx, by, &refund, Some(second)).await?;
    stored(tx, by, id, "spaces.refund.approved").await
}

/// The refund never counts.
pub async fn reject(tx: &mut Tx, by: &By, id: RefundId, reason: &Reason) -> Result<Refund, Error> {
    pending(tx, by, id).await?;
    store::reject(tx, id, answerable(by)?, reason).await?;
    stored(tx, by, id, "spaces.refund.rejected").await
}

/// Keeps what was deposited, for damage or what else was agreed.
///
/// Errors: [`Error::TooMuch`] beyond what was deposited.
pub async fn keep_deposit(
    tx: &mut Tx,
    by: &By,
    (branch, student_id): (UnitId, StudentId),
    amount: i64,
    reason: &Reason,
) -> Result<(), Error> {
    answerable(by)?;
    let day = settings::today(tx, &by.scope, branch).await?;
    student(tx, by, student_id).await?;
    let currency = settings::store::settings(tx).await?.currency;
    let most = deposited(tx, branch, student_id, currency).await?;
    if amount > most {
        return Err(Error::TooMuch(most));
    }
    let id: RefundId = tx.kernel().id();
    let money = Money::new(amount, currency);
    let entry = Entry::new(
        "spaces.deposit_kept",
        format!("deposit_kept:{id}"),
        day,
        by.actor,
    )
    .debit(chart::DEPOSIT.of(branch).about(student_id), money)
    .credit(chart::DEPOSIT_KEPT.of(branch), money);
    post(tx, entry).await?;
    let facts = Facts::new()
        .with("student_id", student_id.to_string())
        .with("amount", amount)
        .with("reason", reason);
    let act = (NOUN, "spaces.deposit.kept");
    Ok(record(tx, by, act, (id, Some(branch)), facts).await?)
}

async fn pending(tx: &mut Tx, by: &By, id: RefundId) -> Result<Refund, Error> {
    let refund = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    match refund.state {
        Decision::Pending => Ok(refund),
        decided => Err(Error::Decided(decided.as_str())),
    }
}

async fn within_paid(tx: &mut Tx, refund: &Refund) -> Result<(), Error> {
    let (branch, student, currency) = (refund.branch_id, refund.student_id, refund.currency);
    let most = match refund.source {
        Source::Advance => advance(tx, branch, student, currency).await?,
        Source::Deposit => deposited(tx, branch, student, currency).await?,
    };
    if refund.amount > most {
        return Err(Error::TooMuch(most));
    }
    Ok(())
}

fn source(refund: &Refund) -> Account {
    let code = match refund.source {
        Source::Advance => chart::ADVANCE,
        Source::Deposit => chart::DEPOSIT,
    };
    code.of(refund.branch_id).about(refund.student_id)
}

/// Comes out of the drawer of whoever asked for it.
async fn count(
    tx: &mut Tx,
    by: &By,
    refund: &Refund,
    decided_by: Option<IdentityId>,
) -> Result<(), Error> {
    let today = settings::today(tx, &by.scope, refund.branch_id).await?;
    let desk = (refund.branch_id, refund.asked_by);
    let day = day_close::store::open_day(tx, desk, today).await?;
    let money = Money::new(refund.amount, refund.currency);
    let drawer = chart::drawer(refund.method)
        .of(refund.branch_id)
        .about(refund.asked_by);
    let entry = Entry::new(
        "spaces.refund",
        format!("refund:{}", refund.id),
        day,
        by.actor,
    )
    .debit(source(refund), money)
    .credit(drawer, money);
    post(tx, entry).await?;
    Ok(store::count(tx, refund.id, day, decided_by).await?)
}

async fn stored(tx: &mut Tx, by: &By, id: RefundId, action: &'static str) -> Result<Refund, Error> {
    let refund = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    let facts = Facts::new()
        .with("student_id", refund.student_id.to_string())
        .with("source", refund.source.as_str())
        .with("method", refund.method.as_str())
        .with("amount", refund.amount)
        .with("state", refund.state.as_str());
    record(tx, by, (NOUN, action), (id, Some(refund.branch_id)), facts).await?;
    Ok(refund)
}
