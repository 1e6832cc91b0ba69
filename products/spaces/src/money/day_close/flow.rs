//! Working out what should be there, and closing.

use gantry_audit::Facts;
use gantry_db::{DbError, Tx};
use gantry_kernel::{CivilDate, Currency, IdentityId, Money, Scope, UnitId};
use gantry_ledger::{Days, Entry, Which, balance, movements, post};

use super::{Count, DayClose, DayCloseId, Drawer, Expected, store};
use crate::money::error::Error;
use crate::money::payment::flow::answerable;
use crate::money::payment::{Method, Reason};
use crate::money::permission::DAYCLOSE_MAKE;
use crate::money::record::{Noun, record};
use crate::money::{chart, settings};
use crate::student::flow::By;

const NOUN: Noun = Noun {
    target: "day_close",
    event: "spaces.day_close.changed",
    permission: DAYCLOSE_MAKE,
};

/// What was counted.
#[derive(Debug, Clone)]
pub struct Close {
    /// The branch.
    pub branch: UnitId,
    /// Whose drawer; the caller's own when absent.
    pub staff: Option<IdentityId>,
    /// Through which day; today when absent.
    pub day: Option<CivilDate>,
    /// What was counted by method; a method that is left out was counted as nothing.
    pub counted: Vec<(Method, i64)>,
    /// The cash that stays in the drawer.
    pub left_in: i64,
    /// Why something differs.
    pub reason: Option<Reason>,
}

/// What somebody's drawer should hold now. The caller's own when `staff` is absent.
pub async fn drawer(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    staff: Option<IdentityId>,
) -> Result<Drawer, Error> {
    let staff_id = staff.map_or_else(|| answerable(by), Ok)?;
    let today = settings::today(tx, &by.scope, branch).await?;
    let desk = (branch, staff_id);
    let on_day = store::open_day(tx, desk, today).await?;
    let currency = settings::store::settings(tx).await?.currency;
    Ok(Drawer {
        branch_id: branch,
        staff_id,
        on_day,
        currency,
        expected: expected(tx, desk, currency, on_day).await?,
        pending: store::pending(tx, desk).await?,
    })
}

/// By method: what was there after the last close, and what came and went through `day`. All of it sums over the ledger.
async fn expected(
    tx: &mut Tx,
    desk: (UnitId, IdentityId),
    currency: Currency,
    day: CivilDate,
) -> Result<Vec<Expected>, Error> {
    let last = store::last(tx, desk).await?;
    let from = last.and_then(|last| CivilDate::from_days_since_epoch(last.days_since_epoch() + 1));
    let scope = Scope::Units([desk.0].into());
    let subject = desk.1.to_string();
    let mut found = Vec::new();
    for method in Method::ALL {
        let code = chart::drawer(method);
        let opening = match last {
            None => 0,
            Some(last) => {
                let account = code.of(desk.0).about(desk.1);
                balance(tx, &account, currency, Some(last)).await?.amount
            }
        };
        let which = Which {
            subject: Some(&subject),
            ..Which::all(code, &scope)
        };
        let days = Days {
            from,
            through: Some(day),
        };
        let moved = movements(tx, which, days).await?;
        let moved = moved.into_iter().filter(|moved| moved.currency == currency);
        let (taken, given) = moved.fold((0, 0), |sum, moved| {
            (sum.0 + moved.debit, sum.1 + moved.credit)
        });
        found.push(Expected {
            method,
            opening,
            taken,
            given,
            expected: opening + taken - given,
        });
    }
    Ok(found)
}

