//! The log is emptied beside the writer, and stays within its bound.

use std::path::PathBuf;
use std::time::Duration;

use gantry_db::{DbConfig, DbError, Engine, TenantDb, args, sql};

use crate::support::{Room, SCHEMA, tenant};

async fn fill(db: &TenantDb, id: i64) {
    db.write(async move |tx| {
        tx.execute(
            sql!("INSERT INTO kinds (id, t) VALUES ($1, $2)"),
            &args![id, "x".repeat(3000)],
        )
        .await
    })
    .await
    .unwrap();
}

struct Place {
    room: Room,
    db: TenantDb,
    _dbs: gantry_db::Databases,
}

impl Place {
    async fn new(change: impl FnOnce(&mut DbConfig)) -> Self {
        let room = Room::new(Engine::Sqlite);
        let mut config = room.config();
        change(&mut config);
        let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
        let db = tenant(&dbs).await;
        Self {
            room,
            db,
            _dbs: dbs,
        }
    }

    fn size(&self, suffix: &str) -> u64 {
        let text = self.db.id().to_string();
        let path: PathBuf = self
            .room
            .dir
            .path()
            .join("data/tenants")
            .join(&text[34..])
            .join(format!("{text}.db{suffix}"));
        path.metadata().unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_thread_brings_the_log_into_the_file() {
    let place = Place::new(|config| config.sqlite.checkpoint_bytes = 40_000).await;
    let before = place.size("");
    for id in 0.. {
        fill(&place.db, id).await;
        if place.size("") > before {
            break;
        }
        assert!(id < 15_000, "64 MiB were written and nobody came");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_its_bound_the_writer_empties_the_log_itself() {
    // No more room before the bound than at it, so nobody else is asked.
    const BOUND: u64 = 200_000;
    let place = Place::new(|config| {
        config.sqlite.checkpoint_bytes = BOUND;
        config.sqlite.max_log_bytes = BOUND;
    })
    .await;
    let group = 40_000;
    for id in 0..200 {
        fill(&place.db, id).await;
        let log = place.size("-wal");
        assert!(log <= BOUND + group, "{log} after {id}");
    }
    // A reader that looks at the log keeps it from beginning anew, and nobody waits for it.
    let writes = 200_i64..400;
    let db = place.db.clone();
    let end = writes.end;
    let (before, after): (i64, i64) = place
        .db
        .read_blocking(Duration::from_mins(2), async move |tx| {
            let (before,) = tx.one(sql!("SELECT count(*) FROM kinds"), &args![]).await?;
            let runtime = tokio::runtime::Handle::current();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    runtime.block_on(async {
                        for id in writes {
                            fill(&db, id).await;
                        }
                    });
                });
            });
            let (after,) = tx.one(sql!("SELECT count(*) FROM kinds"), &args![]).await?;
            Ok::<_, DbError>((before, after))
        })
        .await
        .unwrap();
    assert_eq!((before, after), (200, 200));
    assert!(place.size("-wal") > 2 * BOUND, "the reader was in the way");
    // When it has ended the log shrinks again.
    for id in end..end + 100 {
        fill(&place.db, id).await;
    }
    let log = place.size("-wal");
    assert!(log <= 2 * BOUND + group, "{log}");
}
