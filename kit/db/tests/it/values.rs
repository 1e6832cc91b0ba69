//! What goes in comes out, the same on both engines.

use gantry_db::{DbError, Engine, TenantDb, Value, args, from_row, sql};
use gantry_kernel::{CivilDate, TenantId, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::both;
use crate::support::{Room, SCHEMA, tenant};

both!(
    every_kind_survives,
    parameters_go_by_number,
    text_with_a_nul_is_refused_on_both_engines,
    wrong_arguments_are_refused
);

#[derive(Debug, PartialEq)]
struct Kinds {
    n: Option<i64>,
    b: Option<bool>,
    t: Option<String>,
    d: Option<CivilDate>,
    at: Option<Timestamp>,
    j: Option<String>,
    raw: Option<Vec<u8>>,
    owner: Option<TenantId>,
}

from_row!(Kinds {
    n,
    b,
    t,
    d,
    at,
    j,
    raw,
    owner
});

async fn round_trip(db: &TenantDb, values: [Value; 8]) -> Result<Kinds, DbError> {
    db.write(async move |tx| {
        tx.execute(sql!("DELETE FROM kinds"), &args![]).await?;
        tx.one(
            sql!(
                "INSERT INTO kinds (id, n, b, t, d, at, j, raw, owner) \
                 VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8) RETURNING *"
            ),
            &values,
        )
        .await
    })
    .await
}

fn texts() -> impl Strategy<Value = String> {
    // PostgreSQL cannot store NUL; everything else must survive.
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

async fn text_with_a_nul_is_refused_on_both_engines(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let read = db
        .read(async |tx| {
            let found = tx
                .all::<(String,)>(sql!("SELECT t FROM kinds WHERE t = $1"), &args!["a\0"])
                .await;
            // Nothing was sent, so the transaction goes on.
            tx.all::<(i64,)>(sql!("SELECT id FROM kinds"), &args![])
                .await?;
            Ok::<_, DbError>(found)
        })
        .await;
    assert!(matches!(read, Ok(Err(DbError::NulInText))), "{read:?}");
    let written = db
        .write(async |tx| {
            tx.execute(
                sql!("INSERT INTO kinds (id, t) VALUES (7, $1)"),
                &args!["\0"],
            )
            .await
        })
        .await;
    assert!(matches!(written, Err(DbError::NulInText)), "{written:?}");
}

async fn every_kind_survives(room: Room) {
    let dbs = room.open().await;
    survive(&tenant(&dbs).await).await;
}

/// What goes without a name goes as text, of which the server finds out the types.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_survives_without_named_statements() {
    let room = Room::new(Engine::Postgres);
    let mut config = room.config();
    config.postgres.as_mut().unwrap().named_statements = false;
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let db = tenant(&dbs).await;
    survive(&db).await;
    let counted: Result<u64, DbError> = db
        .write(async |tx| tx.execute(sql!("UPDATE kinds SET n = $1"), &args![5]).await)
        .await;
    assert_eq!(counted.unwrap(), 1, "the number of changed rows");
    let wrong: Result<u64, DbError> = db
        .write(async |tx| tx.execute(sql!("UPDATE kinds SET b = $1"), &args![2]).await)
        .await;
    assert!(wrong.is_err(), "2 is not a boolean");
}

async fn survive(db: &TenantDb) {
    let strategy = (
        prop::option::of(any::<i64>()),
        prop::option::of(any::<bool>()),
        prop::option::of(texts()),
        prop::option::of((-719_162_i32..2_932_896).prop_map(CivilDate::from_days_since_epoch)),
        prop::option::of(any::<i64>().prop_map(Timestamp::from_micros)),
        prop::option::of(texts()),
        prop::option::of(any::<Vec<u8>>()),
        prop::option::of(any::<u128>()),
    );
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut cases: Vec<_> = (0..150)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    cases.push((None, None, None, None, None, None, None, None));
    cases.push((
        Some(i64::MIN),
        Some(true),
        Some(String::new()),
        Some(CivilDate::new(1, 1, 1)),
        Some(Timestamp::from_micros(i64::MAX)),
        Some("{}".to_owned()),
        Some(Vec::new()),
        Some(0),
    ));
    for (n, b, t, d, at, j, raw, owner) in cases {
        let kinds = Kinds {
            n,
            b,
            t,
            d: d.flatten(),
            at,
            j,
            raw,
            owner: owner.map(|n| TenantId::from_uuid(format!("{n:032x}").parse().unwrap())),
        };
        let values = args![
            kinds.n,
            kinds.b,
            kinds.t,
            kinds.d,
            kinds.at,
            kinds.j,
            kinds.raw,
            kinds.owner
        ];
        assert_eq!(round_trip(db, values).await.unwrap(), kinds);
    }
}

async fn parameters_go_by_number(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let found: (String, String, i64) = db
        .read(async |tx| {
            tx.one(
                sql!(
                    "SELECT cast($2 as text), cast($1 as text), cast($3 as bigint) WHERE $2 = 'b'"
                ),
                &args!["a", "b", 7],
            )
            .await
        })
        .await
        .unwrap();
    assert_eq!(found, ("b".to_owned(), "a".to_owned(), 7));
}

async fn wrong_arguments_are_refused(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    for values in [vec![], args![1, 2].to_vec()] {
        let outcome: Result<Vec<(i64,)>, DbError> = db
            .read(async |tx| {
                tx.all(sql!("SELECT n FROM kinds WHERE n = $1"), &values)
                    .await
            })
            .await;
        assert!(
            matches!(&outcome, Err(DbError::Other(detail)) if detail.contains("takes 1")),
            "{outcome:?}"
        );
    }
    let outcome: Result<(bool,), DbError> = db
        .read(async |tx| tx.one(sql!("SELECT cast($1 as bigint)"), &args![5]).await)
        .await;
    assert!(
        matches!(outcome, Err(DbError::Decode { .. })),
        "{outcome:?}"
    );
    let outcome: Result<u64, DbError> = db
        .write(async |tx| {
            tx.execute(sql!("INSERT INTO kinds (id, b) VALUES (1, $1)"), &args![2])
                .await
        })
        .await;
    assert!(outcome.is_err(), "2 is not a boolean");
}
