//! Charging: an invoice, the dues of it, and the entry in the ledger, in the caller's transaction.

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_invoices::{Kind, Line, StateCode};
use gantry_jobs::enqueue;
use gantry_kernel::{CivilDate, Currency, Money, UnitId};
use gantry_ledger::{Account, Entry, post};

use super::{Due, DueId, DueKind, store};
use crate::money::discount::DiscountId;
use crate::money::document::DocumentId;
use crate::money::document::issue::{Paper, issue};
use crate::money::error::Error;
use crate::money::permission::PAYMENT_READ;
use crate::money::plan::PlanId;
use crate::money::quote::{LineKind, QuoteLine};
use crate::money::record::{Noun, record};
use crate::money::{MembershipId, chart, job, settings};
use crate::student::flow::By;
use crate::student::{Student, StudentId, store as students};

pub use super::take_back::{Credit, credit};

pub(crate) const NOUN: Noun = Noun {
    target: "due",
    event: "spaces.due.changed",
    permission: PAYMENT_READ,
};

/// By when something is to be paid.
#[derive(Debug, Clone)]
pub enum When {
    /// All of it by one day.
    On(CivilDate),
    /// In instalments: days and amounts, which sum to what is invoiced.
    Parts(Vec<(CivilDate, i64)>),
}

impl When {
    fn first(&self) -> Option<CivilDate> {
        match self {
            Self::On(day) => Some(*day),
            Self::Parts(parts) => parts.iter().map(|part| part.0).min(),
        }
    }
}

/// What somebody is charged.
#[derive(Debug, Clone)]
pub struct Charge {
    /// Whom.
    pub student: StudentId,
    /// The branch that charges.
    pub branch: UnitId,
    /// What was bought.
    pub membership: Option<MembershipId>,
    /// The plan that was sold, in which version.
    pub plan: Option<(PlanId, i64)>,
    /// What was taken off.
    pub discount: Option<DiscountId>,
    /// What for: the lines of a quote.
    pub lines: Vec<QuoteLine>,
    /// By when; a deposit by the first of the days.
    pub when: When,
    /// The state of a buyer with a GSTIN of their own.
    pub place_of_supply: Option<StateCode>,
    /// The due that was not paid in time.
    pub late_for: Option<DueId>,
}

/// What came of it.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Charged {
    /// What is owed: one due, or one for each instalment, and one for a deposit.
    pub dues: Vec<Due>,
    /// The invoice; there is none for nothing, and none for a deposit.
    pub invoice_id: Option<DocumentId>,
}

/// Charges a student: issues the invoice, writes the dues and posts them.
///
/// Errors: [`Error::BranchUnknown`], [`Error::StudentUnknown`], [`Error::Parts`].
pub async fn charge(tx: &mut Tx, by: &By, charge: &Charge) -> Result<Charged, Error> {
    let today = settings::today(tx, &by.scope, charge.branch).await?;
    let student = student(tx, by, charge.student).await?;
    let currency = settings::store::settings(tx).await?.currency;
    let (deposits, sold): (Vec<&QuoteLine>, Vec<&QuoteLine>) = charge
        .lines
        .iter()
        .partition(|line| line.kind == LineKind::Deposit);
    let parts = parts(&charge.when, sum(&sold)?)?;
    let mut charged = Charged {
        dues: Vec::new(),
        invoice_id: invoice(tx, by, &student, (charge, &sold), (today, currency)).await?,
    };
    let kind = match sold.first().map(|line| line.kind) {
        Some(LineKind::Fee | LineKind::Admission) => DueKind::Fee,
        Some(LineKind::LateFee) => DueKind::LateFee,
        _ => DueKind::Other,
    };
    let now = tx.now();
    let number = parts.len();
    for (at, (due_on, amount)) in parts.into_iter().enumerate() {
        let title = sold.first().map_or("", |line| &line.line.description);
        let title = if number > 1 {
            format!("{title} ({} of {number})", at + 1)
        } else {
            title.to_owned()
        };
        charged.dues.push(Due {
            id: tx.kernel().id(),
            branch_id: charge.branch,
            student_id: student.id,
            membership_id: charge.membership,
            kind,
            title,
            due_on,
            amount,
            left: amount,
            currency,
            plan_id: charge.plan.map(|plan| plan.0),
            plan_version: charge.plan.map(|plan| plan.1),
            // A discount is used once however many instalments there are.
            discount_id: charge.discount.filter(|_| at == 0),
            invoice_id: charged.invoice_id,
            late_for: charge.late_for,
            open: amount > 0,
            settled_on: (amount == 0).then_some(today),
            charged_on: today,
            created_at: now,
        });
    }
    let deposit = sum(&deposits)?;
    if deposit > 0 {
        charged.dues.push(Due {
            id: tx.kernel().id(),
            branch_id: charge.branch,
            student_id: student.id,
            membership_id: charge.membership,
            kind: DueKind::Deposit,
            title: deposits
                .first()
                .map_or("", |line| &line.line.description)
                .to_owned(),
            due_on: charge.when.first().unwrap_or(today),
            amount: deposit,
            left: deposit,
            currency,
            plan_id: charge.plan.map(|plan| plan.0),
            plan_version: charge.plan.map(|plan| plan.1),
            discount_id: None,
            invoice_id: None,
            late_for: None,
            open: true,
            settled_on: None,
            charged_on: today,
            created_at: now,
        });
    }
    keep(tx, by, charge, &charged).await?;
    book(tx, by, charge, &charged, (today, currency)).await?;
    Ok(charged)
}

