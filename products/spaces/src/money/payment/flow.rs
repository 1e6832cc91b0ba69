//! Taking payments: what they are for, whether they count at once, and the receipt.

use gantry_audit::Facts;
use gantry_db::{DbError, Tx};
use gantry_invoices::{Kind, Line, Paid, Rate};
use gantry_kernel::{CivilDate, IdentityId, Money, UnitId};
use gantry_ledger::{Entry, post};

use super::{Decision, Method, PayReference, Payment, PaymentId, store};
use crate::money::chart;
use crate::money::day_close;
use crate::money::document::issue::{Paper, issue};
use crate::money::due::flow::student;
use crate::money::due::store::{self as dues, Move};
use crate::money::due::{Due, DueId, MoveKind};
use crate::money::error::Error;
use crate::money::permission::PAYMENT_READ;
use crate::money::record::{Noun, record};
use crate::money::settings;
use crate::student::StudentId;
use crate::student::flow::By;

pub(crate) const NOUN: Noun = Noun {
    target: "payment",
    event: "spaces.payment.changed",
    permission: PAYMENT_READ,
};

/// What came in.
#[derive(Debug, Clone)]
pub struct Take {
    /// The branch that takes it.
    pub branch: UnitId,
    /// Who paid, or for whom.
    pub student: StudentId,
    /// How.
    pub method: Method,
    /// How much.
    pub amount: i64,
    /// The payer's reference; cash needs none.
    pub reference: Option<PayReference>,
    /// The dues it is for, in this order; the oldest when absent. What they leave over is paid ahead.
    pub dues: Option<Vec<DueId>>,
}

/// Who answers for money: a person, or a program by its own name.
pub(crate) fn answerable(by: &By) -> Result<IdentityId, Error> {
    by.actor.identity().ok_or(Error::Nobody)
}

/// Takes a payment. Above the tenant's limit it waits for a second person, else it counts at once.
///
/// Errors: [`Error::BranchUnknown`], [`Error::StudentUnknown`], [`Error::ReferenceMissing`], [`Error::ReferenceTaken`],
/// [`Error::DueUnknown`].
pub async fn take(tx: &mut Tx, by: &By, take: &Take) -> Result<Payment, Error> {
    let taken_by = answerable(by)?;
    settings::today(tx, &by.scope, take.branch).await?;
    student(tx, by, take.student).await?;
    if take.method != Method::Cash && take.reference.is_none() {
        return Err(Error::ReferenceMissing);
    }
    if let Some(chosen) = &take.dues {
        let open = dues::open_of(tx, take.branch, take.student).await?;
        let known = |id: &DueId| open.iter().any(|due| due.id == *id);
        if chosen.is_empty() || !chosen.iter().all(known) {
            return Err(Error::DueUnknown);
        }
    }
    let decided = settings::store::settings(tx).await?;
    let payment = Payment {
        id: tx.kernel().id(),
        branch_id: take.branch,
        student_id: take.student,
        method: take.method,
        amount: take.amount,
        currency: decided.currency,
        reference: take.reference.clone(),
        due_ids: take.dues.clone(),
        state: Decision::Pending,
        taken_by,
        on_day: None,
        receipt_id: None,
        decided_by: None,
        decided_at: None,
        reason: None,
        created_at: tx.now(),
    };
    store::insert(tx, &payment).await.map_err(raced)?;
    if !decided.needs_approval(take.amount) {
        count(tx, by, &payment, None).await?;
    }
    stored(tx, by, payment.id, "spaces.payment.taken").await
}

fn raced(error: DbError) -> Error {
    if error.is_unique_on("payments", "reference_key") {
        Error::ReferenceTaken
    } else {
        error.into()
    }
}

/// The payment as it stands, after the act is on record.
pub(crate) async fn stored(
    tx: &mut Tx,
    by: &By,
    id: PaymentId,
    action: &'static str,
) -> Result<Payment, Error> {
    let payment = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    let facts = Facts::new()
        .with("student_id", payment.student_id.to_string())
        .with("method", payment.method.as_str())
        .with("amount", payment.amount)
        .with("state", payment.state.as_str());
    record(tx, by, (NOUN, action), (id, Some(payment.branch_id)), facts).await?;
    Ok(payment)
}

