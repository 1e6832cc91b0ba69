//! Group commit: what shares a commit, and what does not share its fate.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use gantry_db::{CommitHook, Databases, DbConfig, DbError, Engine, TenantDb, Tx, args, sql};
use gantry_kernel::{TenantId, Timestamp};

use crate::support::{Room, SCHEMA, inside, tenant};

/// As long as it takes: a group in these tests ends with the queue.
const EVER: Duration = Duration::from_hours(1);

type Outcome = Result<u64, DbError>;
type Waiting<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Counts commits by what follows them.
#[derive(Default)]
struct Commits {
    before: AtomicU32,
    after: Mutex<Vec<Timestamp>>,
    fail: Mutex<Option<DbError>>,
}

impl CommitHook for Commits {
    fn before_commit(&self, _: TenantId, _: Timestamp) -> BoxFuture<'_, Result<(), DbError>> {
        self.before.fetch_add(1, Ordering::Relaxed);
        let outcome = self.fail.lock().unwrap().clone().map_or(Ok(()), Err);
        std::future::ready(outcome).boxed()
    }

    fn after_commit(&self, _: Option<TenantId>, due: Timestamp) {
        self.after.lock().unwrap().push(due);
    }
}

struct Stage {
    room: Room,
    dbs: Databases,
    db: TenantDb,
    commits: Arc<Commits>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut DbConfig)) -> Self {
        let room = Room::new(Engine::Sqlite);
        let mut config = room.config();
        config.sqlite.group.time = EVER;
        config.sqlite.group.share = EVER;
        change(&mut config);
        let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
        let commits = Arc::new(Commits::default());
        dbs.install_hook(commits.clone()).unwrap();
        let db = tenant(&dbs).await;
        Self {
            room,
            dbs,
            db,
            commits,
        }
    }

    /// Queues the writes behind one that holds the writer, and lets them go together.
    async fn together(&self, writes: Vec<Waiting<'_>>) -> Vec<Outcome> {
        let gate = Gate::hold(&self.db).await;
        let mut writes = writes;
        for write in &mut writes {
            assert!(futures_util::poll!(write).is_pending());
        }
        gate.open();
        join_all(writes).await
    }

    async fn owners(&self) -> Vec<String> {
        let rows: Vec<(String,)> = self
            .db
            .read(async |tx| {
                tx.all(sql!("SELECT owner FROM accounts ORDER BY owner"), &args![])
                    .await
            })
            .await
            .unwrap_or_else(|e: DbError| panic!("{e}"));
        rows.into_iter().map(|(owner,)| owner).collect()
    }
}

/// A write that holds its database's writer.
struct Gate(Sender<()>);

impl Gate {
    async fn hold(db: &TenantDb) -> Self {
        let (open, opened) = channel::<()>();
        let (started, begun) = tokio::sync::oneshot::channel::<()>();
        let (opened, started) = (Mutex::new(opened), Mutex::new(Some(started)));
        let db = db.clone();
        tokio::spawn(async move {
            db.write(async move |_| {
                if let Some(started) = started.lock().unwrap().take() {
                    started.send(()).unwrap();
                }
                wait(&opened.lock().unwrap());
                Ok::<_, DbError>(())
            })
            .await
        });
        begun.await.unwrap();
        Self(open)
    }

    fn open(self) {
        drop(self.0);
    }
}

/// Until the gate is open; at once when it already was, as when the write runs again.
fn wait(opened: &Receiver<()>) {
    assert!(opened.recv().is_err(), "a gate opens by being dropped");
}

async fn account(tx: &mut Tx, owner: &str, balance: i64) -> Outcome {
    tx.execute(
        sql!(
            "INSERT INTO accounts (id, owner, balance) \
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM accounts), $1, $2)"
        ),
        &args![owner, balance],
    )
    .await
}

fn add<'a>(db: &'a TenantDb, owner: &'static str) -> Waiting<'a> {
    Box::pin(db.write(async move |tx| account(tx, owner, 0).await))
}

