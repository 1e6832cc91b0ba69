//! Letting dues off, and taking back what was invoiced.

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_invoices::{Kind, Line, Rate, Reference, fraction};
use gantry_kernel::{CivilDate, Money};
use gantry_ledger::{Entry, post};

use super::flow::{NOUN, income, student};
use super::store::{self, Move};
use super::{Due, DueId, DueKind, MoveKind};
use crate::money::document::issue::{Paper, issue};
use crate::money::document::{Issued, store as documents};
use crate::money::error::Error;
use crate::money::quote::LineKind;
use crate::money::record::record;
use crate::money::{chart, settings};
use crate::student::flow::By;

/// Lets off what is left of a due, or part of it. The invoice stays as it is, and so does its tax: whoever owes less because less was
/// supplied gets a credit note instead ([`credit`]).
///
/// Errors: [`Error::NotFound`], [`Error::TooMuch`].
pub async fn waive(
    tx: &mut Tx,
    by: &By,
    id: DueId,
    amount: Option<i64>,
    reason: &str,
) -> Result<Due, Error> {
    let mut due = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    let amount = amount.unwrap_or(due.left);
    if amount > due.left || amount <= 0 {
        return Err(Error::TooMuch(due.left));
    }
    let day = settings::today(tx, &by.scope, due.branch_id).await?;
    note(tx, by, &mut due, (MoveKind::Waived, amount), (reason, day)).await?;
    let money = Money::new(amount, due.currency);
    let owing = chart::RECEIVABLE.of(due.branch_id).about(due.student_id);
    let lost = match due.kind {
        DueKind::Deposit => chart::DEPOSIT.of(due.branch_id).about(due.student_id),
        _ => chart::WAIVED.of(due.branch_id).about(due.kind),
    };
    // What was let off before is part of the cause: the same due can be let off in parts.
    let cause = format!("waive:{id}:{}", store::taken_back(tx, id).await?);
    let entry = Entry::new("spaces.waive", cause, day, by.actor);
    post(tx, entry.debit(lost, money).credit(owing, money)).await?;
    told(tx, by, "spaces.due.waived", (&due, amount)).await?;
    Ok(due)
}

/// What is taken back of an invoice.
#[derive(Debug, Clone)]
pub struct Credit {
    /// A due of the invoice.
    pub due: DueId,
    /// How much, with tax.
    pub amount: i64,
    /// Why; it is printed on the credit note.
    pub reason: String,
}

/// Takes back what was invoiced: comes off what is left of the due, and what was paid already is paid ahead then. Income and tax go down in
/// the proportion of the invoice. The answer is the due, and the credit note (a due without an invoice has none).
///
/// Errors: [`Error::NotFound`], [`Error::TooMuch`].
pub async fn credit(tx: &mut Tx, by: &By, credit: &Credit) -> Result<(Due, Option<Issued>), Error> {
    let due = store::by_id(tx, &by.scope, credit.due).await?;
    let mut due = due.ok_or(Error::NotFound)?;
    let before = store::taken_back(tx, due.id).await?;
    // A deposit that was paid is refunded as such.
    let most = if due.kind == DueKind::Deposit {
        due.left
    } else {
        due.amount - before
    };
    if credit.amount > most || credit.amount <= 0 {
        return Err(Error::TooMuch(most));
    }
    let day = settings::today(tx, &by.scope, due.branch_id).await?;
    let off = credit.amount.min(due.left);
    let back = credit.amount - off;
    let reason = credit.reason.as_str();
    note(tx, by, &mut due, (MoveKind::Credited, off), (reason, day)).await?;
    note(tx, by, &mut due, (MoveKind::Returned, back), (reason, day)).await?;
    let money = |amount| Money::new(amount, due.currency);
    let cause = format!("credit:{}:{}", due.id, before + credit.amount);
    let entry = Entry::new("spaces.credit", cause, day, by.actor)
        .credit(
            chart::RECEIVABLE.of(due.branch_id).about(due.student_id),
            money(off),
        )
        .credit(
            chart::ADVANCE.of(due.branch_id).about(due.student_id),
            money(back),
        );
    let (entry, paper) = match due.invoice_id {
        None => {
            let deposit = chart::DEPOSIT.of(due.branch_id).about(due.student_id);
            (entry.debit(deposit, money(credit.amount)), None)
        }
        Some(invoice) => {
            let paper = credit_note(tx, by, &due, (invoice, credit), day).await?;
            let line = paper.lines.first().cloned();
            let line = line.ok_or(Error::NotFound)?;
            let kind = match due.kind {
                DueKind::Fee => LineKind::Fee,
                DueKind::LateFee => LineKind::LateFee,
                _ => LineKind::Other,
            };
            let tax = |name: &str| chart::TAX.of(due.branch_id).about(name);
            let entry = entry
                .debit(
                    income(kind, due.plan_id, due.branch_id),
                    money(line.taxable),
                )
                .debit(tax("cgst"), money(line.cgst))
                .debit(tax("sgst"), money(line.sgst))
                .debit(tax("igst"), money(line.igst));
            (entry, Some(paper))
        }
    };
    post(tx, entry).await?;
    let issued = match paper {
        None => None,
        Some(paper) => {
            let student = student(tx, by, due.student_id).await?;
            Some(issue(tx, by, &student, paper).await?)
        }
    };
    told(tx, by, "spaces.due.credited", (&due, credit.amount)).await?;
    Ok((due, issued))
}