/// Lets a payment count: pays dues, posts it and issues the receipt. `decided_by` is the second person, if one was needed.
pub(crate) async fn count(
    tx: &mut Tx,
    by: &By,
    payment: &Payment,
    decided_by: Option<IdentityId>,
) -> Result<(), Error> {
    let today = settings::today(tx, &by.scope, payment.branch_id).await?;
    let desk = (payment.branch_id, payment.taken_by);
    let day = day_close::store::open_day(tx, desk, today).await?;
    let student = student(tx, by, payment.student_id).await?;
    let open = dues::open_of(tx, payment.branch_id, payment.student_id).await?;
    let chosen = in_order(open, payment.due_ids.as_deref());
    let what = (MoveKind::Paid, payment.amount, Some(payment.id));
    let (paid, rest) = settle(tx, by, chosen, what, day).await?;
    let money = |amount| Money::new(amount, payment.currency);
    let owing = chart::RECEIVABLE
        .of(payment.branch_id)
        .about(payment.student_id);
    let ahead = chart::ADVANCE
        .of(payment.branch_id)
        .about(payment.student_id);
    let drawer = chart::drawer(payment.method)
        .of(payment.branch_id)
        .about(payment.taken_by);
    let cause = format!("payment:{}", payment.id);
    let entry = Entry::new("spaces.payment", cause, day, by.actor)
        .debit(drawer, money(payment.amount))
        .credit(owing, money(payment.amount - rest))
        .credit(ahead, money(rest));
    post(tx, entry).await?;
    let mut lines: Vec<Line> = paid
        .iter()
        .map(|(due, amount)| line(&due.title, *amount))
        .collect();
    if rest > 0 {
        lines.push(line("Paid ahead", rest));
    }
    let paper = Paper {
        kind: Kind::Receipt,
        branch: payment.branch_id,
        day: today,
        currency: payment.currency,
        lines,
        place_of_supply: None,
        refers_to: None,
        paid: Some(Paid {
            method: payment.method.title().to_owned(),
            reference: payment.reference.as_ref().map(ToString::to_string),
        }),
        reason: None,
    };
    let receipt = issue(tx, by, &student, paper).await?;
    Ok(store::count(tx, payment.id, day, receipt.id, decided_by).await?)
}

/// A line of a receipt; what was taxed is on the invoice.
fn line(description: &str, amount: i64) -> Line {
    Line {
        description: description.to_owned(),
        hsn: None,
        price: amount,
        discount: 0,
        rate: Rate::ZERO,
        taxable: amount,
        cgst: 0,
        sgst: 0,
        igst: 0,
        total: amount,
    }
}

/// The chosen ones of the open dues in the order they were chosen in; all of them, the oldest first, when none were.
fn in_order(open: Vec<Due>, chosen: Option<&[DueId]>) -> Vec<Due> {
    let Some(chosen) = chosen else { return open };
    let mut picked: Vec<Due> = Vec::new();
    for id in chosen {
        let again = picked.iter().any(|due| due.id == *id);
        if let Some(due) = open.iter().find(|due| due.id == *id && !again) {
            picked.push(due.clone());
        }
    }
    picked
}

/// Pays dues one after the other; what went to which, and what is over.
pub(crate) async fn settle(
    tx: &mut Tx,
    by: &By,
    chosen: Vec<Due>,
    (kind, amount, payment): (MoveKind, i64, Option<PaymentId>),
    day: CivilDate,
) -> Result<(Vec<(Due, i64)>, i64), Error> {
    let mut rest = amount;
    let mut paid = Vec::new();
    for mut due in chosen {
        let part = rest.min(due.left);
        if part == 0 {
            continue;
        }
        let of = Move {
            kind,
            amount: part,
            payment,
            reason: None,
            actor: by.actor.identity(),
            day,
        };
        dues::note(tx, &mut due, of).await?;
        rest -= part;
        paid.push((due, part));
    }
    Ok((paid, rest))
}
