//! Copies between engines, and what is refused.

use std::io::Cursor;
use std::time::Duration;

use gantry_db::copy::{CopyError, Subject, Summary, verify};
use gantry_db::{
    Databases, DbError, Engine, Migration, Migrations, TenantDb, args, directory, sql,
};
use gantry_kernel::{CivilDate, Slug, TenantId, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::both;
use crate::support::{Room, SCHEMA, listed, tenant};

both!(
    a_copy_is_equal_on_the_other_engine_whatever_it_holds,
    triggers_do_not_run_and_references_may_point_ahead,
    a_copy_of_an_older_schema_is_loaded_and_migrated,
    a_copy_of_a_newer_schema_is_refused_by_name,
    what_no_migration_made_is_refused,
    a_next_life_leaves_the_other_tenants_alone,
    a_broken_reference_is_found,
);

const LONG: Duration = Duration::from_mins(1);

async fn copied(db: &TenantDb) -> (Vec<u8>, Summary) {
    db.copy_to(LONG, Vec::new()).await.unwrap()
}

/// Rows of all kinds, extremes among them, in several tables.
async fn fill(db: &TenantDb) {
    let texts = any::<String>().prop_map(|text| text.replace('\0', ""));
    let strategy = (
        prop::option::of(any::<i64>()),
        prop::option::of(any::<bool>()),
        prop::option::of(texts),
        prop::option::of((-719_162_i32..2_932_896).prop_map(CivilDate::from_days_since_epoch)),
        prop::option::of(any::<i64>().prop_map(Timestamp::from_micros)),
        prop::option::of(any::<Vec<u8>>()),
    );
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut cases: Vec<_> = (0..120)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    cases.push((None, None, None, None, None, None));
    let edges = |n, date: CivilDate| {
        (
            Some(n),
            Some(true),
            Some(String::new()),
            Some(Some(date)),
            Some(Timestamp::from_micros(n)),
            Some(Vec::new()),
        )
    };
    cases.push(edges(i64::MIN, CivilDate::new(1, 1, 1).unwrap()));
    cases.push(edges(i64::MAX, CivilDate::new(9999, 12, 31).unwrap()));
    let large = (None, None, None, None, None, Some(vec![7; 3 << 20]));
    cases.push(large);
    let mut ids: Vec<i64> = (0..i64::try_from(cases.len()).unwrap()).collect();
    // Not in the order of the key.
    ids.reverse();
    db.write(async move |tx| {
        for ((n, b, t, d, at, raw), id) in cases.iter().zip(&ids) {
            let d = d.unwrap_or_default();
            tx.execute(
                sql!(
                    "INSERT INTO kinds (id, n, b, t, d, at, j, raw) \
                     VALUES ($1, $2, $3, $4, $5, $6, '{}', $7)"
                ),
                &args![id - 50, n, b, t, d, at, raw],
            )
            .await?;
        }
        tx.execute(
            sql!("INSERT INTO accounts (id, owner, balance) VALUES (1, 'é', 1), (-2, '', 0)"),
            &args![],
        )
        .await?;
        tx.execute(
            sql!("INSERT INTO entries (id, account_id) VALUES (9, 1)"),
            &args![],
        )
        .await
    })
    .await
    .unwrap();
}

fn other(engine: Engine) -> Engine {
    match engine {
        Engine::Sqlite => Engine::Postgres,
        Engine::Postgres => Engine::Sqlite,
    }
}

/// The same tenant in another installation.
async fn known_there(there: &Databases, id: TenantId) {
    let slug: Slug = "restored".parse().unwrap();
    there
        .control
        .write(async move |tx| directory::insert(tx, id, &slug, "A Name").await)
        .await
        .unwrap();
}

async fn begin_next_life(dbs: &Databases, id: TenantId, copy: Vec<u8>) -> TenantDb {
    let loaded = dbs.tenants.load(id, Cursor::new(copy)).await.unwrap();
    let adopting = loaded.adoption();
    dbs.control
        .write(async move |tx| adopting.adopt(tx).await)
        .await
        .unwrap();
    let former = loaded.replaced();
    dbs.tenants.replaced(id, former).await.unwrap();
    dbs.tenants.get(id).await.unwrap()
}

async fn a_copy_is_equal_on_the_other_engine_whatever_it_holds(room: Room) {
    let here = room.open().await;
    let db = tenant(&here).await;
    fill(&db).await;
    let (copy, summary) = copied(&db).await;
    assert_eq!(verify(Cursor::new(&copy)).unwrap(), summary);
    assert_eq!(summary.bytes, copy.len() as u64);
    assert!(summary.rows() > 120, "{summary:?}");
    assert!(
        matches!(summary.header.subject, Subject::Tenant { id, incarnation: 1, .. } if id == db.id())
    );
    let proof = here.tenants.prove(Cursor::new(copy.clone())).await.unwrap();
    assert_eq!((proof.summary, proof.migrated), (summary.clone(), 0));

    let elsewhere = Room::new(other(room.engine));
    let there = elsewhere.open().await;
    known_there(&there, db.id()).await;
    there.tenants.provision(db.id()).await.unwrap();
    let moved = begin_next_life(&there, db.id(), copy).await;
    let (_, again) = copied(&moved).await;
    assert_eq!(again.tables, summary.tables);
    assert_eq!(again.content, summary.content);
    assert!(matches!(
        again.header.subject,
        Subject::Tenant { incarnation: 2, .. }
    ));
    // It is written to like any other.
    moved
        .write(async |tx| tx.execute(sql!("DELETE FROM entries"), &args![]).await)
        .await
        .unwrap();
    assert_ne!(copied(&moved).await.1.content, summary.content);
}

/// A row that refers to one of a later table and to a later row of its own, a trigger that writes, one
/// that refuses, and a row that the migration itself makes.
pub(crate) const LINKED: Migrations = Migrations {
    module: "linked",
    control: &[],
    tenant: &[Migration::new(
        "0001_linked",
        "CREATE TABLE z_parent (id {int} NOT NULL PRIMARY KEY, up {int} REFERENCES z_parent (id));
         CREATE TABLE a_child (id {int} NOT NULL PRIMARY KEY, parent {int} REFERENCES z_parent (id));
         CREATE TABLE seen (id {int} NOT NULL PRIMARY KEY);
-- engine: sqlite
         CREATE TRIGGER z_parent_seen AFTER INSERT ON z_parent BEGIN
           INSERT INTO seen (id) VALUES (new.id); END;
         CREATE TRIGGER seen_stays BEFORE DELETE ON seen BEGIN
           SELECT RAISE(ABORT, 'it stays'); END;
-- engine: postgres
         CREATE FUNCTION z_seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO seen (id) VALUES (new.id); RETURN NULL; END $$;
         CREATE TRIGGER z_parent_seen AFTER INSERT ON z_parent FOR EACH ROW EXECUTE FUNCTION z_seen();
         CREATE FUNCTION seen_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE EXCEPTION 'it stays'; END $$;
         CREATE TRIGGER seen_stays BEFORE DELETE ON seen FOR EACH ROW EXECUTE FUNCTION seen_stays();
-- engine: both
         INSERT INTO z_parent (id, up) VALUES (1000, NULL);",
    )],
};

async fn triggers_do_not_run_and_references_may_point_ahead(room: Room) {
    let dbs = room.open_with(room.config(), [LINKED]).await.unwrap();
    let db = tenant(&dbs).await;
    db.write(async |tx| {
        let row = sql!("INSERT INTO z_parent (id, up) VALUES ($1, $2)");
        tx.execute(row, &args![5, None::<i64>]).await?;
        tx.execute(row, &args![1, 5]).await?;
        tx.execute(
            sql!("INSERT INTO a_child (id, parent) VALUES (1, 5), (2, NULL)"),
            &args![],
        )
        .await?;
        tx.execute(sql!("UPDATE z_parent SET up = 5 WHERE id = 1000"), &args![])
            .await
    })
    .await
    .unwrap();
    let (copy, summary) = copied(&db).await;
    let seen = summary.tables.iter().find(|table| table.name == "seen");
    assert_eq!(seen.unwrap().rows, 3);
    let next = begin_next_life(&dbs, db.id(), copy).await;
    assert_eq!(copied(&next).await.1.tables, summary.tables);
    // The rules are all back.
    let refused = next
        .write(async |tx| tx.execute(sql!("DELETE FROM seen"), &args![]).await)
        .await;
    assert!(refused.is_err(), "{refused:?}");
    let refused = next
        .write(async |tx| {
            tx.execute(
                sql!("INSERT INTO a_child (id, parent) VALUES (3, 77)"),
                &args![],
            )
            .await
        })
        .await;
    assert!(
        matches!(refused, Err(DbError::ForeignKey { .. })),
        "{refused:?}"
    );
    let counted: i64 = next
        .write(async |tx| {
            tx.execute(sql!("INSERT INTO z_parent (id) VALUES (6)"), &args![])
                .await?;
            tx.one(sql!("SELECT count(*) FROM seen"), &args![]).await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(counted, 4);
}

pub(crate) const NEWER: Migrations = Migrations {
    module: "test",
    control: SCHEMA.control,
    tenant: &[
        SCHEMA.tenant[0],
        Migration::new(
            "0002_more",
            "ALTER TABLE accounts ADD COLUMN since {date}; UPDATE accounts SET since = '2026-01-05';",
        ),
    ],
};

async fn a_copy_of_an_older_schema_is_loaded_and_migrated(room: Room) {
    let old = room.open().await;
    let db = tenant(&old).await;
    fill(&db).await;
    let (id, (copy, summary)) = (db.id(), copied(&db).await);
    drop(db);
    old.close().await.unwrap();
    let new = room.open_with(room.config(), [NEWER]).await.unwrap();
    let proof = new.tenants.prove(Cursor::new(copy.clone())).await.unwrap();
    assert_eq!((proof.migrated, &proof.summary), (1, &summary));
    let next = begin_next_life(&new, id, copy).await;
    let dated: i64 = next
        .read(async |tx| {
            tx.one(
                sql!("SELECT count(*) FROM accounts WHERE since = '2026-01-05'"),
                &args![],
            )
            .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(dated, 2);
}

async fn a_copy_of_a_newer_schema_is_refused_by_name(room: Room) {
    let new = room.open_with(room.config(), [NEWER]).await.unwrap();
    let (copy, _) = copied(&tenant(&new).await).await;
    let elsewhere = Room::new(room.engine);
    let old = elsewhere.open().await;
    let scratch = elsewhere.dir.path().join("data/scratch");
    let refused = old.tenants.prove(Cursor::new(copy)).await;
    assert!(
        matches!(&refused, Err(CopyError::Db(DbError::Migration(why))) if why.contains("test/0002_more")),
        "{refused:?}"
    );
    assert!(std::fs::read_dir(&scratch).map_or(0, Iterator::count) == 0);
}

async fn what_no_migration_made_is_refused(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| {
        tx.execute(sql!("CREATE TABLE stray (id text PRIMARY KEY)"), &args![])
            .await
    })
    .await
    .unwrap();
    let refused = db.copy_to(LONG, Vec::new()).await;
    assert!(
        matches!(&refused, Err(CopyError::Unfit(why)) if why.contains("stray")),
        "{:?}",
        refused.map(|(_, summary)| summary)
    );
}

async fn a_next_life_leaves_the_other_tenants_alone(room: Room) {
    let dbs = room.open().await;
    let mut all = Vec::new();
    for slug in ["one", "two", "three"] {
        let db = dbs
            .tenants
            .provision(listed(&dbs, slug).await)
            .await
            .unwrap();
        fill(&db).await;
        all.push(db);
    }
    let two = all[1].id();
    let (copy, summary) = copied(&all[1]).await;
    all[1]
        .write(async |tx| tx.execute(sql!("DELETE FROM kinds"), &args![]).await)
        .await
        .unwrap();
    let (before, others) = (
        [copied(&all[0]).await.0, copied(&all[2]).await.0],
        [all[0].clone(), all[2].clone()],
    );
    // A copy is of its tenant and of nobody else.
    let refused = dbs
        .tenants
        .load(others[0].id(), Cursor::new(copy.clone()))
        .await;
    assert!(matches!(
        refused.err(),
        Some(CopyError::OtherSubject { .. })
    ));
    // Another process, which knows the tenant by its former life.
    let beside = room.open().await;
    let stale = beside.tenants.get(two).await.unwrap();
    copied(&stale).await;

    let next = begin_next_life(&dbs, two, copy.clone()).await;
    assert_eq!(copied(&next).await.1.content, summary.content);
    for (db, before) in others.iter().zip(&before) {
        let summary = verify(Cursor::new(before)).unwrap();
        assert_eq!(copied(db).await.1.content, summary.content);
    }
    if room.engine == Engine::Postgres {
        let lost = stale.copy_to(LONG, std::io::sink()).await;
        assert!(lost.is_err(), "the former life is shut");
        let found = beside.tenants.get(two).await.unwrap();
        assert_eq!(copied(&found).await.1.content, summary.content);
    }
    // Of two that load at once, one begins the next life.
    let first = dbs
        .tenants
        .load(two, Cursor::new(copy.clone()))
        .await
        .unwrap();
    begin_next_life(&dbs, two, copy).await;
    let late = dbs
        .control
        .write({
            let first = first.adoption();
            async move |tx| first.adopt(tx).await
        })
        .await;
    assert!(matches!(late, Err(DbError::Stale)), "{late:?}");
}

/// A copy with a row that refers to nothing, made by its own rules.
async fn a_broken_reference_is_found(room: Room) {
    let dbs = room.open_with(room.config(), [LINKED]).await.unwrap();
    let db = tenant(&dbs).await;
    db.write(async |tx| {
        tx.execute(
            sql!("INSERT INTO a_child (id, parent) VALUES (1, 1000)"),
            &args![],
        )
        .await
    })
    .await
    .unwrap();
    let (copy, _) = copied(&db).await;
    // The cell of the parent: 1000 becomes 1001, and all hashes after it are made anew.
    let cell = [&[1][..], &1000_i64.to_be_bytes()].concat();
    let at = copy.windows(9).position(|window| window == cell).unwrap();
    let mut forged = copy;
    forged[at + 8] = forged[at + 8].wrapping_add(1);
    let forged = with_hashes(&forged);
    verify(Cursor::new(&forged)).unwrap();
    let scratch = room.dir.path().join("data/scratch");
    let refused = dbs.tenants.prove(Cursor::new(forged)).await;
    match room.engine {
        Engine::Sqlite => {
            assert!(
                matches!(&refused, Err(CopyError::Differs(why)) if why.contains("a_child")),
                "{refused:?}"
            );
        }
        Engine::Postgres => {
            assert!(
                matches!(&refused, Err(CopyError::Db(DbError::ForeignKey { .. }))),
                "{refused:?}"
            );
        }
    }
    assert_eq!(
        std::fs::read_dir(&scratch).map_or(0, Iterator::count),
        0,
        "nothing stays"
    );
}

/// The frames with the hashes that belong to their contents.
fn with_hashes(copy: &[u8]) -> Vec<u8> {
    use gantry_kernel::crypto::{Sha256, hex};
    let (mut out, mut rest) = (copy[..12].to_vec(), &copy[12..copy.len() - 32]);
    let (mut sum, mut content, mut tables) = (Sha256::new(), Sha256::new(), Vec::new());
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[1..5].try_into().unwrap()) as usize;
        let (frame, after) = rest.split_at(5 + length);
        rest = after;
        let payload = match frame[0] {
            b'T' => {
                sum = Sha256::new();
                sum.update(&frame[5..]);
                frame[5..].to_vec()
            }
            b'R' => {
                sum.update(&frame[1..]);
                frame[5..].to_vec()
            }
            b'E' => {
                let mut said: serde_json::Value = serde_json::from_slice(&frame[5..]).unwrap();
                said["sha256"] = hex(&std::mem::take(&mut sum).finish()).into();
                let line = format!(
                    "{} {} {}\n",
                    said["name"].as_str().unwrap(),
                    said["rows"],
                    said["sha256"].as_str().unwrap()
                );
                content.update(line.as_bytes());
                tables.push(said.clone());
                serde_json::to_vec(&said).unwrap()
            }
            b'F' => {
                let content = hex(&std::mem::take(&mut content).finish());
                let footer = serde_json::json!({"tables": tables, "content": content});
                serde_json::to_vec(&footer).unwrap()
            }
            _ => frame[5..].to_vec(),
        };
        out.push(frame[0]);
        out.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        out.extend(payload);
    }
    let digest = gantry_kernel::crypto::sha256(&out);
    out.extend(digest);
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_changed_byte_and_every_cut_is_found() {
    let room = Room::new(Engine::Sqlite);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| {
        tx.execute(
            sql!("INSERT INTO kinds (id, n, b, t, d, raw) VALUES (1, 2, true, 'x', $1, $2)"),
            &args![CivilDate::new(2026, 1, 5), b"bytes".to_vec()],
        )
        .await
    })
    .await
    .unwrap();
    let (copy, _) = copied(&db).await;
    verify(Cursor::new(&copy)).unwrap();
    for at in 0..copy.len() {
        for bit in [0, 3, 7] {
            let mut flipped = copy.clone();
            flipped[at] ^= 1 << bit;
            assert!(
                verify(Cursor::new(&flipped)).is_err(),
                "bit {bit} of byte {at}"
            );
        }
        let cut = verify(Cursor::new(&copy[..at]));
        match cut {
            Err(CopyError::NotACopy) => assert!(at < 12),
            Err(CopyError::Damaged { detail, .. }) => {
                assert_eq!(detail, "it ends in the middle", "cut at {at}");
            }
            other => panic!("cut at {at}: {other:?}"),
        }
    }
    let mut longer = copy.clone();
    longer.push(0);
    let refused = verify(Cursor::new(&longer));
    assert!(
        matches!(&refused, Err(CopyError::Damaged { detail, .. }) if detail.contains("follows")),
        "{refused:?}"
    );
    let text = String::from_utf8_lossy(&copy).into_owned();
    assert!(text.contains(r#""format":1"#));
    let mut next = copy;
    let at = next
        .windows(10)
        .position(|w| w == br#""format":1"#)
        .unwrap();
    next[at + 9] = b'2';
    assert!(matches!(
        verify(Cursor::new(&next)),
        Err(CopyError::Format(2))
    ));
}
