//! What is PostgreSQL's own: the pool, lost connections, refused settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use gantry_db::{DbConfig, DbError, Engine, Migration, Migrations, args, sql};
use gantry_kernel::Kernel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Room, SCHEMA, connect, server, tenant, with_database};

async fn sessions(client: &tokio_postgres::Client, room: &Room, which: &str) -> i64 {
    client
        .query_one(
            &format!(
                "SELECT count(*) FROM pg_stat_activity WHERE starts_with(datname, $1) AND {which}"
            ),
            &[&room.name()],
        )
        .await
        .unwrap()
        .get(0)
}

/// Waits for other processes: at most two seconds.
async fn becomes_zero(client: &tokio_postgres::Client, room: &Room, which: &str) -> i64 {
    let mut left = sessions(client, room, which).await;
    for _ in 0..200 {
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        left = sessions(client, room, which).await;
    }
    left
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_are_replaced() {
    let room = Room::new(Engine::Postgres);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let outside = connect(&server()).await;
    let kill =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(datname, $1)";
    for id in 0..5_i64 {
        outside.query(kill, &[&room.name()]).await.unwrap();
        db.write(async move |tx| {
            tx.execute(
                sql!("INSERT INTO doctors (id, on_call) VALUES ($1, true)"),
                &args![id],
            )
            .await
        })
        .await
        .unwrap();
    }
    // Killed by its own statement: the caller learns it, and nothing else is hurt.
    let outcome: Result<(bool,), DbError> = db
        .write(async |tx| {
            tx.execute(sql!("DELETE FROM doctors"), &args![]).await?;
            let suicide = sql! {
                sqlite: "SELECT true",
                postgres: "SELECT pg_terminate_backend(pg_backend_pid())",
            };
            tx.one(suicide, &args![]).await
        })
        .await;
    assert!(
        matches!(outcome, Err(DbError::Unavailable(_))),
        "{outcome:?}"
    );
    let (count,): (i64,) = db
        .read(async |tx| tx.one(sql!("SELECT count(*) FROM doctors"), &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(count, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_cap_holds_for_all_databases() {
    let room = Room::new(Engine::Postgres);
    let mut config = room.config();
    config.postgres.as_mut().unwrap().max_connections = 5;
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let mut tenants = Vec::new();
    for _ in 0..6 {
        tenants.push(tenant(&dbs).await);
    }
    let outside = connect(&server()).await;
    let running = Arc::new(AtomicBool::new(true));
    let watch = tokio::spawn({
        let (room_name, running) = (room.name().to_owned(), Arc::clone(&running));
        async move {
            let mut most = 0_i64;
            while running.load(Ordering::Relaxed) {
                // Autovacuum has no user of ours.
                let row = outside
                    .query_one(
                        "SELECT count(*) FROM pg_stat_activity WHERE starts_with(datname, $1) \
                         AND application_name = 'gantry'",
                        &[&room_name],
                    )
                    .await
                    .unwrap();
                most = most.max(row.get(0));
            }
            most
        }
    });
    let tasks: Vec<_> = (0..24)
        .map(|number| {
            let db = tenants[number % tenants.len()].clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    let found: Result<(i64,), DbError> = db
                        .read(async |tx| {
                            tx.one(sql!("SELECT count(*) FROM doctors"), &args![]).await
                        })
                        .await;
                    found.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    running.store(false, Ordering::Relaxed);
    let most = watch.await.unwrap();
    // A server process lives on for a moment after its socket is closed.
    assert!((1..=7).contains(&most), "{most} sessions under a cap of 5");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_future_leaves_no_transaction() {
    let room = Room::new(Engine::Postgres);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let slow = sql! { sqlite: "SELECT 1", postgres: "SELECT cast(1 as bigint) FROM pg_sleep(1)" };
    for id in 0..4_i64 {
        let write = db.write(async move |tx| {
            tx.execute(
                sql!("INSERT INTO doctors (id, on_call) VALUES ($1, true)"),
                &args![id],
            )
            .await?;
            tx.all::<(i64,)>(slow, &args![]).await
        });
        drop(tokio::time::timeout(Duration::from_millis(60), write).await);
    }
    let outside = connect(&server()).await;
    let open = becomes_zero(&outside, &room, "state LIKE 'idle in transaction%'").await;
    assert_eq!(open, 0);
    let (count,): (i64,) = db
        .read(async |tx| tx.one(sql!("SELECT count(*) FROM doctors"), &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(count, 0);
}

/// A closure that gives up one of its statements and says that all is well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_dropped_in_a_savepoint_is_not_committed() {
    let room = Room::new(Engine::Postgres);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let slow = sql! {
        sqlite: "SELECT 1",
        postgres: "INSERT INTO doctors (id, on_call) SELECT 2, true FROM pg_sleep(0.1)",
    };
    let outcome: Result<(), DbError> = db
        .write(async move |tx| {
            let inner: Result<(), DbError> = tx
                .savepoint(async |tx| {
                    tx.execute(
                        sql!("INSERT INTO doctors (id, on_call) VALUES (1, true)"),
                        &args![],
                    )
                    .await?;
                    let mut dropped = Box::pin(tx.execute(slow, &args![]));
                    assert!(futures_util::poll!(&mut dropped).is_pending());
                    Ok(())
                })
                .await;
            assert!(matches!(inner, Err(DbError::Poisoned)), "{inner:?}");
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(DbError::Poisoned)), "{outcome:?}");
    let (count,): (i64,) = db
        .read(async |tx| tx.one(sql!("SELECT count(*) FROM doctors"), &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(count, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_named_statements_and_behind_a_pooler() {
    let room = Room::new(Engine::Postgres);
    let mut config = room.config();
    let postgres = config.postgres.as_mut().unwrap();
    postgres.named_statements = false;
    postgres.transaction_pooler = true;
    config.max_transaction = Duration::from_millis(700);
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let db = tenant(&dbs).await;
    let names = sql! {
        sqlite: "SELECT 1, ''",
        postgres: "SELECT count(*), current_setting('statement_timeout') FROM pg_prepared_statements",
    };
    for id in 0..3_i64 {
        db.write(async move |tx| {
            tx.execute(
                sql!("INSERT INTO doctors (id, on_call) VALUES ($1, true)"),
                &args![id],
            )
            .await
        })
        .await
        .unwrap();
    }
    let (open, timeout): (i64, String) = db
        .read(async |tx| tx.one(names, &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(
        (open, timeout.as_str()),
        (0, "700ms"),
        "not even the statement that asks"
    );
}

/// A pooler hands no notices on; past it they are heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_notices_are_heard_past_it_or_not_at_all() {
    let room = Room::new(Engine::Postgres);
    let mut config = room.config();
    config.postgres.as_mut().unwrap().transaction_pooler = true;
    let deaf = room.open_with(config.clone(), [SCHEMA]).await.unwrap();
    assert!(deaf.notices("said").await.unwrap().is_none());
    config.postgres.as_mut().unwrap().direct_url = Some(room.url());
    let hearing = room.open_with(config, [SCHEMA]).await.unwrap();
    let mut notices = hearing.notices("said").await.unwrap().unwrap();
    let say = sql! { sqlite: "SELECT 1", postgres: "SELECT cast(1 AS bigint) FROM pg_notify('said', 'x')" };
    let said: Result<(i64,), DbError> = deaf
        .control
        .write(async move |tx| tx.one(say, &args![]).await)
        .await;
    said.unwrap();
    assert_eq!(notices.next().await.as_deref(), Some("x"));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let room = Room::new(Engine::Postgres);
    let tls = DbConfig::postgres(format!("{}?sslmode=require", room.url()));
    let outcome = room.open_with(tls, []).await.err();
    assert!(
        matches!(&outcome, Some(DbError::Config(why)) if why.contains("sslmode")),
        "{outcome:?}"
    );
    let long = with_database(&room.url(), &"x".repeat(40));
    let outcome = room.open_with(DbConfig::postgres(long), []).await.err();
    assert!(
        matches!(&outcome, Some(DbError::Config(why)) if why.contains("28")),
        "{outcome:?}"
    );
    let nowhere = DbConfig::postgres("postgres://root@127.0.0.1:1/x");
    let outcome = room.open_with(nowhere, []).await.err();
    assert!(
        matches!(outcome, Some(DbError::Unavailable(_))),
        "{outcome:?}"
    );
}

/// What the line to the server does to those who talk over it.
#[derive(Default)]
struct Line {
    /// Cut at the next COMMIT.
    cut: AtomicBool,
    /// From the next COMMIT on that connection's bytes are kept back, and it stays open.
    swallow: AtomicBool,
    /// Connections with a lower number are silent in the same way.
    silent: AtomicUsize,
    connections: AtomicUsize,
}

/// A proxy before the test server and settings that go through it.
async fn proxied(room: &Room) -> (DbConfig, Arc<Line>) {
    let parsed: tokio_postgres::Config = server().parse().unwrap();
    let tokio_postgres::config::Host::Tcp(host) = &parsed.get_hosts()[0] else {
        panic!("the test server is reached by TCP");
    };
    let port = parsed.get_ports().first().copied().unwrap_or(5432);
    let target = format!("{host}:{port}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nearby = listener.local_addr().unwrap().to_string();
    let line = Arc::new(Line::default());
    let mut config = room.config();
    let url = room.url().replace(&target, &nearby);
    assert_ne!(url, room.url(), "the url names host and port");
    config.postgres.as_mut().unwrap().url = format!("{url}?connect_timeout=1");
    tokio::spawn({
        let line = Arc::clone(&line);
        async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = line.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(pass(client, target.clone(), number, Arc::clone(&line)));
            }
        }
    });
    (config, line)
}

async fn pass(client: TcpStream, target: String, number: usize, line: Arc<Line>) {
    let server = TcpStream::connect(target).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mute = Arc::new(AtomicBool::new(false));
    let back = tokio::spawn({
        let mute = Arc::clone(&mute);
        async move {
            let mut buffer = vec![0; 65_536];
            while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                if mute.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
                if to_client.write_all(&buffer[..read]).await.is_err() {
                    return;
                }
            }
        }
    });
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        let bytes = &buffer[..read];
        let commit = bytes.windows(7).any(|window| window == b"COMMIT\0");
        if commit && line.cut.swap(false, Ordering::SeqCst) {
            back.abort();
            drop(to_server.write_all(bytes).await);
            return;
        }
        if number < line.silent.load(Ordering::SeqCst)
            || (commit && line.swallow.swap(false, Ordering::SeqCst))
        {
            mute.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        if to_server.write_all(bytes).await.is_err() {
            return;
        }
    }
    back.abort();
}

/// Neither a packet nor a reset comes back, as from a machine that lost its network.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_not_waited_for() {
    let room = Room::new(Engine::Postgres);
    let (mut config, line) = proxied(&room).await;
    config.max_transaction = Duration::from_secs(3);
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let id = tenant(&dbs).await.id();
    let write = |note: i64| {
        let insert = dbs.control.write(async move |tx| {
            tx.execute(
                sql!("INSERT INTO notes (id, body) VALUES ($1, '')"),
                &args![note],
            )
            .await
        });
        tokio::time::timeout(Duration::from_secs(30), insert)
    };
    write(1).await.unwrap().unwrap();
    // Idle connections fell silent: they are replaced.
    let so_far = line.connections.load(Ordering::SeqCst);
    line.silent.store(so_far, Ordering::SeqCst);
    write(2).await.unwrap().unwrap();
    assert!(line.connections.load(Ordering::SeqCst) > so_far);
    // One falls silent over a COMMIT.
    line.swallow.store(true, Ordering::SeqCst);
    let outcome = write(3).await.unwrap();
    assert!(
        matches!(outcome, Err(DbError::CommitUnknown(_))),
        "{outcome:?}"
    );
    // Nobody answers at all any more.
    line.silent.store(usize::MAX, Ordering::SeqCst);
    let outcome = write(4).await.unwrap();
    assert!(
        matches!(outcome, Err(DbError::Unavailable(_))),
        "{outcome:?}"
    );
    dbs.tenants.close(id);
    let outcome = tokio::time::timeout(Duration::from_secs(30), dbs.tenants.get(id)).await;
    assert!(
        matches!(outcome, Ok(Err(DbError::Unavailable(_)))),
        "{outcome:?}"
    );
}

/// The next program adds a column while this one keeps its statements prepared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_grows_does_not_break_prepared_statements() {
    let room = Room::new(Engine::Postgres);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let everything = sql!("SELECT * FROM doctors");
    let look = || db.write(async move |tx| tx.all::<(i64, bool)>(everything, &args![]).await);
    look().await.unwrap();
    let database = format!("{}_t_{}", room.name(), db.id().uuid().simple());
    let next = connect(&with_database(&server(), &database)).await;
    next.batch_execute("ALTER TABLE doctors ADD COLUMN note TEXT")
        .await
        .unwrap();
    look().await.unwrap();
    next.batch_execute("ALTER TABLE doctors ADD COLUMN more TEXT")
        .await
        .unwrap();
    // A read cannot be repeated for the caller, who is told to.
    let read: Result<Vec<(i64, bool)>, DbError> = db
        .read(async move |tx| tx.all(everything, &args![]).await)
        .await;
    assert!(matches!(read, Err(DbError::Conflict)), "{read:?}");
    let read: Result<Vec<(i64, bool)>, DbError> = db
        .read(async move |tx| tx.all(everything, &args![]).await)
        .await;
    read.unwrap();
}

const FAILING: Migrations = Migrations {
    module: "failing",
    control: &[],
    tenant: &[Migration::new("0001_bad", "CREATE NONSENSE;")],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_do_not_pile_up() {
    let room = Room::new(Engine::Postgres);
    let outside = connect(&server()).await;
    let dbs = room
        .open_with(room.config(), [SCHEMA, FAILING])
        .await
        .unwrap();
    let id = crate::support::listed(&dbs, "acme").await;
    let failed = dbs.tenants.provision(id).await;
    assert!(matches!(failed, Err(DbError::Migration(_))), "{failed:?}");
    dbs.close().await.unwrap();
    assert_eq!(drafts(&outside, &room).await, [""; 0]);
    // Left by a process that ended: one long ago, one that may still be at it.
    let now = Kernel::system().now().as_micros() / 1_000_000;
    let (old, young) = (
        format!("{}_d_{:08x}00000001", room.name(), now - 7200),
        format!("{}_d_{now:08x}00000001", room.name()),
    );
    for name in [&old, &young] {
        outside
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
            .await
            .unwrap();
    }
    let dbs = room.open().await;
    dbs.tenants.provision(id).await.unwrap();
    assert_eq!(drafts(&outside, &room).await, [young]);
}

async fn drafts(client: &tokio_postgres::Client, room: &Room) -> Vec<String> {
    let rows = client
        .query(
            "SELECT datname::text FROM pg_database WHERE starts_with(datname, $1)",
            &[&format!("{}_d_", room.name())],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_is_said_to_be_unknown() {
    let room = Room::new(Engine::Postgres);
    let (config, line) = proxied(&room).await;
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let write = || {
        dbs.control.write(async |tx| {
            tx.execute(
                sql!("INSERT INTO notes (id, body) VALUES (1, '')"),
                &args![],
            )
            .await
        })
    };
    line.cut.store(true, Ordering::SeqCst);
    let outcome = write().await;
    assert!(
        matches!(outcome, Err(DbError::CommitUnknown(_))),
        "{outcome:?}"
    );
    let problem = gantry_kernel::Problem::from(outcome.unwrap_err());
    assert_eq!(
        (problem.kind.status(), problem.code),
        (503, "outcome_unknown")
    );
    // The next call works on a new connection and finds out: either it is there or it is not.
    let again = write().await;
    assert!(
        again.is_ok() || again.as_ref().is_err_and(|e| e.is_unique_on("notes", "id")),
        "{again:?}"
    );
}
