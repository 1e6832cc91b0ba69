//! Many callers at once, on one database: every acknowledged effect happens once, is there for its
//! caller to see, and nobody hears of another's failure.

use std::collections::BTreeSet;

use gantry_db::{DbError, Engine, TenantDb, args, sql};
use gantry_kernel::{Entropy, SeededEntropy};

use crate::both;
use crate::support::{Room, SCHEMA, tenant};

both!(acknowledged_effects_happen_once_and_in_order);

const WRITES: i64 = 12;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Well,
    Refused,
    Panics,
    Check,
    Contained,
}

const KINDS: [Kind; 8] = [
    Kind::Well,
    Kind::Well,
    Kind::Well,
    Kind::Well,
    Kind::Refused,
    Kind::Panics,
    Kind::Check,
    Kind::Contained,
];

/// Takes the next number and stores it under the caller's id.
async fn write(db: &TenantDb, id: i64, kind: Kind) -> Result<i64, DbError> {
    db.write(async move |tx| {
        let (number,): (i64,) = tx
            .one(
                sql!("UPDATE accounts SET balance = balance + 1 WHERE id = 1 RETURNING balance"),
                &args![],
            )
            .await?;
        tx.execute(
            sql!("INSERT INTO kinds (id, n) VALUES ($1, $2)"),
            &args![id, number],
        )
        .await?;
        match kind {
            Kind::Well => {}
            Kind::Refused => return Err(DbError::Stale),
            Kind::Panics => panic!("as planned"),
            Kind::Check | Kind::Contained => {
                let broken = sql!("UPDATE accounts SET balance = -1");
                if kind == Kind::Check {
                    tx.execute(broken, &args![]).await?;
                }
                let inner: Result<u64, DbError> = tx
                    .savepoint(async |tx| tx.execute(broken, &args![]).await)
                    .await;
                assert!(matches!(inner, Err(DbError::Check { .. })), "{inner:?}");
            }
        }
        Ok(number)
    })
    .await
}

async fn acknowledged_effects_happen_once_and_in_order(room: Room) {
    let mut config = room.config();
    // Uneven groups, and two threads for the tenants.
    config.sqlite.group.writes = 7;
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let db = tenant(&dbs).await;
    db.write(async |tx| {
        tx.execute(
            sql!("INSERT INTO accounts (id, owner, balance) VALUES (1, 'a', 0)"),
            &args![],
        )
        .await
    })
    .await
    .unwrap();
    // PostgreSQL repeats each until it meets no other.
    let many = match room.engine {
        Engine::Sqlite => 24,
        Engine::Postgres => 4,
    };
    let callers: Vec<_> = (0..many)
        .map(|caller| {
            let db = db.clone();
            tokio::spawn(async move { one_caller(&db, caller).await })
        })
        .collect();
    let mut acknowledged = BTreeSet::new();
    for caller in callers {
        for number in caller.await.unwrap() {
            assert!(acknowledged.insert(number), "{number} was given twice");
        }
    }
    let stored: Vec<(i64,)> = db
        .read(async |tx| {
            tx.all(sql!("SELECT n FROM kinds ORDER BY n"), &args![])
                .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    let stored: Vec<i64> = stored.into_iter().map(|(n,)| n).collect();
    assert_eq!(stored, acknowledged.into_iter().collect::<Vec<_>>());
    let last = i64::try_from(stored.len()).unwrap();
    assert_eq!(stored, (1..=last).collect::<Vec<_>>(), "no number is lost");
}

/// The numbers one caller was given, having seen after each that it is there with all before it.
async fn one_caller(db: &TenantDb, caller: i64) -> Vec<i64> {
    let entropy = SeededEntropy::new(caller.unsigned_abs());
    let mut mine = Vec::new();
    for turn in 0..WRITES {
        let mut byte = [0];
        entropy.fill(&mut byte);
        let kind = KINDS[usize::from(byte[0]) % KINDS.len()];
        let outcome = loop {
            match write(db, caller * WRITES + turn, kind).await {
                // PostgreSQL may give up on so many at once; nothing was written then.
                Err(DbError::Conflict | DbError::Overloaded(_)) => {}
                outcome => break outcome,
            }
        };
        let number = match (kind, outcome) {
            (Kind::Well | Kind::Contained, Ok(number)) => number,
            (Kind::Refused, Err(DbError::Stale))
            | (Kind::Panics, Err(DbError::Panicked(_)))
            | (Kind::Check, Err(DbError::Check { .. })) => continue,
            (kind, outcome) => panic!("{kind:?}: {outcome:?}"),
        };
        assert!(mine.last().is_none_or(|last| *last < number));
        mine.push(number);
        let (seen,): (i64,) = db
            .read(async move |tx| {
                tx.one(
                    sql!("SELECT count(*) FROM kinds WHERE n <= $1"),
                    &args![number],
                )
                .await
            })
            .await
            .unwrap_or_else(|e: DbError| panic!("{e}"));
        assert_eq!(seen, number, "what came before is there, too");
    }
    mine
}
