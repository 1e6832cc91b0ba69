//! Events on both engines: left by writers, placed by relays that race, read by whoever comes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gantry_db::{DbError, TenantDb, TenantTx};
use gantry_events::{
    BATCH, Cursor, Event, Hub, KEPT, MAX_SUBJECTS, MOST, Told, due, emit, events_about,
    events_of_tenant, relay, span, sweep, waiting,
};
use gantry_kernel::{IdentityId, Kernel, ManualClock, TenantId};
use gantry_testkit::{Engine, Stage, both_engines};
use proptest::prelude::*;

async fn stage(engine: Engine) -> (Stage, TenantDb) {
    let stage = Stage::new(engine, [gantry_jobs::MIGRATIONS, gantry_events::MIGRATIONS]).await;
    let db = stage.tenant("alpha").await;
    (stage, db)
}

async fn leave(db: &TenantDb, event: Event) {
    db.write(async move |tx: &mut TenantTx| emit(tx, event.clone()).await)
        .await
        .unwrap();
}

/// One turn of a relay; how many it placed. Of two that want the same events one fails.
async fn turn(db: &TenantDb) -> Result<usize, DbError> {
    let rows = db.read(async |tx| waiting(tx, BATCH).await).await?;
    let count = rows.len();
    let rows = Arc::new(rows);
    db.write(async move |tx: &mut TenantTx| relay(tx, &rows).await)
        .await?;
    Ok(count)
}

async fn after(db: &TenantDb, seq: i64) -> Vec<Told> {
    db.read(async |tx| events_of_tenant(tx, seq, 100).await)
        .await
        .unwrap()
}

const WRITERS: usize = 50;
const EACH: usize = 6;

