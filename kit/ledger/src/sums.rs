//! Balances: sums over postings.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{CivilDate, Currency, Money, Scope, UnitId};

use crate::account::{Account, Code};

/// What an account holds, counted in the direction in which its kind grows: what is owed to us and what we owe are both
/// positive. `through` leaves out later days.
pub async fn balance(
    tx: &mut Tx,
    account: &Account,
    currency: Currency,
    through: Option<CivilDate>,
) -> Result<Money, DbError> {
    let sum: i64 = tx
        .one(
            sql!(
                "select cast(coalesce(sum(p.amount), 0) as bigint)
                 from ledger_accounts a join ledger_postings p on p.account_id = a.id
                 where a.name = $1 and p.on_day <= $2"
            ),
            &args![
                account.name(currency),
                through.or_else(|| CivilDate::new(9999, 12, 31))
            ],
        )
        .await?;
    let natural = if account.code().kind().grows_by_debit() {
        Some(sum)
    } else {
        sum.checked_neg()
    };
    let amount = natural.ok_or_else(|| DbError::Other("a balance is out of range".to_owned()))?;
    Ok(Money::new(amount, currency))
}

/// A span of days, both included; without an end it is open there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub from: Option<CivilDate>,
    /// The last day.
    pub through: Option<CivilDate>,
}

/// Which accounts of a line of the chart.
#[derive(Debug, Clone, Copy)]
pub struct Which<'a> {
    /// The line of the chart.
    pub code: Code,
    /// Units within reach.
    pub scope: &'a Scope,
    /// One unit of them.
    pub unit: Option<UnitId>,
    /// One subject.
    pub subject: Option<&'a str>,
    /// One kind of entry.
    pub entry: Option<&'a str>,
}

impl<'a> Which<'a> {
    /// All accounts of the line within reach.
    pub const fn all(code: Code, scope: &'a Scope) -> Self {
        Self {
            code,
            scope,
            unit: None,
            subject: None,
            entry: None,
        }
    }
}

/// What went through an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The account's unit.
    pub unit: Option<UnitId>,
    /// The account's subject.
    pub subject: Option<String>,
    /// Its currency.
    pub currency: Currency,
    /// The sum of its debits.
    pub debit: i64,
    /// The sum of its credits, as a positive number.
    pub credit: i64,
}

struct Sum {
    unit_id: Option<UnitId>,
    subject: Option<String>,
    currency: String,
    debit: i64,
    credit: i64,
}

from_row!(Sum {
    unit_id,
    subject,
    currency,
    debit,
    credit
});

/// Debits and credits of every account that had any in these days, sorted by unit, subject and currency.
pub async fn movements(
    tx: &mut Tx,
    which: Which<'_>,
    days: Days,
) -> Result<Vec<Movement>, DbError> {
    let sums: Vec<Sum> = tx
        .all(
            sql!(
                "select a.unit_id, a.subject, a.currency,
                        cast(coalesce(sum(case when p.amount > 0 then p.amount else 0 end), 0) as bigint) as debit,
                        cast(coalesce(sum(case when p.amount < 0 then -p.amount else 0 end), 0) as bigint) as credit
                 from ledger_accounts a
                      join ledger_postings p on p.account_id = a.id
                      join ledger_entries e on e.id = p.entry_id
                 where a.code = $1 and ($2 = '*' or $2 like '%' || a.unit_id || '%')
                   and (cast($3 as text) is null or a.unit_id = $3)
                   and (cast($4 as text) is null or a.subject = $4)
                   and (cast($5 as text) is null or e.kind = $5)
                   and p.on_day >= $6 and p.on_day <= $7
                 group by a.unit_id, a.subject, a.currency
                 order by a.unit_id, a.subject, a.currency"
            ),
            &args![
                which.code.as_str(),
                which.scope.unit_filter(),
                which.unit,
                which.subject,
                which.entry,
                days.from.or_else(|| CivilDate::new(1, 1, 1)),
                days.through.or_else(|| CivilDate::new(9999, 12, 31)),
            ],
        )
        .await?;
    sums.into_iter()
        .map(|sum| {
            let currency = sum.currency.parse();
            Ok(Movement {
                unit: sum.unit_id,
                subject: sum.subject,
                currency: currency.map_err(|_| DbError::Other("not a currency".to_owned()))?,
                debit: sum.debit,
                credit: sum.credit,
            })
        })
        .collect()
}
