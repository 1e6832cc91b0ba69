//! What a transaction promises, on both engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gantry_db::{DbError, TenantDb, TenantTx, args, sql};
use tokio::sync::Barrier;

use crate::both;
use crate::support::{Room, tenant};

both!(
    commits_and_rolls_back,
    a_failed_statement_poisons,
    a_savepoint_contains_failure,
    a_swallowed_failure_is_poisoned,
    a_savepoint_dropped_halfway_ends_the_transaction,
    constraints_are_named,
    write_skew_is_refused,
    no_update_is_lost,
    foreign_awaits_are_refused,
    a_panic_stays_with_its_caller,
    time_is_bounded,
    a_dropped_write_is_all_or_nothing,
    a_read_cannot_write,
    a_long_read_sees_one_snapshot,
    futures_can_move_between_threads,
    rows_are_counted,
);

async fn account(tx: &mut TenantTx, id: i64, owner: &str, balance: i64) -> Result<u64, DbError> {
    tx.execute(
        sql!("INSERT INTO accounts (id, owner, balance) VALUES ($1, $2, $3)"),
        &args![id, owner, balance],
    )
    .await
}

async fn accounts(db: &TenantDb) -> i64 {
    let (count,) = db
        .read(async |tx| {
            tx.one(sql!("SELECT count(*) FROM accounts"), &args![])
                .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    count
}

async fn commits_and_rolls_back(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| account(tx, 1, "a", 10).await)
        .await
        .unwrap();
    let failed: Result<(), DbError> = db
        .write(async |tx| {
            account(tx, 2, "b", 10).await?;
            Err(DbError::Stale)
        })
        .await;
    assert!(matches!(failed, Err(DbError::Stale)));
    assert_eq!(accounts(&db).await, 1);
    let none: Result<(i64,), DbError> = db
        .read(async |tx| {
            tx.one(sql!("SELECT id FROM accounts WHERE id = 9"), &args![])
                .await
        })
        .await;
    assert!(matches!(none, Err(DbError::NoRow)));
}

async fn a_failed_statement_poisons(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let outcome: Result<(), DbError> = db
        .write(async |tx| {
            account(tx, 1, "a", 10).await?;
            assert!(account(tx, 2, "b", -1).await.is_err());
            let next = account(tx, 3, "c", 1).await;
            assert!(matches!(next, Err(DbError::Poisoned)), "{next:?}");
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(DbError::Poisoned)), "{outcome:?}");
    assert_eq!(accounts(&db).await, 0);
}

async fn a_savepoint_contains_failure(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| {
        account(tx, 1, "a", 10).await?;
        let inner: Result<(), DbError> = tx
            .savepoint(async |tx| {
                tx.execute(
                    sql!("UPDATE accounts SET balance = 5 WHERE id = 1"),
                    &args![],
                )
                .await?;
                let nested: Result<u64, DbError> = tx
                    .savepoint(async |tx| {
                        tx.execute(sql!("UPDATE accounts SET balance = -1"), &args![])
                            .await
                    })
                    .await;
                assert!(matches!(nested, Err(DbError::Check { .. })), "{nested:?}");
                tx.execute(sql!("UPDATE accounts SET balance = balance + 1"), &args![])
                    .await?;
                Ok(())
            })
            .await;
        inner?;
        let undone: Result<(), DbError> = tx
            .savepoint(async |tx| {
                tx.execute(sql!("DELETE FROM accounts"), &args![]).await?;
                Err(DbError::Stale)
            })
            .await;
        assert!(matches!(undone, Err(DbError::Stale)));
        account(tx, 2, "b", 1).await
    })
    .await
    .unwrap();
    let balances: Vec<(i64,)> = db
        .read(async |tx| {
            tx.all(sql!("SELECT balance FROM accounts ORDER BY id"), &args![])
                .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(balances, [(6,), (1,)]);
}

async fn a_swallowed_failure_is_poisoned(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| {
        let swallowed: Result<(), DbError> = tx
            .savepoint(async |tx| {
                drop(
                    tx.execute(sql!("UPDATE accounts SET nothing = 1"), &args![])
                        .await,
                );
                Ok(())
            })
            .await;
        assert!(matches!(swallowed, Err(DbError::Poisoned)), "{swallowed:?}");
        account(tx, 1, "a", 1).await
    })
    .await
    .unwrap();
    assert_eq!(accounts(&db).await, 1);
}

/// The inner savepoint is dropped after its statement and before its end; what the outer one says
/// about it must not make the half part of a commit.
async fn a_savepoint_dropped_halfway_ends_the_transaction(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let outcome: Result<(), DbError> = db
        .write(async |tx| {
            let outer: Result<(), DbError> = tx
                .savepoint(async |tx| {
                    let reached = AtomicBool::new(false);
                    let half = tx.savepoint(async |tx| {
                        tx.execute(
                            sql!("INSERT INTO accounts (id, owner, balance) VALUES (1, 'a', 1)"),
                            &args![],
                        )
                        .await?;
                        reached.store(true, Ordering::Relaxed);
                        std::future::pending::<Result<(), DbError>>().await
                    });
                    drop_when(half, || reached.load(Ordering::Relaxed)).await;
                    Ok(())
                })
                .await;
            assert!(matches!(outer, Err(DbError::Poisoned)), "{outer:?}");
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(DbError::Poisoned)), "{outcome:?}");
    assert_eq!(accounts(&db).await, 0);
}

/// Polls a future until `enough`, then drops it.
async fn drop_when<F: Future>(future: F, enough: impl Fn() -> bool) {
    let mut future = Box::pin(future);
    std::future::poll_fn(move |cx| {
        if future.as_mut().poll(cx).is_ready() || enough() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

async fn constraints_are_named(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| account(tx, 1, "a", 10).await)
        .await
        .unwrap();
    let same: DbError = db
        .write(async |tx| account(tx, 2, "a", 10).await)
        .await
        .unwrap_err();
    assert!(
        same.is_unique_on("accounts", "owner") && same.is_unique_on("accounts", "branch"),
        "{same:?}"
    );
    assert!(
        !same.is_unique_on("accounts", "id") && !same.to_string().contains("main"),
        "{same}"
    );
    let key: DbError = db
        .write(async |tx| account(tx, 1, "z", 10).await)
        .await
        .unwrap_err();
    assert!(key.is_unique_on("accounts", "id"), "{key:?}");
    let orphan = db
        .write(async |tx| {
            tx.execute(
                sql!("INSERT INTO entries (id, account_id) VALUES (1, 99)"),
                &args![],
            )
            .await
        })
        .await;
    assert!(
        matches!(orphan, Err(DbError::ForeignKey { .. })),
        "{orphan:?}"
    );
    let missing = db
        .write(async |tx| {
            tx.execute(
                sql!("INSERT INTO accounts (id, balance) VALUES (5, 1)"),
                &args![],
            )
            .await
        })
        .await;
    assert!(
        matches!(&missing, Err(DbError::Check { constraint }) if constraint == "accounts.owner"),
        "{missing:?}"
    );
}

/// Two doctors are on call; each may leave only if another stays. Both look, then both leave: under
/// snapshot isolation both succeed and nobody is left. The barrier makes both look before either
/// writes, which only PostgreSQL allows; on SQLite the second waits for the first.
async fn write_skew_is_refused(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| {
        tx.execute(
            sql!("INSERT INTO doctors (id, on_call) VALUES (1, true), (2, true)"),
            &args![],
        )
        .await
    })
    .await
    .unwrap();
    for round in 0..20 {
        db.write(async |tx| {
            tx.execute(sql!("UPDATE doctors SET on_call = true"), &args![])
                .await
        })
        .await
        .unwrap();
        let barrier = Arc::new(Barrier::new(2));
        let leave = |id: i64| {
            let (db, barrier) = (db.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                db.write(async move |tx| {
                    let (others,): (i64,) = tx
                        .one(
                            sql!("SELECT count(*) FROM doctors WHERE on_call = true AND id <> $1"),
                            &args![id],
                        )
                        .await?;
                    if others == 0 {
                        return Ok::<_, DbError>(false);
                    }
                    tx.execute(
                        sql!("UPDATE doctors SET on_call = false WHERE id = $1"),
                        &args![id],
                    )
                    .await?;
                    Ok(true)
                })
                .await
            })
        };
        let (first, second) = (leave(1), leave(2));
        let left = [
            first.await.unwrap().unwrap(),
            second.await.unwrap().unwrap(),
        ];
        assert_eq!(
            left.iter().filter(|left| **left).count(),
            1,
            "round {round}: {left:?}"
        );
    }
}

async fn no_update_is_lost(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| account(tx, 1, "a", 0).await)
        .await
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    db.write(async |tx| {
                        let (balance,): (i64,) = tx
                            .one(sql!("SELECT balance FROM accounts WHERE id = 1"), &args![])
                            .await?;
                        tx.execute(
                            sql!("UPDATE accounts SET balance = $1 WHERE id = 1"),
                            &args![balance + 1],
                        )
                        .await
                    })
                    .await
                    .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (balance,): (i64,) = db
        .read(async |tx| tx.one(sql!("SELECT balance FROM accounts"), &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(balance, 40);
}

async fn foreign_awaits_are_refused(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let write: Result<(), DbError> = db
        .write(async |tx| {
            account(tx, 1, "a", 0).await?;
            std::future::pending::<()>().await;
            Ok(())
        })
        .await;
    assert!(matches!(write, Err(DbError::ForeignAwait)), "{write:?}");
    let read: Result<(), DbError> = db
        .read(async |_| {
            tokio::task::yield_now().await;
            Ok(())
        })
        .await;
    assert!(matches!(read, Err(DbError::ForeignAwait)), "{read:?}");
    assert_eq!(accounts(&db).await, 0);
}

async fn a_panic_stays_with_its_caller(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let panicked: Result<(), DbError> = db
        .write(async |tx| {
            account(tx, 1, "a", 0).await?;
            panic!("in the closure")
        })
        .await;
    assert!(
        matches!(&panicked, Err(DbError::Panicked(text)) if text == "in the closure"),
        "{panicked:?}"
    );
    db.write(async |tx| account(tx, 1, "b", 0).await)
        .await
        .unwrap();
    assert_eq!(accounts(&db).await, 1);
}

async fn time_is_bounded(room: Room) {
    // What has to succeed is done with the ordinary bound: on a busy machine 300 ms may be too short for it.
    let dbs = room.open().await;
    let id = tenant(&dbs).await.id();
    dbs.close().await.unwrap();
    let mut config = room.config();
    config.max_transaction = Duration::from_millis(300);
    let dbs = room
        .open_with(config, [crate::support::SCHEMA])
        .await
        .unwrap();
    let db = dbs.tenants.get(id).await.unwrap();
    let endless = sql! {
        sqlite: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        postgres: "SELECT cast(1 as bigint) FROM pg_sleep(60)",
    };
    let write: Result<(i64,), DbError> = db
        .write(async move |tx| {
            account(tx, 1, "a", 0).await?;
            tx.one(endless, &args![]).await
        })
        .await;
    assert!(matches!(write, Err(DbError::Timeout)), "{write:?}");
    let read: Result<(i64,), DbError> = db.read(async |tx| tx.one(endless, &args![]).await).await;
    assert!(matches!(read, Err(DbError::Timeout)), "{read:?}");
    // Time spent outside statements counts as well.
    let slow: Result<(), DbError> = db
        .write(async |tx| {
            account(tx, 1, "a", 0).await?;
            let begun = std::time::Instant::now();
            while begun.elapsed() < Duration::from_millis(400) {
                std::hint::spin_loop();
            }
            Ok(())
        })
        .await;
    assert!(matches!(slow, Err(DbError::Timeout)), "{slow:?}");
    // The connections are of use afterwards.
    let count = sql!("SELECT count(*) FROM accounts");
    let counted = loop {
        match db
            .read(async |tx| tx.one::<(i64,)>(count, &args![]).await)
            .await
        {
            Err(DbError::Timeout) => {}
            outcome => break outcome.unwrap(),
        }
    };
    assert_eq!(counted, (0,));
    while let Err(error) = db.write(async |tx| account(tx, 1, "a", 0).await).await {
        assert!(matches!(error, DbError::Timeout), "{error}");
    }
}

async fn a_dropped_write_is_all_or_nothing(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    for id in 0..30 {
        let write = db.write(async move |tx| {
            account(tx, 2 * id, &format!("a{id}"), 0).await?;
            account(tx, 2 * id + 1, &format!("b{id}"), 0).await
        });
        let limit = Duration::from_micros(200 * u64::try_from(id).unwrap());
        drop(tokio::time::timeout(limit, write).await);
    }
    // Whatever became of them, nothing is left open: this write meets no lock and both halves of
    // each pair are there, or neither.
    db.write(async |tx| account(tx, 1000, "z", 0).await)
        .await
        .unwrap();
    let (a, b): (i64, i64) = db
        .read(async |tx| {
            tx.one(
                sql!(
                    "SELECT cast(coalesce(sum(CASE WHEN owner LIKE 'a%' THEN 1 ELSE 0 END), 0) as bigint), \
                     cast(coalesce(sum(CASE WHEN owner LIKE 'b%' THEN 1 ELSE 0 END), 0) as bigint) \
                     FROM accounts"
                ),
                &args![],
            )
            .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(a, b);
}

async fn a_read_cannot_write(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let outcome: Result<u64, DbError> = db.read(async |tx| account(tx, 1, "a", 0).await).await;
    assert!(matches!(outcome, Err(DbError::ReadOnly)), "{outcome:?}");
    assert_eq!(accounts(&db).await, 0);
}

async fn a_long_read_sees_one_snapshot(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    db.write(async |tx| account(tx, 1, "a", 0).await)
        .await
        .unwrap();
    let inside = db.clone();
    let (before, after): (i64, i64) = db
        .read_blocking(Duration::from_mins(1), async move |tx| {
            let (before,) = tx
                .one(sql!("SELECT count(*) FROM accounts"), &args![])
                .await?;
            // Another transaction commits meanwhile, driven from a thread of its own.
            let handle = tokio::runtime::Handle::current();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    handle
                        .block_on(inside.write(async |tx| account(tx, 2, "b", 0).await))
                        .unwrap();
                });
            });
            let (after,) = tx
                .one(sql!("SELECT count(*) FROM accounts"), &args![])
                .await?;
            Ok::<_, DbError>((before, after))
        })
        .await
        .unwrap();
    assert_eq!((before, after), (1, 1));
    assert_eq!(accounts(&db).await, 2);
}

