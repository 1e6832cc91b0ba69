//! Figures about money. What each means is in `docs/spaces-numbers.md`; each is worked out in one function here.

pub mod api;
pub mod files;
pub mod store;

use std::collections::BTreeMap;

use gantry_db::Tx;
use gantry_kernel::{CivilDate, Currency, Scope, UnitId};
use gantry_ledger::{Days, Which, movements};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chart;
use super::error::Error;
use super::payment::Method;

/// What came in by one method at one branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Collected {
    /// The branch.
    pub branch_id: UnitId,
    /// The method.
    pub method: Method,
    /// The currency.
    pub currency: Currency,
    /// Payments that count.
    pub taken: i64,
    /// Refunds that count.
    pub refunded: i64,
    /// Taken less refunded.
    pub net: i64,
}

/// Money collected: payments less refunds of these business days, by branch and method. What was only moved (change, hand-over, differences,
/// expenses) is not in it.
pub async fn collected(
    tx: &mut Tx,
    scope: &Scope,
    branch: Option<UnitId>,
    days: Days,
) -> Result<Vec<Collected>, Error> {
    let mut found: BTreeMap<(UnitId, Method, Currency), (i64, i64)> = BTreeMap::new();
    for method in Method::ALL {
        for kind in ["spaces.payment", "spaces.refund"] {
            let which = Which {
                unit: branch,
                entry: Some(kind),
                ..Which::all(chart::drawer(method), scope)
            };
            for moved in movements(tx, which, days).await? {
                let Some(branch) = moved.unit else { continue };
                let sums = found.entry((branch, method, moved.currency)).or_default();
                sums.0 += moved.debit;
                sums.1 += moved.credit;
            }
        }
    }
    let of = |((branch_id, method, currency), (taken, refunded))| Collected {
        branch_id,
        method,
        currency,
        taken,
        refunded,
        net: taken - refunded,
    };
    Ok(found.into_iter().map(of).collect())
}

/// What was earned with one plan, or otherwise, at one branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Earned {
    /// The branch.
    pub branch_id: UnitId,
    /// `plan` with its id as the subject; else `other` with what it was for.
    pub source: Source,
    /// The plan's id, or the kind of what was charged.
    pub subject: String,
    /// The currency.
    pub currency: Currency,
    /// Charged less credited, without tax.
    pub amount: i64,
}

/// Where an income comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A plan.
    Plan,
    /// Admission, late fees, anything else.
    Other,
    /// Deposits that were kept.
    DepositKept,
}

/// Revenue: what was charged in these days less what was credited, without tax, whether it was paid or not; by branch and plan.
pub async fn earned(
    tx: &mut Tx,
    scope: &Scope,
    branch: Option<UnitId>,
    days: Days,
) -> Result<Vec<Earned>, Error> {
    let mut found = Vec::new();
    for (code, source) in [
        (chart::FEES, Source::Plan),
        (chart::OTHER_INCOME, Source::Other),
        (chart::DEPOSIT_KEPT, Source::DepositKept),
    ] {
        let which = Which {
            unit: branch,
            ..Which::all(code, scope)
        };
        for moved in movements(tx, which, days).await? {
            let Some(branch_id) = moved.unit else {
                continue;
            };
            found.push(Earned {
                branch_id,
                source,
                subject: moved.subject.unwrap_or_default(),
                currency: moved.currency,
                amount: moved.credit - moved.debit,
            });
        }
    }
    Ok(found)
}

/// What is owed, by how long it has been due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ageing {
    /// Due today or later.
    pub not_due: i64,
    /// For 1 to 7 days.
    pub days_1_to_7: i64,
    /// For 8 to 30 days.
    pub days_8_to_30: i64,
    /// For 31 to 60 days.
    pub days_31_to_60: i64,
    /// For 61 to 90 days.
    pub days_61_to_90: i64,
    /// For longer.
    pub days_over_90: i64,
    /// All of it.
    pub total: i64,
}

/// Sorts what is left of dues by how many days before `today` they were due.
pub fn ageing(today: CivilDate, left: impl IntoIterator<Item = (CivilDate, i64)>) -> Ageing {
    let mut ageing = Ageing::default();
    for (due_on, amount) in left {
        let late = today.days_since_epoch() - due_on.days_since_epoch();
        let bucket = match late {
            ..=0 => &mut ageing.not_due,
            1..=7 => &mut ageing.days_1_to_7,
            8..=30 => &mut ageing.days_8_to_30,
            31..=60 => &mut ageing.days_31_to_60,
            61..=90 => &mut ageing.days_61_to_90,
            _ => &mut ageing.days_over_90,
        };
        *bucket += amount;
        ageing.total += amount;
    }
    ageing
}

/// How much of what was due was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Collection {
    /// What was due: amounts of dues less what was let off, credited or returned.
    pub due: i64,
    /// What was paid of it, until now.
    pub paid: i64,
    /// Paid of due in hundredths of a percent, rounded down; nothing when nothing was due.
    pub rate: Option<i64>,
}

/// The collection rate of sums over dues.
pub fn collection(due: i64, paid: i64) -> Collection {
    let rate = (due > 0).then(|| i128::from(paid) * 10_000 / i128::from(due));
    Collection {
        due,
        paid,
        rate: rate.and_then(|rate| i64::try_from(rate).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dues_are_sorted_by_their_age() {
        let day = |text: &str| text.parse::<CivilDate>().unwrap();
        // Today is 1 March 2026: the 22nd of February was seven days ago, the 30th of January thirty.
        let left = [
            ("2026-03-02", 1),
            ("2026-03-01", 2),
            ("2026-02-28", 4),
            ("2026-02-22", 8),
            ("2026-02-21", 16),
            ("2026-01-30", 32),
            ("2026-01-29", 64),
            ("2025-12-31", 128),
            ("2025-12-30", 256),
            ("2025-12-01", 512),
            ("2025-11-30", 1_024),
            ("2020-01-01", 2_048),
        ];
        let found = ageing(
            day("2026-03-01"),
            left.map(|(text, amount)| (day(text), amount)),
        );
        let wanted = Ageing {
            not_due: 3,
            days_1_to_7: 12,
            days_8_to_30: 48,
            days_31_to_60: 192,
            days_61_to_90: 768,
            days_over_90: 3_072,
            total: 4_095,
        };
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_rate_of_nothing_is_no_rate() {
        assert_eq!(collection(0, 0).rate, None);
        assert_eq!(collection(3, 2).rate, Some(6_666));
        assert_eq!(collection(i64::MAX, i64::MAX).rate, Some(10_000));
    }
}