fn add_due<'a>(db: &'a TenantDb, owner: &'static str, due: i64) -> Waiting<'a> {
    Box::pin(db.write(async move |tx| {
        tx.note_due(Timestamp::from_micros(due));
        account(tx, owner, 0).await
    }))
}

#[tokio::test]
async fn what_is_queued_shares_one_commit_and_what_follows_it() {
    let stage = Stage::new().await;
    let db = &stage.db;
    let mut writes = vec![
        add_due(db, "a", 30),
        add_due(db, "b", 10),
        add_due(db, "c", 20),
    ];
    writes.extend(["d", "e", "f"].map(|owner| add(db, owner)));
    for outcome in stage.together(writes).await {
        assert_eq!(outcome.unwrap(), 1);
    }
    assert_eq!(stage.owners().await.join(""), "abcdef");
    assert_eq!(stage.commits.before.load(Ordering::Relaxed), 1);
    assert_eq!(
        *stage.commits.after.lock().unwrap(),
        [Timestamp::from_micros(10)]
    );
}

#[tokio::test]
async fn a_group_is_bounded_by_writes_and_by_bytes() {
    let long = "x".repeat(1000);
    let change = |config: &mut DbConfig| {
        config.sqlite.group.writes = 2;
        config.sqlite.group.bytes = 900;
    };
    let stage = Stage::with(change).await;
    let db = &stage.db;
    // The gate is the first of the first group.
    let three = vec![
        add_due(db, "a", 1),
        add_due(db, "b", 2),
        add_due(db, "c", 3),
    ];
    stage.together(three).await;
    assert_eq!(stage.commits.after.lock().unwrap().len(), 2);
    let large = |id: i64| -> Waiting<'_> {
        let long = long.clone();
        Box::pin(db.write(async move |tx| {
            tx.note_due(Timestamp::from_micros(id));
            tx.execute(
                sql!("INSERT INTO kinds (id, t) VALUES ($1, $2)"),
                &args![id, long],
            )
            .await
        }))
    };
    stage.together(vec![large(4), large(5), large(6)]).await;
    assert_eq!(stage.commits.after.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn who_fails_in_a_group_fails_alone() {
    let stage = Stage::new().await;
    let db = &stage.db;
    let poisoned = db.write(async |tx| {
        account(tx, "swallowed", 0).await?;
        drop(account(tx, "negative", -1).await);
        Ok(1)
    });
    let foreign = db.write(async |tx| {
        account(tx, "foreign", 0).await?;
        std::future::pending::<()>().await;
        Ok(1)
    });
    let halfway = db.write(async |tx| {
        let inner = tx.savepoint(async |tx| {
            tx.execute(sql!("DELETE FROM accounts"), &args![]).await?;
            std::future::pending::<Outcome>().await
        });
        let mut inner = Box::pin(inner);
        assert!(futures_util::poll!(&mut inner).is_pending());
        drop(inner);
        Ok(1)
    });
    let writes: Vec<Waiting<'_>> = vec![
        add_due(db, "a", 5),
        add(db, "a"),
        Box::pin(db.write(async |tx| {
            account(tx, "refused", 0).await?;
            tx.note_due(Timestamp::from_micros(1));
            Err::<u64, _>(DbError::Stale)
        })),
        Box::pin(db.write(async |tx| {
            account(tx, "panicked", 0).await?;
            panic!("in a group")
        })),
        Box::pin(poisoned),
        Box::pin(foreign),
        Box::pin(halfway),
        Box::pin(db.write(async |tx| {
            let inner: Outcome = tx
                .savepoint(async |tx| account(tx, "negative", -1).await)
                .await;
            Ok(inner.unwrap_or(7))
        })),
        Box::pin(db.write(async |tx| {
            tx.execute(
                sql!("INSERT INTO entries (id, account_id) VALUES (1, 99)"),
                &args![],
            )
            .await
        })),
        add(db, "b"),
    ];
    let outcomes = stage.together(writes).await;
    let [
        first,
        same,
        refused,
        panicked,
        poisoned,
        foreign,
        halfway,
        saved,
        orphan,
        last,
    ] = <[Outcome; 10]>::try_from(outcomes).unwrap();
    assert_eq!(first.unwrap(), 1);
    assert!(same.unwrap_err().is_unique_on("accounts", "owner"));
    assert!(matches!(refused, Err(DbError::Stale)), "{refused:?}");
    assert!(
        matches!(&panicked, Err(DbError::Panicked(text)) if text == "in a group"),
        "{panicked:?}"
    );
    assert!(matches!(poisoned, Err(DbError::Poisoned)), "{poisoned:?}");
    assert!(matches!(foreign, Err(DbError::ForeignAwait)), "{foreign:?}");
    assert!(matches!(halfway, Err(DbError::Poisoned)), "{halfway:?}");
    assert_eq!(saved.unwrap(), 7);
    assert!(
        matches!(orphan, Err(DbError::ForeignKey { .. })),
        "{orphan:?}"
    );
    assert_eq!(last.unwrap(), 1);
    assert_eq!(stage.owners().await, ["a", "b"]);
    // All of it was one commit, and what was taken back left nothing due.
    assert_eq!(
        *stage.commits.after.lock().unwrap(),
        [Timestamp::from_micros(5)]
    );
}