/// Closes somebody's day.
///
/// Errors: [`Error::Day`] for one that is closed or has not come, [`Error::ReasonMissing`] for a difference without one, [`Error::TooMuch`] when
/// more stays in the drawer than was counted.
pub async fn close(tx: &mut Tx, by: &By, close: &Close) -> Result<DayClose, Error> {
    let closed_by = answerable(by)?;
    let staff_id = close.staff.unwrap_or(closed_by);
    let desk = (close.branch, staff_id);
    let today = settings::today(tx, &by.scope, close.branch).await?;
    let on_day = close.day.unwrap_or(today);
    if on_day > today {
        return Err(Error::Day("the day has not come yet"));
    }
    if store::last(tx, desk)
        .await?
        .is_some_and(|last| on_day <= last)
    {
        return Err(Error::Day("the day is closed already"));
    }
    let currency = settings::store::settings(tx).await?.currency;
    let mut counts = Vec::new();
    for expected in expected(tx, desk, currency, on_day).await? {
        let counted = close
            .counted
            .iter()
            .filter(|(method, _)| *method == expected.method);
        let counted: i64 = counted.map(|(_, amount)| amount).sum();
        counts.push(Count {
            method: expected.method,
            opening: expected.opening,
            taken: expected.taken,
            given: expected.given,
            expected: expected.expected,
            counted,
            difference: counted - expected.expected,
        });
    }
    if close.reason.is_none() && counts.iter().any(|count| count.difference != 0) {
        return Err(Error::ReasonMissing);
    }
    let cash = counts.iter().find(|count| count.method == Method::Cash);
    let cash = cash.map_or(0, |count| count.counted);
    if cash < 0 {
        return Err(Error::Terms("/counted", "there is no cash below nothing"));
    }
    if close.left_in > cash {
        return Err(Error::TooMuch(cash));
    }
    let id: DayCloseId = tx.kernel().id();
    let closed = DayClose {
        id,
        branch_id: close.branch,
        staff_id,
        on_day,
        currency,
        counts,
        left_in: close.left_in,
        reason: close.reason.clone(),
        closed_by,
        closed_at: tx.now(),
    };
    book(tx, by, &closed).await?;
    store::insert(tx, &closed).await.map_err(raced)?;
    let differences = closed.counts.iter().map(|count| count.difference);
    let facts = Facts::new()
        .with("staff_id", staff_id)
        .with("on_day", on_day)
        .with_list("differences", differences);
    let act = (NOUN, "spaces.day.closed");
    record(tx, by, act, (id, Some(close.branch)), facts).await?;
    Ok(closed)
}

fn raced(error: DbError) -> Error {
    if error.is_unique_on("day_closes", "on_day") {
        Error::Day("the day is closed already")
    } else {
        error.into()
    }
}

/// Differences, and what is handed over: afterwards the drawer holds what stays in it.
async fn book(tx: &mut Tx, by: &By, closed: &DayClose) -> Result<(), Error> {
    let money = |amount| Money::new(amount, closed.currency);
    for count in &closed.counts {
        let stays = if count.method == Method::Cash {
            closed.left_in
        } else {
            0
        };
        let drawer = chart::drawer(count.method)
            .of(closed.branch_id)
            .about(closed.staff_id);
        let differs = chart::DIFFERENCE
            .of(closed.branch_id)
            .about(closed.staff_id);
        let over = chart::HANDED_OVER.of(closed.branch_id).about(count.method);
        let (short, beyond) = ((-count.difference).max(0), count.difference.max(0));
        let handed = count.counted - stays;
        let cause = |what: &str| format!("{what}:{}:{}", closed.id, count.method);
        if count.difference != 0 {
            let entry = Entry::new(
                "spaces.difference",
                cause("difference"),
                closed.on_day,
                by.actor,
            )
            .debit(differs.clone(), money(short))
            .credit(drawer.clone(), money(short))
            .debit(drawer.clone(), money(beyond))
            .credit(differs, money(beyond));
            post(tx, entry).await?;
        }
        if handed != 0 {
            // More may have been sent from the bank than came in.
            let (out, back) = (handed.max(0), (-handed).max(0));
            let entry = Entry::new(
                "spaces.handover",
                cause("handover"),
                closed.on_day,
                by.actor,
            )
            .debit(over.clone(), money(out))
            .credit(drawer.clone(), money(out))
            .debit(drawer, money(back))
            .credit(over, money(back));
            post(tx, entry).await?;
        }
    }
    Ok(())
}

/// Puts change into somebody's drawer.
///
/// Errors: [`Error::BranchUnknown`].
pub async fn put_float(
    tx: &mut Tx,
    by: &By,
    (branch, staff): (UnitId, Option<IdentityId>),
    amount: i64,
) -> Result<Drawer, Error> {
    let caller = answerable(by)?;
    let staff_id = staff.unwrap_or(caller);
    let today = settings::today(tx, &by.scope, branch).await?;
    let day = store::open_day(tx, (branch, staff_id), today).await?;
    let currency = settings::store::settings(tx).await?.currency;
    let id: DayCloseId = tx.kernel().id();
    let money = Money::new(amount, currency);
    let entry = Entry::new("spaces.float", format!("float:{id}"), day, by.actor)
        .debit(chart::CASH.of(branch).about(staff_id), money)
        .credit(chart::OWNERS.of(branch), money);
    post(tx, entry).await?;
    let facts = Facts::new()
        .with("staff_id", staff_id)
        .with("amount", amount);
    let act = (NOUN, "spaces.float.put");
    record(tx, by, act, (staff_id, Some(branch)), facts).await?;
    drawer(tx, by, branch, Some(staff_id)).await
}