both_engines! {
    /// Fifty writers, two relays that know nothing of each other, and a reader that is always there: it sees each event
    /// once, without a gap, each writer's in order.
    async fn what_commits_late_is_not_passed_over(engine: Engine) {
        let (_stage, db) = stage(engine).await;
        let done = Arc::new(AtomicBool::new(false));
        let relays: Vec<_> = (0..2).map(|_| {
            let (db, done) = (db.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                loop {
                    let finished = done.load(Ordering::SeqCst);
                    // A race that was lost is made good by the next turn.
                    let placed = turn(&db).await.unwrap_or(1);
                    if finished && placed == 0 {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            })
        }).collect();
        let reader = {
            let db = db.clone();
            tokio::spawn(async move {
                let (mut last, mut seen) = (0, Vec::new());
                while seen.len() < WRITERS * EACH {
                    for told in after(&db, last).await {
                        assert_eq!(told.seq, last + 1, "a gap");
                        last = told.seq;
                        seen.push(told.subjects[0].as_str().unwrap().to_owned());
                    }
                    tokio::task::yield_now().await;
                }
                seen
            })
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| {
            let db = db.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    leave(&db, Event::new("test.thing.made").about(format!("{writer:02}-{number}"))).await;
                }
            })
        }).collect();
        for writer in writers {
            writer.await.unwrap();
        }
        done.store(true, Ordering::SeqCst);
        for relay in relays {
            relay.await.unwrap();
        }
        let seen = reader.await.unwrap();
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), WRITERS * EACH);
        for writer in 0..WRITERS {
            let prefix = format!("{writer:02}-");
            let own = seen.iter().filter(|subject| subject.starts_with(&prefix));
            assert!(own.is_sorted(), "writer {writer}: {seen:?}");
        }
        assert_eq!(db.read(async |tx| due(tx).await).await.unwrap(), None);
    }

    async fn what_is_undone_is_not_told(engine: Engine) {
        let (_stage, db) = stage(engine).await;
        let failed = db.write(async |tx: &mut TenantTx| {
            emit(tx, Event::new("test.thing.made")).await?;
            Err::<(), _>(DbError::NoRow)
        }).await;
        assert!(failed.is_err());
        assert_eq!(turn(&db).await.unwrap(), 0);
        leave(&db, Event::new("test.thing.made")).await;
        assert_eq!(turn(&db).await.unwrap(), 1);
        assert_eq!(after(&db, 0).await.len(), 1);
    }

    /// Old events go as new ones come; a reader from before is told that it missed some.
    async fn what_is_old_goes_and_is_missed(engine: Engine) {
        let (stage, db) = stage(engine).await;
        for number in 0..3 {
            leave(&db, Event::new("test.thing.made").about(number)).await;
        }
        turn(&db).await.unwrap();
        stage.clock.advance(KEPT + Duration::from_secs(1));
        leave(&db, Event::new("test.thing.made").about(3)).await;
        turn(&db).await.unwrap();
        let swept = db.write(async |tx: &mut TenantTx| sweep(tx, 4).await).await.unwrap();
        assert_eq!(swept, 3);
        let left = db.read(async |tx| span(tx).await).await.unwrap();
        assert_eq!((left.first, left.last), (4, 4));
        assert!(left.continues(3) && left.continues(4));
        assert!(!left.continues(2) && !left.continues(5));
        let kept = db.write(async |tx: &mut TenantTx| sweep(tx, 4).await).await.unwrap();
        assert_eq!(kept, 0, "the newest stays, so that the order goes on");
        let beyond = db.write(async |tx: &mut TenantTx| sweep(tx, 4 + MOST).await).await.unwrap();
        assert_eq!(beyond, 1);
    }

    async fn control_tells_each_tenant_and_each_person_their_own(engine: Engine) {
        let (stage, _db) = stage(engine).await;
        let control = &stage.databases.control;
        let (one, other): (TenantId, TenantId) = (stage.kernel.id(), stage.kernel.id());
        let (me, you): (IdentityId, IdentityId) = (stage.kernel.id(), stage.kernel.id());
        control.write(async move |tx| {
            for event in [
                Event::new("a").in_tenant(one),
                Event::new("b").in_tenant(other),
                Event::new("c").in_tenant(one).person(you),
                Event::new("d").person(me),
                Event::new("e").person(you),
            ] {
                emit(tx, event).await?;
            }
            Ok::<_, DbError>(())
        }).await.unwrap();
        let rows = Arc::new(control.read(async |tx| waiting(tx, BATCH).await).await.unwrap());
        let relayed = control.write(async move |tx| relay(tx, &rows).await).await.unwrap();
        assert_eq!(relayed.last, 5);
        assert_eq!(relayed.tenants, BTreeSet::from([one, other]));
        assert_eq!(relayed.people, BTreeSet::from([me, you]));
        let kinds = async |person: Option<IdentityId>| {
            let told = control.read(async |tx| events_about(tx, one, person, 0, 100).await).await.unwrap();
            told.into_iter().map(|told| told.kind).collect::<String>()
        };
        assert_eq!(kinds(Some(me)).await, "acd");
        assert_eq!(kinds(None).await, "ac");
    }

    async fn too_many_subjects_are_none(engine: Engine) {
        let (_stage, db) = stage(engine).await;
        let many = |count: usize| (0..count).fold(Event::new("test.thing.made"), Event::about);
        leave(&db, many(MAX_SUBJECTS)).await;
        leave(&db, many(MAX_SUBJECTS + 1)).await;
        turn(&db).await.unwrap();
        let told = after(&db, 0).await;
        let count = |told: &Told| told.subjects.as_array().unwrap().len();
        assert_eq!((count(&told[0]), count(&told[1])), (MAX_SUBJECTS, 0));
    }
}

#[tokio::test]
async fn only_who_is_waited_for_is_woken() {
    let hub = Hub::new(true);
    let mut first = hub.subscribe("one");
    let second = hub.subscribe("one");
    let mut other = hub.subscribe("two");
    assert_eq!(hub.len(), 2);
    hub.wake("three");
    hub.wake("one");
    first.woken().await;
    let idle = tokio::time::timeout(Duration::from_millis(10), other.woken()).await;
    assert!(idle.is_err());
    drop(second);
    assert_eq!(hub.len(), 2);
    drop(first);
    assert_eq!(hub.len(), 1);
    hub.wake_all();
    other.woken().await;
    drop(other);
    assert!(hub.is_empty());
}

proptest! {
    #[test]
    fn a_cursor_is_read_as_it_was_written(life in 1..i64::MAX, own in 0..i64::MAX, about in 0..i64::MAX) {
        let id: TenantId = Kernel::manual(&ManualClock::default(), 3).id();
        let cursor = Cursor::new(id, life, own, about);
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn no_other_text_is_a_cursor(text in "\\PC*") {
        if let Ok(cursor) = text.parse::<Cursor>() {
            prop_assert_eq!(cursor.to_string(), text);
        }
    }
}