/// A write that counts how often it runs.
fn counted<'a>(db: &'a TenantDb, owner: &'static str, runs: &Arc<AtomicU32>) -> Waiting<'a> {
    let runs = Arc::clone(runs);
    Box::pin(db.write(async move |tx| {
        runs.fetch_add(1, Ordering::Relaxed);
        account(tx, owner, 0).await
    }))
}

#[tokio::test]
async fn only_who_fails_after_writing_makes_the_others_run_again() {
    let stage = Stage::new().await;
    let db = &stage.db;
    let runs = Arc::new(AtomicU32::new(0));
    let refusal = || -> Waiting<'_> {
        Box::pin(db.write(async |tx| {
            let (n,): (i64,) = tx
                .one(sql!("SELECT count(*) FROM accounts"), &args![])
                .await?;
            assert!(n > 0, "it sees those before it");
            Err::<u64, _>(DbError::Stale)
        }))
    };
    let outcomes = stage
        .together(vec![
            counted(db, "a", &runs),
            refusal(),
            add(db, "a"),
            counted(db, "b", &runs),
        ])
        .await;
    assert!(matches!(outcomes[1], Err(DbError::Stale)), "{outcomes:?}");
    let taken = outcomes[2].as_ref().unwrap_err();
    assert!(taken.is_unique_on("accounts", "owner"));
    assert_eq!(runs.swap(0, Ordering::Relaxed), 2);

    let spoiler = || -> Waiting<'_> {
        Box::pin(db.write(async |tx| {
            account(tx, "gone", 0).await?;
            Err::<u64, _>(DbError::Stale)
        }))
    };
    let outcomes = stage
        .together(vec![
            counted(db, "c", &runs),
            spoiler(),
            counted(db, "d", &runs),
            spoiler(),
        ])
        .await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert_eq!(runs.swap(0, Ordering::Relaxed), 3, "the first twice");
    // The next group is written carefully from the beginning.
    let outcomes = stage
        .together(vec![
            counted(db, "e", &runs),
            spoiler(),
            counted(db, "f", &runs),
        ])
        .await;
    assert!(matches!(outcomes[1], Err(DbError::Stale)), "{outcomes:?}");
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(stage.owners().await.join(""), "abcdef");
}

#[tokio::test]
async fn a_savepoint_left_open_by_who_refuses_does_not_take_in_the_others() {
    let stage = Stage::new().await;
    let db = &stage.db;
    let halfway = db.write(async |tx| {
        let inner = tx.savepoint(async |_| std::future::pending::<Outcome>().await);
        let mut inner = Box::pin(inner);
        assert!(futures_util::poll!(&mut inner).is_pending());
        drop(inner);
        Err::<u64, _>(DbError::Stale)
    });
    let outcomes = stage
        .together(vec![add(db, "a"), Box::pin(halfway), add(db, "b")])
        .await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert_eq!(stage.owners().await.join(""), "ab");
}

