//! Random books against a model that keeps every line in memory.

use std::collections::BTreeMap;

use gantry_kernel::{CivilDate, Currency, Scope, UnitId};
use gantry_ledger::{Account, Code, Days, Entry, Which, balance, movements, post};
use gantry_testkit::both_engines;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::{CASH, FEES, HELD, OWED, RENT, day, entry, open, rupees, verify};

const CODES: [Code; 5] = [CASH, OWED, HELD, FEES, RENT];

/// One move: of which code, unit and subject to which, how much, on which day, and whether the transaction is taken back.
type Move = ((usize, usize, usize), (usize, usize, usize), i64, i32, bool);

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let account = || (0..CODES.len(), 0..3_usize, 0..3_usize);
    let amount = prop_oneof![1_i64..1_000, Just(1), 1_i64..1_000_000_000_000];
    proptest::collection::vec(
        (
            account(),
            account(),
            amount,
            0..40_i32,
            proptest::bool::weighted(0.1),
        ),
        1..120,
    )
}

fn account((code, unit, subject): (usize, usize, usize), units: &[UnitId]) -> Account {
    let code = CODES[code];
    let account = if unit == 2 {
        code.whole()
    } else {
        code.of(units[unit])
    };
    if subject == 2 {
        account
    } else {
        account.about(format!("s{subject}"))
    }
}

both_engines! {
    async fn balances_agree_with_a_model(engine: Engine) {
        let (stage, db) = open(engine).await;
        let units: Vec<UnitId> = vec![stage.kernel.id(), stage.kernel.id()];
        let mut runner = TestRunner::deterministic();
        let mut lines: Vec<((usize, usize, usize), CivilDate, i64)> = Vec::new();
        for round in 0..4 {
            let moves = moves().new_tree(&mut runner).unwrap().current();
            for (number, (from, to, amount, on, taken_back)) in moves.into_iter().enumerate() {
                let made: Entry = entry(&format!("{round}-{number}"), on)
                    .debit(account(to, &units), rupees(amount))
                    .credit(account(from, &units), rupees(amount));
                let wrote: Result<(), gantry_ledger::Refusal> = db
                    .write(async move |tx| {
                        post(tx, made.clone()).await?;
                        if taken_back { Err(gantry_db::DbError::NoRow.into()) } else { Ok(()) }
                    })
                    .await;
                assert_eq!(wrote.is_err(), taken_back, "{wrote:?}");
                if !taken_back {
                    lines.push((to, day(on), amount));
                    lines.push((from, day(on), -amount));
                }
            }
            for through in [day(0), day(13), day(39)] {
                for (code, known) in CODES.iter().enumerate() {
                    for (unit, subject) in [(0, 0), (1, 1), (2, 2), (0, 2), (2, 1)] {
                        let of = (code, unit, subject);
                        let sum: i64 = lines.iter().filter(|l| l.0 == of && l.1 <= through).map(|l| l.2).sum();
                        let natural = if known.kind().grows_by_debit() { sum } else { -sum };
                        let asked = account(of, &units);
                        let found = db
                            .read(async move |tx| balance(tx, &asked, Currency::INR, Some(through)).await)
                            .await
                            .unwrap();
                        assert_eq!(found, rupees(natural), "{of:?} {through}");
                    }
                }
            }
            let span = Days { from: Some(day(5)), through: Some(day(20)) };
            for (code, known) in CODES.iter().enumerate() {
                let mut wanted: BTreeMap<_, (i64, i64)> = BTreeMap::new();
                for ((c, unit, subject), on, amount) in &lines {
                    // The scope reaches the first unit alone.
                    if *c == code && *unit == 0 && *on >= day(5) && *on <= day(20) {
                        let sums = wanted.entry((*subject < 2).then(|| format!("s{subject}"))).or_default();
                        if *amount > 0 { sums.0 += amount } else { sums.1 -= amount }
                    }
                }
                let scope = Scope::Units([units[0]].into());
                let found = db
                    .read(async move |tx| movements(tx, Which::all(*known, &scope), span).await)
                    .await
                    .unwrap();
                let found: BTreeMap<_, _> =
                    found.into_iter().map(|m| (m.subject, (m.debit, m.credit))).collect();
                assert_eq!(found, wanted, "{}", known.as_str());
            }
        }
        let report = verify(&db).await;
        assert_eq!(report.faults, []);
        assert_eq!(usize::try_from(report.postings), Ok(lines.len()));
    }
}
