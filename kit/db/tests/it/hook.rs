//! The hint in control comes before the tenant's commit.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_db::{CommitHook, ControlDb, DbError, TenantDb, args, sql};
use gantry_kernel::{TenantId, Timestamp};

use crate::both;
use crate::support::{Room, tenant};

both!(
    the_earliest_hint_is_written_first,
    a_failing_hook_rolls_back,
    an_unknown_hint_is_a_known_rollback,
    work_due_needs_a_hook,
    nothing_is_written_after_the_close,
    many_tenants_do_not_wait_forever
);

struct Hints {
    control: ControlDb,
    after: Mutex<Vec<(Option<TenantId>, Timestamp)>>,
    fail: Option<DbError>,
}

impl CommitHook for Hints {
    fn before_commit(
        &self,
        tenant: TenantId,
        due: Timestamp,
    ) -> BoxFuture<'_, Result<(), DbError>> {
        async move {
            if let Some(error) = &self.fail {
                return Err(error.clone());
            }
            self.control
                .write(async move |tx| {
                    tx.note_due(due);
                    tx.execute(
                        sql!(
                            "INSERT INTO notes (id, body) VALUES ($1, $2) \
                             ON CONFLICT (id) DO UPDATE SET body = excluded.body"
                        ),
                        &args![due, tenant],
                    )
                    .await
                    .map(drop)
                })
                .await
        }
        .boxed()
    }

    fn after_commit(&self, tenant: Option<TenantId>, due: Timestamp) {
        self.after.lock().unwrap().push((tenant, due));
    }
}

fn hints(dbs: &gantry_db::Databases, fail: Option<DbError>) -> Arc<Hints> {
    let hook = Arc::new(Hints {
        control: dbs.control.clone(),
        after: Mutex::default(),
        fail,
    });
    dbs.install_hook(hook.clone()).unwrap();
    hook
}

async fn the_earliest_hint_is_written_first(room: Room) {
    let dbs = room.open().await;
    let hook = hints(&dbs, None);
    assert!(dbs.install_hook(hook.clone()).is_err(), "one hook only");
    let db = tenant(&dbs).await;
    let (early, late) = (Timestamp::from_micros(10), Timestamp::from_micros(20));
    db.write(async move |tx| {
        tx.note_due(late);
        tx.note_due(early);
        let undone: Result<(), DbError> = tx
            .savepoint(async |tx| {
                tx.note_due(Timestamp::from_micros(1));
                Err(DbError::Stale)
            })
            .await;
        assert!(undone.is_err());
        tx.execute(
            sql!("INSERT INTO doctors (id, on_call) VALUES (1, true)"),
            &args![],
        )
        .await
    })
    .await
    .unwrap();
    let seen: Vec<(Timestamp, TenantId)> = dbs
        .control
        .read(async |tx| tx.all(sql!("SELECT id, body FROM notes"), &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(seen, [(early, db.id())]);
    // Control's own commit is told first, then the tenant's.
    assert_eq!(
        *hook.after.lock().unwrap(),
        [(None, early), (Some(db.id()), early)]
    );
}

async fn a_failing_hook_rolls_back(room: Room) {
    let dbs = room.open().await;
    let hook = hints(&dbs, Some(DbError::Stale));
    let db = tenant(&dbs).await;
    let outcome = write_due(&db).await;
    assert!(matches!(outcome, Err(DbError::Stale)), "{outcome:?}");
    assert_eq!(doctors(&db).await, 0);
    assert!(hook.after.lock().unwrap().is_empty());
}

async fn write_due(db: &TenantDb) -> Result<u64, DbError> {
    db.write(async |tx| {
        tx.note_due(Timestamp::from_micros(1));
        tx.execute(
            sql!("INSERT INTO doctors (id, on_call) VALUES (1, true)"),
            &args![],
        )
        .await
    })
    .await
}

async fn doctors(db: &TenantDb) -> i64 {
    db.read(async |tx| tx.one(sql!("SELECT count(*) FROM doctors"), &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"))
}

/// Whether control has the hint is unknown; that the tenant's write did not happen is not.
async fn an_unknown_hint_is_a_known_rollback(room: Room) {
    let dbs = room.open().await;
    let _hook = hints(&dbs, Some(DbError::CommitUnknown("lost".to_owned())));
    let db = tenant(&dbs).await;
    let outcome = write_due(&db).await;
    assert!(
        matches!(&outcome, Err(DbError::Unavailable(why)) if why.contains("lost")),
        "{outcome:?}"
    );
    assert_eq!(doctors(&db).await, 0);
}

async fn work_due_needs_a_hook(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let outcome = write_due(&db).await;
    assert!(
        matches!(&outcome, Err(DbError::Config(why)) if why.contains("hook")),
        "{outcome:?}"
    );
    assert_eq!(doctors(&db).await, 0);
    let _hook = hints(&dbs, None);
    write_due(&db).await.unwrap();
    assert_eq!(doctors(&db).await, 1);
}

async fn nothing_is_written_after_the_close(room: Room) {
    let dbs = room.open().await;
    let _hook = hints(&dbs, None);
    let db = tenant(&dbs).await;
    let control = dbs.control.clone();
    dbs.close().await.unwrap();
    let outcome = write_due(&db).await;
    assert!(
        matches!(outcome, Err(DbError::Unavailable(_))),
        "{outcome:?}"
    );
    let plain = control
        .write(async |tx| {
            tx.execute(
                sql!("INSERT INTO notes (id, body) VALUES (1, '')"),
                &args![],
            )
            .await
        })
        .await;
    assert!(matches!(plain, Err(DbError::Unavailable(_))), "{plain:?}");
}

/// More tenants write at once than there are writer threads or connections; each waits for control
/// while it holds its own.
async fn many_tenants_do_not_wait_forever(room: Room) {
    let dbs = room.open().await;
    let _hook = hints(&dbs, None);
    let mut tenants = Vec::new();
    for _ in 0..8 {
        tenants.push(tenant(&dbs).await);
    }
    let tasks: Vec<_> = tenants
        .into_iter()
        .enumerate()
        .map(|(number, db)| {
            tokio::spawn(async move {
                for id in 0..5_i64 {
                    let due = Timestamp::from_micros(id * 100 + i64::try_from(number).unwrap());
                    db.write(async move |tx| {
                        tx.note_due(due);
                        tx.execute(
                            sql!("INSERT INTO doctors (id, on_call) VALUES ($1, true)"),
                            &args![id],
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
    let (count,): (i64,) = dbs
        .control
        .read(async |tx| tx.one(sql!("SELECT count(*) FROM notes"), &args![]).await)
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(count, 40);
}
