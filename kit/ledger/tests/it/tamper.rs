//! Somebody who has the database and removed its triggers is found out.

use gantry_db::{DbError, Sql, args, sql};
use gantry_ledger::{Fault, Verifier};
use gantry_testkit::both_engines;

use crate::{CASH, FEES, moved, open, verify, write};

enum Undone {
    Faults(Vec<Fault>),
    Db(DbError),
}

impl From<DbError> for Undone {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

type Wanted = fn(&Fault) -> bool;

both_engines! {
    async fn every_change_is_found(engine: Engine) {
        let (_stage, db) = open(engine).await;
        for n in 0..3 {
            write(&db, moved(&format!("a{n}"), n, 5, FEES.whole(), CASH.whole())).await.unwrap();
        }
        let disarm: [Sql; 4] = [
            sql! { sqlite: "drop trigger ledger_postings_no_update", postgres: "drop trigger ledger_postings_no_change on ledger_postings" },
            sql! { sqlite: "drop trigger ledger_postings_no_delete", postgres: "drop trigger ledger_entries_no_change on ledger_entries" },
            sql! { sqlite: "drop trigger ledger_entries_no_update", postgres: "drop trigger ledger_accounts_no_change on ledger_accounts" },
            sql! { sqlite: "drop trigger ledger_accounts_no_update", postgres: "drop trigger ledger_postings_of_entries on ledger_postings" },
        ];
        let cases: &[(Sql, Wanted)] = &[
            (sql!("update ledger_postings set amount = 6 where amount = 5 and on_day = (select min(on_day) from ledger_postings)"),
             |fault| matches!(fault, Fault::Unbalanced { by: 1, .. })),
            (sql!("update ledger_postings set amount = 6 where amount = 5"),
             |fault| matches!(fault, Fault::Total { by: 3, .. })),
            (sql!("update ledger_postings set amount = amount * 2"),
             |fault| matches!(fault, Fault::NotItsLines { .. })),
            (sql!("delete from ledger_postings where amount = 5"),
             |fault| matches!(fault, Fault::TooFew { .. })),
            (sql!("update ledger_entries set lines = '[]'"),
             |fault| matches!(fault, Fault::NotItsLines { .. })),
            (sql!("update ledger_accounts set currency = 'USD' where code = 'test.cash'"),
             |fault| matches!(fault, Fault::Account { .. })),
        ];
        for (number, (statement, wanted)) in cases.iter().enumerate() {
            let statement = *statement;
            let outcome: Result<(), Undone> = db
                .write(async move |tx| {
                    for remove in disarm {
                        tx.execute(remove, &args![]).await?;
                    }
                    tx.execute(statement, &args![]).await?;
                    let mut verifier = Verifier::new();
                    while verifier.page(tx).await? {}
                    Err(Undone::Faults(verifier.report().faults))
                })
                .await;
            match outcome {
                Err(Undone::Faults(faults)) => assert!(faults.iter().any(wanted), "{number}: {faults:?}"),
                Err(Undone::Db(error)) => panic!("{number}: {error}"),
                Ok(()) => unreachable!("it ends with what was found"),
            }
        }
        assert_eq!(verify(&db).await.faults, []);
    }
}
