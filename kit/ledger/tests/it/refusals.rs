//! What is no entry is not written, whoever asks: the crate says why, and the database refuses by itself.

use gantry_db::{DbError, args, sql};
use gantry_kernel::{Currency, Money, UnitId};
use gantry_ledger::{Refusal, balance};
use gantry_testkit::both_engines;

use crate::{CASH, FEES, HELD, day, entry, moved, open, rupees, verify, write};

both_engines! {
    async fn what_does_not_balance_is_refused(engine: Engine) {
        let (_stage, db) = open(engine).await;
        let dollars = Money::new(5, "USD".parse().unwrap());
        let cash = || CASH.whole();
        let fees = || FEES.whole();
        let lone = write(&db, entry("a", 0).debit(cash(), rupees(5))).await;
        assert!(matches!(lone, Err(Refusal::TooFewLines)), "{lone:?}");
        let nothing = write(&db, entry("a", 0).debit(cash(), rupees(0)).credit(fees(), rupees(0))).await;
        assert!(matches!(nothing, Err(Refusal::TooFewLines)), "{nothing:?}");
        let askew = write(&db, entry("a", 0).debit(cash(), rupees(5)).credit(fees(), rupees(4))).await;
        assert!(matches!(askew, Err(Refusal::Unbalanced(1, Currency::INR))), "{askew:?}");
        let mixed = write(&db, entry("a", 0).debit(cash(), dollars).credit(fees(), rupees(5))).await;
        assert!(matches!(mixed, Err(Refusal::Mixed(..))), "{mixed:?}");
        let negative = write(&db, entry("a", 0).debit(cash(), rupees(-5)).credit(fees(), rupees(-5))).await;
        assert!(matches!(negative, Err(Refusal::Negative)), "{negative:?}");
        // Sums beyond 64 bits do not wrap around to zero.
        let vast = entry("a", 0).debit(cash(), rupees(i64::MAX)).debit(HELD.whole(), rupees(i64::MAX));
        let vast = write(&db, vast.debit(fees(), rupees(2)).credit(fees(), rupees(1))).await;
        assert!(matches!(vast, Err(Refusal::Unbalanced(..))), "{vast:?}");
        for wrong in [String::new(), "x".repeat(121)] {
            let refused = write(&db, moved(&wrong, 0, 5, fees(), cash())).await;
            assert!(matches!(refused, Err(Refusal::Text("cause"))), "{refused:?}");
        }
        assert_eq!(verify(&db).await.entries, 0);
    }

    async fn what_happened_once_is_booked_once(engine: Engine) {
        let (stage, db) = open(engine).await;
        let unit: UnitId = stage.kernel.id();
        let taken = || moved("payment:1", 3, 500, FEES.of(unit), CASH.of(unit).about("desk"));
        let first = write(&db, taken()).await.unwrap();
        assert_eq!(write(&db, taken()).await.unwrap(), first);
        let other = write(&db, moved("payment:1", 3, 501, FEES.of(unit), CASH.of(unit))).await;
        assert!(matches!(other, Err(Refusal::CauseTaken(_))), "{other:?}");
        let at_once = futures_util::future::join_all((0..8).map(|_| {
            write(&db, moved("payment:2", 4, 7, FEES.of(unit), CASH.of(unit)))
        }));
        let ids: Vec<_> = at_once.await.into_iter().map(Result::unwrap).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let held = async |through: Option<i32>| {
            let through = through.map(day);
            db.read(async move |tx| balance(tx, &FEES.of(unit), Currency::INR, through).await).await.unwrap().amount
        };
        assert_eq!((held(None).await, held(Some(3)).await, held(Some(2)).await), (507, 500, 0));
        assert_eq!(verify(&db).await.entries, 2);
    }

    async fn the_database_itself_refuses(engine: Engine) {
        let (_stage, db) = open(engine).await;
        write(&db, moved("a", 0, 5, FEES.whole(), CASH.whole())).await.unwrap();
        for statement in [
            sql!("update ledger_entries set memo = 'x'"),
            sql!("update ledger_postings set amount = amount + 1"),
            sql!("update ledger_accounts set currency = 'USD'"),
            sql!("delete from ledger_postings"),
            sql!("delete from ledger_entries"),
            sql!("delete from ledger_accounts"),
            sql! {
                sqlite: "insert or replace into ledger_entries select * from ledger_entries",
                postgres: "truncate ledger_entries cascade",
            },
            // A posting that is no line of its entry, and a line twice.
            sql!("insert into ledger_postings select entry_id, 3, account_id, on_day, 9 from ledger_postings where line = 1"),
            sql!("insert into ledger_postings select entry_id, 2, account_id, on_day, amount from ledger_postings where line = 1"),
            // Entries that do not sum to zero, have one line, or name no account.
            sql!("insert into ledger_entries (id, kind, cause, on_day, at, actor_kind, currency, lines)
                  select 'b', kind, 'b', on_day, at, actor_kind, currency,
                         '[[\"' || (select min(id) from ledger_accounts) || '\",5],[\"' || (select max(id) from ledger_accounts) || '\",-4]]'
                  from ledger_entries"),
            sql!("insert into ledger_entries (id, kind, cause, on_day, at, actor_kind, currency, lines)
                  select 'b', kind, 'b', on_day, at, actor_kind, currency,
                         '[[\"' || (select min(id) from ledger_accounts) || '\",5]]' from ledger_entries"),
            sql!("insert into ledger_entries (id, kind, cause, on_day, at, actor_kind, currency, lines)
                  select 'b', kind, 'b', on_day, at, actor_kind, currency, '[[\"x\",5],[\"y\",-5]]' from ledger_entries"),
            sql!("insert into ledger_entries (id, kind, cause, on_day, at, actor_kind, currency, lines)
                  select 'b', kind, 'b', on_day, at, actor_kind, currency, '[]' from ledger_entries"),
            sql!("insert into ledger_entries (id, kind, cause, on_day, at, actor_kind, currency, lines)
                  select 'b', kind, 'b', on_day, at, actor_kind, 'USD', lines from ledger_entries"),
        ] {
            let refused: Result<u64, DbError> =
                db.write(async move |tx| tx.execute(statement, &args![]).await).await;
            assert!(refused.is_err(), "allowed: {}", statement.text(engine));
        }
        let report = verify(&db).await;
        assert_eq!((report.entries, report.postings, report.faults), (1, 2, Vec::new()));
    }

    /// What is right is taken, so that the refusals above are for what they say.
    async fn the_database_takes_a_whole_entry(engine: Engine) {
        let (_stage, db) = open(engine).await;
        write(&db, moved("a", 0, 5, FEES.whole(), CASH.whole())).await.unwrap();
        let again = sql!(
            "insert into ledger_entries (id, kind, cause, on_day, at, actor_kind, currency, lines)
             select 'b', kind, 'b', on_day, at, actor_kind, currency, lines from ledger_entries"
        );
        db.write(async move |tx| tx.execute(again, &args![]).await).await.unwrap();
        let report = verify(&db).await;
        assert_eq!((report.entries, report.postings, report.faults), (2, 4, Vec::new()));
    }
}