/// One line, with the taxes of the invoice in proportion; each is rounded by itself.
async fn credit_note(
    tx: &mut Tx,
    by: &By,
    due: &Due,
    (invoice, credit): (crate::money::document::DocumentId, &Credit),
    day: CivilDate,
) -> Result<Paper, Error> {
    let whole = documents::by_id(tx, &by.scope, invoice).await?;
    let whole = whole.ok_or(Error::NotFound)?;
    let totals = whole.document.totals;
    let part = |tax: i64| {
        let share = |amount: i64| u64::try_from(amount).unwrap_or(0);
        fraction(
            Money::new(credit.amount, due.currency),
            share(tax),
            share(totals.total),
        )
    };
    let (cgst, sgst, igst) = (part(totals.cgst)?, part(totals.sgst)?, part(totals.igst)?);
    let taxes = cgst.plus(sgst)?.plus(igst)?;
    let first = whole.document.lines.first();
    let line = Line {
        description: format!("Credited: {}", due.title),
        hsn: first.and_then(|line| line.hsn.clone()),
        price: credit.amount,
        discount: 0,
        rate: first.map_or(Rate::ZERO, |line| line.rate),
        taxable: credit.amount - taxes.amount,
        cgst: cgst.amount,
        sgst: sgst.amount,
        igst: igst.amount,
        total: credit.amount,
    };
    Ok(Paper {
        kind: Kind::CreditNote,
        branch: due.branch_id,
        day,
        currency: due.currency,
        lines: vec![line],
        place_of_supply: whole.document.place_of_supply,
        refers_to: Some((
            invoice,
            Reference {
                number: whole.document.number,
                issued_on: whole.document.issued_on,
            },
        )),
        paid: None,
        reason: Some(credit.reason.clone()),
    })
}

async fn note(
    tx: &mut Tx,
    by: &By,
    due: &mut Due,
    (kind, amount): (MoveKind, i64),
    (reason, day): (&str, CivilDate),
) -> Result<(), Error> {
    if amount == 0 {
        return Ok(());
    }
    let of = Move {
        kind,
        amount,
        payment: None,
        reason: Some(reason),
        actor: by.actor.identity(),
        day,
    };
    Ok(store::note(tx, due, of).await?)
}

async fn told(
    tx: &mut Tx,
    by: &By,
    action: &'static str,
    (due, amount): (&Due, i64),
) -> Result<(), Error> {
    let facts = Facts::new()
        .with("student_id", due.student_id.to_string())
        .with("amount", amount)
        .with("left", due.left);
    Ok(record(tx, by, (NOUN, action), (due.id, Some(due.branch_id)), facts).await?)
}
