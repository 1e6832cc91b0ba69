//! Somebody who has the database, its triggers removed, and no master key.

use std::sync::Arc;

use gantry_audit::chain::{self, Fault, SealKeys, Verifier};
use gantry_db::{DbError, Sql, args, sql};
use gantry_kernel::crypto::Keyring;
use gantry_testkit::both_engines;

use crate::chain::{disarm, keys, row_at, run, seal, sealed, verify};
use crate::{Setting, append, numbered};

type Case<'a> = (&'a [Sql], fn(&str) -> Fault);

/// What a check found in a transaction that was taken back.
enum Undone {
    Faults(Vec<Fault>),
    Db(DbError),
}

impl From<DbError> for Undone {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// The faults that a check finds after these statements, which then never were.
async fn undone(at: &Setting, statements: &[Sql]) -> Vec<Fault> {
    let statements = statements.to_vec();
    let outcome: Result<(), Undone> = at
        .databases
        .control
        .write(async move |tx| {
            for statement in &statements {
                tx.execute(*statement, &args![]).await?;
            }
            let mut verifier = Verifier::new(keys("k1"), None, Vec::new());
            while verifier.page(tx).await? {}
            Err(Undone::Faults(verifier.report().faults))
        })
        .await;
    match outcome {
        Err(Undone::Faults(faults)) => faults,
        Err(Undone::Db(error)) => panic!("{error}"),
        Ok(()) => unreachable!("it ends with what was found"),
    }
}

both_engines! {
    /// Whoever removes them is found out, with the place.
    async fn every_change_is_found_at_its_place(engine: Engine) {
        let changed: &[Case<'_>] = &[
            (&[sql!("update audit set action = 'test.other' where id in (select row_id from audit_chain where seq = 3)")],
             |row| Fault::Changed { seq: 3, row: row.to_owned() }),
            (&[sql!("update audit set user_agent = '' where id in (select row_id from audit_chain where seq = 3)")],
             |row| Fault::Changed { seq: 3, row: row.to_owned() }),
            (&[sql!("delete from audit where id in (select row_id from audit_chain where seq = 3)")],
             |row| Fault::RowGone { seq: 3, row: row.to_owned() }),
            (&[sql!("delete from audit where id in (select row_id from audit_chain where seq = 3)"),
               sql!("delete from audit_chain where seq = 3")],
             |_| Fault::Missing { from: 3, to: 3 }),
            (&[sql!("delete from audit where id in (select row_id from audit_chain where seq = 1)"),
               sql!("delete from audit_chain where seq = 1")],
             |_| Fault::Missing { from: 1, to: 1 }),
            // The third and the fourth row change places.
            (&[sql!("update audit_chain set seq = 100 where seq = 3"),
               sql!("update audit_chain set seq = 3 where seq = 4"),
               sql!("update audit_chain set seq = 4 where seq = 100"),],
             |_| Fault::NotAsSigned { seq: 4 }),
            (&[sql!("update audit_chain set link = (select link from audit_chain where seq = 2) where seq = 3")],
             |row| Fault::Changed { seq: 3, row: row.to_owned() }),
            (&[sql!("update audit_seals set at = at + 1 where seq = 4")],
             |_| Fault::Forged { seq: 4, kind: "head".to_owned() }),
            (&[sql!("delete from audit_seals where seq = 5")],
             |_| Fault::Unsigned { from: 5, to: 5 }),
            (&[sql!("delete from audit where id in (select row_id from audit_chain where seq = 5)"),
               sql!("delete from audit_chain where seq = 5")],
             |_| Fault::TailMissing { end: 4, known: 5, whence: "a seal of this database" }),
            (&[sql!("insert into audit (id, at, actor_kind, action, target_kind, outcome)
                     values ('x', 1, 'system', 'test.inserted', 'thing', 'done')"),
               sql!("delete from audit_unsealed")],
             |_| Fault::Inserted { row: "x".to_owned() }),
            (&[sql!("insert into audit (id, at, actor_kind, action, target_kind, outcome)
                     values ('x', 1, 'system', 'test.made', 'thing', 'done')"),
               sql!("delete from audit where id = 'x'")],
             |_| Fault::GoneUnsealed { row: "x".to_owned() }),
        ];
        let at = sealed(engine, 5).await;
        let third = row_at(&at, 3).await;
        disarm(&at).await;
        for (number, (statements, fault)) in changed.iter().enumerate() {
            let faults = undone(&at, statements).await;
            let wanted = fault(&third);
            assert!(faults.contains(&wanted), "{number}: {wanted:?} is not in {faults:?}");
        }
        assert_eq!(verify(&at, &keys("k1"), None).await.faults, []);
    }

    /// The whole tail, its seals included: only who noted the head elsewhere can know.
    async fn a_tail_that_is_gone_is_known_elsewhere(engine: Engine) {
        let at = sealed(engine, 6).await;
        let head = seal(&at, &keys("k1")).await.unwrap();
        disarm(&at).await;
        run(&at, &[
            sql!("delete from audit where id in (select row_id from audit_chain where seq > 4)"),
            sql!("delete from audit_chain where seq > 4"),
            sql!("delete from audit_seals where seq > 4"),
        ])
        .await
        .unwrap();
        assert_eq!(verify(&at, &keys("k1"), None).await.faults, []);
        let report = verify(&at, &keys("k1"), Some(head)).await;
        assert_eq!(report.faults, [Fault::TailMissing { end: 4, known: 6, whence: "the test" }]);
        // Nor does another tail in its place help.
        append(&at.databases.control, numbered(7)).await;
        append(&at.databases.control, numbered(8)).await;
        seal(&at, &keys("k1")).await.unwrap();
        let report = verify(&at, &keys("k1"), Some(head)).await;
        assert_eq!(report.faults, [Fault::NotAsNoted { seq: 6, whence: "the test" }]);
    }

    /// A chain made anew from changed rows is consistent in itself, and signed by nobody.
    async fn a_chain_made_anew_is_not_signed(engine: Engine) {
        let at = sealed(engine, 4).await;
        disarm(&at).await;
        run(&at, &[
            sql!("insert into audit_unsealed (row_id, at) select row_id, seq from audit_chain"),
            sql!("update audit set action = 'test.other' where id in (select row_id from audit_chain where seq = 2)"),
            sql!("delete from audit_chain"),
            sql!("delete from audit_seals"),
        ])
        .await
        .unwrap();
        // The forger knows everything but the master key.
        seal(&at, &keys("k9")).await.unwrap();
        let report = verify(&at, &keys("k1"), None).await;
        assert_eq!(
            report.faults,
            [Fault::UnknownKey { seq: 4, kind: "head".to_owned(), key: "k9".to_owned() }]
        );
        run(&at, &[sql!("update audit_seals set key_id = 'k1'")]).await.unwrap();
        let report = verify(&at, &keys("k1"), None).await;
        assert!(report.faults.contains(&Fault::Forged { seq: 4, kind: "head".to_owned() }), "{:?}", report.faults);
        assert!(report.faults.contains(&Fault::Unsigned { from: 1, to: 4 }), "{:?}", report.faults);
    }

    /// One database's chain is not another's.
    async fn a_chain_belongs_to_its_database(engine: Engine) {
        let at = sealed(engine, 2).await;
        let mut elsewhere = Verifier::new(keys("k1"), Some(at.kernel.id()), Vec::new());
        at.databases.control.read(async |tx| elsewhere.page(tx).await).await.unwrap();
        let faults = elsewhere.report().faults;
        assert!(faults.contains(&Fault::Forged { seq: 2, kind: "head".to_owned() }), "{faults:?}");
        assert!(faults.iter().any(|fault| matches!(fault, Fault::Changed { seq: 1, .. })), "{faults:?}");
    }

    /// After a change of the master key what was sealed under the older one still counts, and once it is
    /// signed again the older key may go.
    async fn a_master_key_may_change(engine: Engine) {
        let at = sealed(engine, 3).await;
        let mut ring = Keyring::new("k2", [b'2'; 32]).unwrap();
        ring.add("k1", [b'1'; 32]).unwrap();
        let both = SealKeys::new(Arc::new(ring));
        assert_eq!(verify(&at, &both, None).await.faults, []);
        let unknown = Fault::UnknownKey { seq: 3, kind: "head".to_owned(), key: "k1".to_owned() };
        assert_eq!(verify(&at, &keys("k2"), None).await.faults, [unknown]);
        for signs in [1, 0] {
            let both = both.clone();
            let signed = at.databases.control.write(async move |tx| chain::countersign(tx, &both).await).await;
            assert_eq!(signed.unwrap(), signs, "once");
        }
        let report = verify(&at, &keys("k2"), None).await;
        assert_eq!(report.faults, []);
        assert_eq!(report.unchecked_seals, 2);
    }
}