/// Compiles only if the futures are `Send`, as handlers need.
async fn futures_can_move_between_threads(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let owner = String::from("a");
    let task = tokio::spawn({
        let db = db.clone();
        async move {
            let name = owner.clone();
            db.write(async move |tx| {
                account(tx, 1, &name, 0).await?;
                tx.savepoint(async |tx| {
                    tx.execute(
                        sql!("UPDATE accounts SET balance = 1 WHERE owner = $1"),
                        &args![name],
                    )
                    .await
                })
                .await
            })
            .await?;
            db.read(async |tx| {
                tx.opt::<(i64,)>(
                    sql!("SELECT balance FROM accounts WHERE owner = $1"),
                    &args![owner],
                )
                .await
            })
            .await
        }
    });
    assert_eq!(task.await.unwrap().unwrap(), Some((1,)));
}

async fn rows_are_counted(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let counts = db
        .write(async |tx| {
            let inserted = account(tx, 1, "a", 0).await? + account(tx, 2, "b", 0).await?;
            let all = tx
                .execute(sql!("UPDATE accounts SET balance = 3"), &args![])
                .await?;
            let none = tx
                .execute(
                    sql!("UPDATE accounts SET balance = 3 WHERE id = $1"),
                    &args![77],
                )
                .await?;
            let clash = tx
                .execute(
                    sql!(
                        "INSERT INTO accounts (id, owner, balance) VALUES (1, 'a', 0) \
                         ON CONFLICT DO NOTHING"
                    ),
                    &args![],
                )
                .await?;
            Ok::<_, DbError>((inserted, all, none, clash))
        })
        .await
        .unwrap();
    assert_eq!(counts, (2, 2, 0, 0));
    let many: Result<Option<(i64,)>, DbError> = db
        .read(async |tx| tx.opt(sql!("SELECT id FROM accounts"), &args![]).await)
        .await;
    assert!(matches!(many, Err(DbError::ManyRows)), "{many:?}");
}
