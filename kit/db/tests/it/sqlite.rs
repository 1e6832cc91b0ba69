//! What is SQLite's own: files, hardening, damage, a full disk, snapshots.

use std::os::unix::fs::FileExt;

use gantry_db::{DataDirLock, DbError, Engine, TenantDb, args, sql};

use crate::support::{Room, SCHEMA, inside, tenant};

async fn fill(db: &TenantDb, id: i64, bytes: usize) -> Result<u64, DbError> {
    db.write(async move |tx| {
        let raw = vec![7_u8; bytes];
        tx.execute(
            sql!("INSERT INTO kinds (id, raw) VALUES ($1, $2)"),
            &args![id, raw],
        )
        .await
    })
    .await
}

async fn rows(db: &TenantDb) -> i64 {
    let (count,): (i64,) = db
        .read(async |tx| tx.one(sql!("SELECT count(*) FROM kinds"), &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    count
}

#[tokio::test]
async fn other_files_cannot_be_attached() {
    let room = Room::new(Engine::Sqlite);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let attach = sql! { sqlite: "ATTACH ':memory:' AS other", postgres: "SELECT 1" };
    let outcome = db.read(async |tx| tx.execute(attach, &args![]).await).await;
    assert!(
        matches!(&outcome, Err(DbError::Other(why)) if why.contains("attached")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn every_table_is_strict_and_settings_hold() {
    let room = Room::new(Engine::Sqlite);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let loose: Vec<(String,)> = db
        .read(async |tx| {
            tx.all(
                sql! {
                    sqlite: "SELECT name FROM pragma_table_list WHERE strict = 0 AND schema = 'main' \
                             AND name NOT LIKE 'sqlite%'",
                    postgres: "SELECT ''",
                },
                &args![],
            )
            .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert!(loose.is_empty(), "{loose:?}");
    let settings: (i64, i64, String) = db
        .write(async |tx| {
            tx.one(
                sql! {
                    sqlite: "SELECT foreign_keys, synchronous, journal_mode FROM pragma_foreign_keys, \
                             pragma_synchronous, pragma_journal_mode",
                    postgres: "SELECT 1",
                },
                &args![],
            )
            .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(settings, (1, 2, "wal".to_owned()));
}

#[tokio::test]
async fn a_damaged_file_hurts_its_tenant_only() {
    let room = Room::new(Engine::Sqlite);
    let dbs = room.open().await;
    let (sick, well) = (tenant(&dbs).await.id(), tenant(&dbs).await);
    drop(dbs);
    let dbs = room.open().await;
    let text = sick.to_string();
    let file = room
        .dir
        .path()
        .join("data/tenants")
        .join(&text[34..])
        .join(format!("{text}.db"));
    let size = file.metadata().unwrap().len();
    let damaged = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    damaged
        .write_all_at(&vec![0xAA; usize::try_from(size).unwrap() - 100], 100)
        .unwrap();
    let outcome = dbs.tenants.get(sick).await;
    assert!(matches!(outcome, Err(DbError::Corrupt(_))), "{outcome:?}");
    damaged.write_all_at(&[0; 100], 0).unwrap();
    let outcome = dbs.tenants.get(sick).await;
    assert!(matches!(outcome, Err(DbError::Corrupt(_))), "{outcome:?}");
    fill(&well, 1, 10).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    let outcome = dbs.tenants.get(sick).await;
    assert!(
        matches!(outcome, Err(DbError::TenantMissing(_))),
        "{outcome:?}"
    );
    assert_eq!(rows(&well).await, 1);
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    let room = Room::new(Engine::Sqlite);
    let mut config = room.config();
    config.sqlite.max_database_bytes = Some(400_000);
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let db = tenant(&dbs).await;
    fill(&db, 1, 100_000).await.unwrap();
    let outcome = fill(&db, 2, 1_000_000).await;
    assert!(matches!(outcome, Err(DbError::DiskFull)), "{outcome:?}");
    assert_eq!(rows(&db).await, 1);
    // A savepoint cannot save a transaction that SQLite has ended.
    let outcome: Result<(), DbError> = db
        .write(async |tx| {
            tx.execute(sql!("INSERT INTO kinds (id) VALUES (3)"), &args![])
                .await?;
            let inner: Result<u64, DbError> = tx
                .savepoint(async |tx| {
                    let raw = vec![7_u8; 1_000_000];
                    tx.execute(
                        sql!("INSERT INTO kinds (id, raw) VALUES ($1, $2)"),
                        &args![4, raw],
                    )
                    .await
                })
                .await;
            assert!(matches!(inner, Err(DbError::DiskFull)), "{inner:?}");
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(DbError::Poisoned)), "{outcome:?}");
    assert_eq!(rows(&db).await, 1);
    db.write(async |tx| tx.execute(sql!("DELETE FROM kinds"), &args![]).await)
        .await
        .unwrap();
    fill(&db, 5, 100_000).await.unwrap();
    assert_eq!(rows(&db).await, 1);
}

#[tokio::test]
async fn a_snapshot_can_be_served() {
    let room = Room::new(Engine::Sqlite);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    fill(&db, 1, 10).await.unwrap();
    let copies = room.dir.path().join("copies");
    std::fs::create_dir(&copies).unwrap();
    let (control, own) = (copies.join("control.db"), copies.join("tenant.db"));
    dbs.control.snapshot(&control).await.unwrap();
    db.snapshot(&own).await.unwrap();
    let twice = db.snapshot(&own).await;
    assert!(
        matches!(twice, Err(DbError::Config(_))),
        "never written over: {twice:?}"
    );
    fill(&db, 2, 10).await.unwrap();

    let other = Room::new(Engine::Sqlite);
    let text = db.id().to_string();
    let data = other.dir.path().join("data");
    let folder = data.join("tenants").join(&text[34..]);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(&control, data.join("control.db")).unwrap();
    std::fs::copy(&own, folder.join(format!("{text}.db"))).unwrap();
    let restored = other.open().await;
    let db = restored.tenants.get(db.id()).await.unwrap();
    assert_eq!(rows(&db).await, 1);
    fill(&db, 3, 10).await.unwrap();
}

#[tokio::test]
async fn a_queue_is_bounded_and_drained() {
    let room = Room::new(Engine::Sqlite);
    let mut config = room.config();
    config.max_queued_writes = 3;
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let db = tenant(&dbs).await;
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let (started, begun) = tokio::sync::oneshot::channel::<()>();
    let started = std::sync::Mutex::new(Some(started));
    let blocking = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(async move |_| {
                if let Some(started) = started.lock().unwrap().take() {
                    started.send(()).unwrap();
                }
                gate.lock().unwrap().recv().unwrap();
                Ok::<_, DbError>(())
            })
            .await
        }
    });
    begun.await.unwrap();
    let mut waiting: Vec<_> = (0..3).map(|id| Box::pin(fill(&db, id, 1))).collect();
    for write in &mut waiting {
        assert!(futures_util::poll!(write).is_pending());
    }
    let outcome = fill(&db, 9, 1).await;
    assert!(
        matches!(outcome, Err(DbError::Overloaded(_))),
        "{outcome:?}"
    );
    // Closing writes what was accepted before.
    let closing = tokio::spawn(dbs.close());
    release.send(()).unwrap();
    blocking.await.unwrap().unwrap();
    for write in waiting {
        write.await.unwrap();
    }
    closing.await.unwrap().unwrap();
    assert_eq!(rows(&db).await, 3);
    let outcome = fill(&db, 10, 1).await;
    assert!(
        matches!(outcome, Err(DbError::Unavailable(_))),
        "{outcome:?}"
    );
}

/// The caller timed out and went away, and will ask again: what it asked first must not happen too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_given_up_in_the_queue_does_not_run() {
    let room = Room::new(Engine::Sqlite);
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let (started, begun) = tokio::sync::oneshot::channel::<()>();
    let started = std::sync::Mutex::new(Some(started));
    let mut blocking = Box::pin(db.write(async move |_| {
        if let Some(started) = started.lock().unwrap().take() {
            started.send(()).unwrap();
        }
        gate.lock().unwrap().recv().unwrap();
        Ok::<_, DbError>(())
    }));
    assert!(futures_util::poll!(&mut blocking).is_pending());
    begun.await.unwrap();
    let mut given_up = Box::pin(fill(&db, 1, 1));
    assert!(futures_util::poll!(&mut given_up).is_pending());
    drop(given_up);
    release.send(()).unwrap();
    blocking.await.unwrap();
    fill(&db, 2, 1).await.unwrap();
    assert_eq!(rows(&db).await, 1);
}

#[test]
fn open_files_are_allowed_as_far_as_they_can_be() {
    let name = "sqlite::open_files_are_allowed_as_far_as_they_can_be";
    if !inside("ulimit -Sn 100; ulimit -Hn 700", name) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let room = Room::new(Engine::Sqlite);
        let dbs = room.open().await;
        assert_eq!(dbs.config().max_open_tenants, Some(700 / 2 / 11));
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let files = limits
            .lines()
            .find(|line| line.starts_with("Max open files"))
            .unwrap();
        assert_eq!(files.matches("700").count(), 2, "{files}");
    });
}

/// Where the process may write no more than half a megabyte to a file, and is not killed for trying:
/// the write reaches the log at COMMIT and fails there.
#[test]
fn a_commit_with_an_input_or_output_error_is_said_to_be_unknown() {
    let name = "sqlite::a_commit_with_an_input_or_output_error_is_said_to_be_unknown";
    if !inside("trap '' XFSZ; ulimit -f 1000", name) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let room = Room::new(Engine::Sqlite);
        let dbs = room.open().await;
        let db = tenant(&dbs).await;
        fill(&db, 1, 1000).await.unwrap();
        let outcome = fill(&db, 2, 1_300_000).await;
        assert!(
            matches!(outcome, Err(DbError::CommitUnknown(_))),
            "{outcome:?}"
        );
        assert_eq!(rows(&db).await, 1);
        fill(&db, 3, 1000).await.unwrap();
        assert_eq!(rows(&db).await, 2);
    });
}

#[tokio::test]
async fn an_interrupted_provisioning_leaves_no_tenant() {
    let room = Room::new(Engine::Sqlite);
    let dbs = room.open().await;
    let id = crate::support::listed(&dbs, "acme").await;
    let text = id.to_string();
    let folder = room.dir.path().join("data/tenants").join(&text[34..]);
    std::fs::create_dir_all(&folder).unwrap();
    // What a power cut may leave: a half-copied draft and its log.
    std::fs::write(
        folder.join(format!("{text}.draft")),
        b"SQLite format 3\0 and then nothing",
    )
    .unwrap();
    std::fs::write(folder.join(format!("{text}.draft-wal")), b"rubbish").unwrap();
    assert!(matches!(
        dbs.tenants.get(id).await,
        Err(DbError::TenantMissing(_))
    ));
    let db = dbs.tenants.provision(id).await.unwrap();
    fill(&db, 1, 1).await.unwrap();
    let left: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("draft"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn another_process_may_write_control() {
    let room = Room::new(Engine::Sqlite);
    let server = room.open().await;
    let rescue = room.open().await;
    for (id, dbs) in [&server, &rescue, &server, &rescue].into_iter().enumerate() {
        let id = i64::try_from(id).unwrap();
        dbs.control
            .write(async move |tx| {
                tx.execute(
                    sql!("INSERT INTO notes (id, body) VALUES ($1, '')"),
                    &args![id],
                )
                .await
            })
            .await
            .unwrap();
    }
}

#[test]
fn one_server_per_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = DataDirLock::take(dir.path()).unwrap();
    let second = DataDirLock::take(dir.path());
    assert!(
        matches!(&second, Err(DbError::Config(why)) if why.contains("another gantry server")),
        "{second:?}"
    );
    drop(first);
    DataDirLock::take(dir.path()).unwrap();
}