/// The student, whom the caller reaches.
pub(crate) async fn student(tx: &mut Tx, by: &By, id: StudentId) -> Result<Student, Error> {
    students::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::StudentUnknown)
}

fn sum(lines: &[&QuoteLine]) -> Result<i64, Error> {
    let total = lines
        .iter()
        .try_fold(0_i64, |sum, line| sum.checked_add(line.line.total));
    Ok(total.ok_or(gantry_kernel::money::MoneyError::Overflow)?)
}

/// Days and amounts; nothing when nothing is sold but a deposit.
fn parts(when: &When, total: i64) -> Result<Vec<(CivilDate, i64)>, Error> {
    match when {
        When::On(day) => Ok(vec![(*day, total)]),
        When::Parts(parts) => {
            let sum: i128 = parts.iter().map(|part| i128::from(part.1)).sum();
            if parts.iter().any(|part| part.1 <= 0) || sum != i128::from(total) {
                return Err(Error::Parts(i64::try_from(sum).unwrap_or(i64::MAX), total));
            }
            Ok(parts.clone())
        }
    }
}

async fn invoice(
    tx: &mut Tx,
    by: &By,
    student: &Student,
    (charge, sold): (&Charge, &[&QuoteLine]),
    (day, currency): (CivilDate, Currency),
) -> Result<Option<DocumentId>, Error> {
    if sum(sold)? == 0 {
        return Ok(None);
    }
    let lines: Vec<Line> = sold.iter().map(|line| line.line.clone()).collect();
    let paper = Paper {
        kind: Kind::Invoice,
        branch: charge.branch,
        day,
        currency,
        lines,
        place_of_supply: charge.place_of_supply,
        refers_to: None,
        paid: None,
        reason: None,
    };
    Ok(Some(issue(tx, by, student, paper).await?.id))
}

async fn keep(tx: &mut Tx, by: &By, charge: &Charge, charged: &Charged) -> Result<(), Error> {
    for due in &charged.dues {
        store::insert(tx, due).await?;
        let facts = Facts::new()
            .with("student_id", due.student_id.to_string())
            .with("kind", due.kind.as_str())
            .with("amount", due.amount)
            .with("due_on", due.due_on);
        let act = (NOUN, "spaces.due.charged");
        record(tx, by, act, (due.id, Some(charge.branch)), facts).await?;
        if due.open && due.kind != DueKind::LateFee {
            let at = job::late_at(tx, due).await?;
            enqueue(tx, job::late_fee(due.id, at)).await?;
        }
    }
    Ok(())
}

/// The income of a line.
pub(crate) fn income(kind: LineKind, plan: Option<PlanId>, branch: UnitId) -> Account {
    match (kind, plan) {
        (LineKind::Fee, Some(plan)) => chart::FEES.of(branch).about(plan),
        (kind, _) => chart::OTHER_INCOME.of(branch).about(kind),
    }
}

async fn book(
    tx: &mut Tx,
    by: &By,
    charge: &Charge,
    charged: &Charged,
    (day, currency): (CivilDate, Currency),
) -> Result<(), Error> {
    let Some(first) = charged.dues.iter().find(|due| due.amount > 0) else {
        return Ok(());
    };
    let money = |amount| Money::new(amount, currency);
    let mut entry = Entry::new(
        "spaces.charge",
        format!("charge:{}", first.id),
        day,
        by.actor,
    );
    let mut owed = 0_i64;
    for QuoteLine { kind, line } in &charge.lines {
        owed += line.total;
        entry = if *kind == LineKind::Deposit {
            let deposit = chart::DEPOSIT.of(charge.branch).about(charge.student);
            entry.credit(deposit, money(line.total))
        } else {
            let plan = charge.plan.map(|plan| plan.0);
            let tax = |name: &str| chart::TAX.of(charge.branch).about(name);
            entry
                .credit(income(*kind, plan, charge.branch), money(line.taxable))
                .credit(tax("cgst"), money(line.cgst))
                .credit(tax("sgst"), money(line.sgst))
                .credit(tax("igst"), money(line.igst))
        };
    }
    let owing = chart::RECEIVABLE.of(charge.branch).about(charge.student);
    post(tx, entry.debit(owing, money(owed))).await?;
    Ok(())
}
