//! Rows go when they are old enough, from the front alone, and leave a signed anchor.

use std::time::Duration;

use gantry_audit::Filter;
use gantry_audit::chain::{self, Fault, PruneError, Pruned};
use gantry_db::{Engine, args, sql};
use gantry_kernel::Timestamp;
use gantry_testkit::both_engines;

use crate::chain::{disarm, keys, run, seal, verify};
use crate::{Setting, append, list, numbered, open};

const DAY: Duration = Duration::from_hours(24);

async fn prune(at: &Setting, before: Timestamp) -> Result<Pruned, PruneError> {
    let keys = keys("k1");
    at.databases
        .control
        .write(async move |tx| chain::prune(tx, &keys, before).await)
        .await
}

/// One row a day, sealed as it comes.
async fn days(engine: Engine, count: i64) -> (Setting, Timestamp) {
    let at = open(engine).await;
    let start = at.kernel.now();
    for number in 1..=count {
        append(&at.databases.control, numbered(number)).await;
        seal(&at, &keys("k1")).await.unwrap();
        at.clock.advance(DAY);
    }
    (at, start)
}

both_engines! {
    async fn the_front_goes_and_the_rest_verifies(engine: Engine) {
        let (at, start) = days(engine, 10).await;
        assert_eq!(prune(&at, start).await.unwrap(), Pruned { rows: 0, more: false });
        assert_eq!(prune(&at, start + DAY * 4).await.unwrap(), Pruned { rows: 4, more: false });
        let report = verify(&at, &keys("k1"), None).await;
        assert_eq!((report.removed, report.rows), (4, 6));
        assert_eq!(report.faults, []);
        let left = list(&at.databases.control, Filter::default(), None, 100).await;
        assert_eq!(left.iter().map(|row| row.sequence).collect::<Vec<_>>(), (5..=10).rev().map(Some).collect::<Vec<_>>());
        // And again, from the anchor on; the chain goes on after it.
        assert_eq!(prune(&at, start + DAY * 7).await.unwrap().rows, 3);
        append(&at.databases.control, numbered(11)).await;
        seal(&at, &keys("k1")).await.unwrap();
        let report = verify(&at, &keys("k1"), None).await;
        assert_eq!((report.removed, report.rows, report.head.unwrap().seq), (7, 4, 11));
        assert_eq!(report.faults, []);
        // Everything may go, and the sequence is still not begun anew.
        assert_eq!(prune(&at, start + DAY * 100).await.unwrap().rows, 4);
        let report = verify(&at, &keys("k1"), None).await;
        assert_eq!((report.removed, report.rows), (11, 0));
        assert_eq!(report.faults, []);
        append(&at.databases.control, numbered(12)).await;
        assert_eq!(seal(&at, &keys("k1")).await.unwrap().seq, 12);
        assert_eq!(verify(&at, &keys("k1"), None).await.faults, []);
    }

    /// An old row behind a younger one waits for it, and one that is not sealed stays.
    async fn nothing_goes_out_of_turn(engine: Engine) {
        let (at, start) = days(engine, 3).await;
        run(&at, &[sql!(
            "insert into audit (id, at, actor_kind, action, target_kind, outcome)
             values ('01900000-0000-7000-8000-000000000000', 1, 'system', 'test.late', 'thing', 'done')"
        )]).await.unwrap();
        assert_eq!(prune(&at, start + DAY).await.unwrap().rows, 1);
        assert_eq!(prune(&at, start + DAY * 100).await.unwrap().rows, 2);
        assert_eq!(list(&at.databases.control, Filter::default(), None, 10).await.len(), 1);
        let refused = run(&at, &[sql!("delete from audit")]).await;
        assert!(refused.is_err(), "a row that is not sealed must stay");
        let refused = run(&at, &[sql!("delete from audit_seals where kind = 'anchor'")]).await;
        assert!(refused.is_err(), "an anchor must stay");
    }

    /// Removing a broken piece would remove the proof.
    async fn a_broken_chain_is_not_removed(engine: Engine) {
        let (at, start) = days(engine, 5).await;
        disarm(&at).await;
        run(&at, &[sql!("update audit set action = 'test.other' where id in (select row_id from audit_chain where seq = 2)")])
            .await
            .unwrap();
        let refused = prune(&at, start + DAY * 100).await;
        assert!(matches!(refused, Err(PruneError::Broken(Fault::Changed { seq: 2, .. }))), "{refused:?}");
        assert_eq!(list(&at.databases.control, Filter::default(), None, 100).await.len(), 5);
    }

    /// Whoever removes the front in another way has no anchor that verifies.
    async fn an_anchor_cannot_be_made_up(engine: Engine) {
        let (at, start) = days(engine, 5).await;
        run(&at, &[
            sql!("insert into audit_seals (kind, seq, key_id, at, link, signature)
                  select 'anchor', seq, key_id, at, link, signature from audit_seals where seq = 3"),
            sql!("delete from audit where id in (select row_id from audit_chain where seq <= 3)"),
            sql!("delete from audit_chain where seq <= 3"),
        ])
        .await
        .unwrap();
        let forged = Fault::Forged { seq: 3, kind: "anchor".to_owned() };
        assert_eq!(verify(&at, &keys("k1"), None).await.faults, std::slice::from_ref(&forged));
        let refused = prune(&at, start + DAY * 100).await;
        assert!(matches!(refused, Err(PruneError::Broken(fault)) if fault == forged));
        // A check that began before retention moved on is not confused by it.
        let (at, start) = days(engine, 3).await;
        let mut verifier = chain::Verifier::new(keys("k1"), None, Vec::new());
        let control = at.databases.control.clone();
        prune(&at, start + DAY * 2).await.unwrap();
        while control.read(async |tx| verifier.page(tx).await).await.unwrap() {}
        assert_eq!(verifier.report().faults, []);
    }

    /// What somebody who checks elsewhere is given: an unbroken piece that ends in a seal.
    async fn an_exported_piece_is_unbroken(engine: Engine) {
        let (at, start) = days(engine, 9).await;
        prune(&at, start + DAY * 2).await.unwrap();
        let control = &at.databases.control;
        let (since, until) = (Some(start + DAY * 4), Some(start + DAY * 6));
        let (span, rows, all) = control
            .read(async |tx| {
                let span = chain::span(tx, since, until).await?.unwrap();
                let rows = chain::rows(tx, span, 0, 100).await?;
                let all = chain::span(tx, None, None).await?.unwrap();
                Ok::<_, gantry_db::DbError>((span, rows, chain::rows(tx, all, 0, 100).await?))
            })
            .await
            .unwrap();
        assert_eq!((span.first, span.last), (5, 6));
        assert_eq!(rows[0].link, rows[1].previous);
        assert_eq!(all.len(), 7);
        assert!(all.windows(2).all(|pair| pair[0].link == pair[1].previous));
        let anchor: Vec<u8> = control
            .read(async |tx| {
                tx.one(sql!("select link from audit_seals where kind = 'anchor'"), &args![]).await
            })
            .await
            .unwrap();
        assert_eq!(all[0].previous.as_ref(), Some(&anchor));
    }
}