#[tokio::test]
async fn a_full_disk_in_a_group_is_told_to_whom_it_concerns() {
    let stage = Stage::with(|config| config.sqlite.max_database_bytes = Some(400_000)).await;
    let db = &stage.db;
    let large = db.write(async |tx| {
        let raw = vec![7_u8; 1_000_000];
        tx.execute(
            sql!("INSERT INTO kinds (id, raw) VALUES (1, $1)"),
            &args![raw],
        )
        .await
    });
    let writes = vec![add(db, "a"), Box::pin(large), add(db, "b")];
    let outcomes = stage.together(writes).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert!(
        matches!(outcomes[1], Err(DbError::DiskFull)),
        "{outcomes:?}"
    );
    assert_eq!(stage.owners().await, ["a", "b"]);
}

/// SQLite takes everything back when a statement that writes is interrupted.
#[tokio::test]
async fn who_takes_too_long_holds_up_nobody_and_takes_nobody_along() {
    let stage = Stage::with(|config| {
        config.max_transaction = Duration::from_millis(400);
        config.sqlite.group.share = Duration::from_millis(20);
    })
    .await;
    let db = &stage.db;
    let reading = db.write(async |tx| {
        account(tx, "reading", 0).await?;
        let (n,): (i64,) = tx
            .one(
                sql!(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                     SELECT max(i) FROM n"
                ),
                &args![],
            )
            .await?;
        Ok(n.unsigned_abs())
    });
    let writing = db.write(async |tx| {
        tx.execute(
            sql!(
                "INSERT INTO doctors (id, on_call) WITH RECURSIVE n(i) AS \
                 (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i), true FROM n"
            ),
            &args![],
        )
        .await
    });
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let slow = db.write(async move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(40) {
            std::hint::spin_loop();
        }
        account(tx, "slow", 0).await
    });
    let writes: Vec<Waiting<'_>> = vec![
        add(db, "a"),
        Box::pin(slow),
        Box::pin(reading),
        add(db, "b"),
        Box::pin(writing),
        add(db, "c"),
    ];
    let outcomes = stage.together(writes).await;
    for late in [2, 4] {
        assert!(
            matches!(outcomes[late], Err(DbError::Timeout)),
            "{late}: {outcomes:?}"
        );
    }
    for well in [0, 1, 3, 5] {
        assert!(outcomes[well].is_ok(), "{well}: {outcomes:?}");
    }
    assert!(runs.load(Ordering::Relaxed) > 1, "first among others");
    assert_eq!(stage.owners().await, ["a", "b", "c", "slow"]);
}

/// Found at COMMIT only, which refuses the group as a whole.
#[tokio::test]
async fn a_deferred_constraint_sinks_only_who_broke_it() {
    let stage = Stage::new().await;
    let db = &stage.db;
    let text = db.id().to_string();
    let file = format!("data/tenants/{}/{text}.db", &text[34..]);
    // Migrations have no such constraint; what one would do is tried all the same.
    rusqlite::Connection::open(stage.room.dir.path().join(file))
        .unwrap()
        .execute_batch(
            "DROP TABLE entries; CREATE TABLE entries (id INTEGER NOT NULL PRIMARY KEY, \
             account_id INTEGER NOT NULL REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED) \
             STRICT;",
        )
        .unwrap();
    let orphan = db.write(async |tx| {
        tx.note_due(Timestamp::from_micros(1));
        tx.execute(
            sql!("INSERT INTO entries (id, account_id) VALUES (1, 99)"),
            &args![],
        )
        .await
    });
    let writes = vec![add_due(db, "a", 7), Box::pin(orphan), add_due(db, "b", 8)];
    let outcomes = stage.together(writes).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert!(
        matches!(outcomes[1], Err(DbError::ForeignKey { .. })),
        "{outcomes:?}"
    );
    assert_eq!(stage.owners().await, ["a", "b"]);
    let after = stage.commits.after.lock().unwrap().clone();
    assert_eq!(
        after,
        [7, 8].map(Timestamp::from_micros),
        "only what was committed is followed by anything"
    );
}

#[tokio::test]
async fn a_failing_hook_concerns_those_with_work_due() {
    let stage = Stage::new().await;
    let db = &stage.db;
    *stage.commits.fail.lock().unwrap() = Some(DbError::Stale);
    let writes = vec![
        add(db, "a"),
        add_due(db, "b", 1),
        add_due(db, "c", 2),
        add(db, "d"),
    ];
    let outcomes = stage.together(writes).await;
    assert!(outcomes[0].is_ok() && outcomes[3].is_ok(), "{outcomes:?}");
    for refused in [1, 2] {
        assert!(
            matches!(outcomes[refused], Err(DbError::Stale)),
            "{outcomes:?}"
        );
    }
    assert_eq!(stage.owners().await, ["a", "d"]);
    assert!(stage.commits.after.lock().unwrap().is_empty());
}

/// Dropping an answer may panic, too: its caller is gone, the others get theirs.
#[tokio::test]
async fn a_panic_in_an_answer_nobody_takes_reaches_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped");
        }
    }
    let stage = Stage::new().await;
    let db = &stage.db;
    let gate = Gate::hold(db).await;
    let (running, ran) = channel::<()>();
    let (go_on, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let mut bomb = Box::pin(db.write(async move |_| {
        running.send(()).unwrap();
        wait(&gone.lock().unwrap());
        Ok::<_, DbError>(Bomb)
    }));
    assert!(futures_util::poll!(&mut bomb).is_pending());
    let mut after = add(db, "a");
    assert!(futures_util::poll!(&mut after).is_pending());
    gate.open();
    // It runs, and its caller goes away meanwhile.
    tokio::task::spawn_blocking(move || ran.recv().unwrap())
        .await
        .unwrap();
    drop(bomb);
    drop(go_on);
    assert_eq!(after.await.unwrap(), 1);
    assert_eq!(stage.owners().await, ["a"]);
}

/// Whether these were stored nobody can say; who was refused by another's row is asked again.
#[test]
fn an_unknown_commit_is_unknown_for_all_who_shared_it() {
    let name = "group::an_unknown_commit_is_unknown_for_all_who_shared_it";
    if !inside("trap '' XFSZ; ulimit -f 1000", name) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stage = Stage::new().await;
        let db = &stage.db;
        let large = db.write(async |tx| {
            let raw = vec![7_u8; 1_300_000];
            tx.execute(
                sql!("INSERT INTO kinds (id, raw) VALUES (1, $1)"),
                &args![raw],
            )
            .await
        });
        let writes = vec![add(db, "a"), Box::pin(large), add(db, "a")];
        let outcomes = stage.together(writes).await;
        for unknown in [0, 1] {
            assert!(
                matches!(outcomes[unknown], Err(DbError::CommitUnknown(_))),
                "{outcomes:?}"
            );
        }
        // The first one did not come about, so the last one's name was free.
        assert!(outcomes[2].is_ok(), "{outcomes:?}");
        assert_eq!(stage.owners().await, ["a"]);
    });
}

#[tokio::test]
async fn a_group_begun_before_the_close_is_answered() {
    let stage = Stage::new().await;
    let gate = Gate::hold(&stage.db).await;
    let mut writes = [add(&stage.db, "a"), add(&stage.db, "b")];
    for write in &mut writes {
        assert!(futures_util::poll!(write).is_pending());
    }
    let closing = tokio::spawn(stage.dbs.clone().close());
    gate.open();
    for outcome in join_all(writes).await {
        assert_eq!(outcome.unwrap(), 1);
    }
    closing.await.unwrap().unwrap();
    assert!(stage.room.dir.path().join("data/control.db").exists());
}
