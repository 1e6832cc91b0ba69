//! Provisioning, opening and closing tenants' databases.

use gantry_db::{DbError, args, directory, sql};
use gantry_kernel::{Kernel, TenantId};

use crate::both;
use crate::support::{Room, SCHEMA, listed, tenant};

both!(
    provisioning_is_idempotent,
    twenty_at_once,
    an_abandoned_attempt_is_not_in_the_way,
    unknown_and_unprovisioned_tenants_are_missing,
    idle_ones_are_closed_and_opened_again,
    another_incarnation_is_not_served,
);

async fn provisioning_is_idempotent(room: Room) {
    let dbs = room.open().await;
    let id = listed(&dbs, "acme").await;
    let db = dbs.tenants.provision(id).await.unwrap();
    db.write(async |tx| {
        tx.execute(
            sql!("INSERT INTO accounts (id, owner, balance) VALUES (1, 'a', 1)"),
            &args![],
        )
        .await
    })
    .await
    .unwrap();
    let again = dbs.tenants.provision(id).await.unwrap();
    let (owner, slug, incarnation, kept): (TenantId, String, i64, i64) = again
        .read(async |tx| {
            tx.one(
                sql!(
                    "SELECT tenant_id, slug, incarnation, (SELECT count(*) FROM accounts) FROM _meta"
                ),
                &args![],
            )
            .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(
        (owner, slug.as_str(), incarnation, kept),
        (id, "acme", 1, 1)
    );
    // A program that stopped after the database was made and before control knew, beside a newer
    // one.
    dbs.control
        .write(async move |tx| {
            tx.execute(
                sql!("UPDATE tenants SET database = '', schema_version = 99 WHERE id = $1"),
                &args![id],
            )
            .await
        })
        .await
        .unwrap();
    drop((db, again));
    dbs.tenants.close(id);
    assert!(matches!(
        dbs.tenants.get(id).await,
        Err(DbError::TenantMissing(_))
    ));
    dbs.tenants.provision(id).await.unwrap();
    dbs.tenants.get(id).await.unwrap();
    let known = dbs
        .control
        .read(async |tx| directory::by_id(tx, id).await)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.schema_version, 99, "the newer program's number stays");
}

/// The process dies while the server, or a thread, still makes the database; the next process begins
/// at once and must end with the one whole database.
async fn an_abandoned_attempt_is_not_in_the_way(room: Room) {
    for moment in 0..6 {
        let dying = room.open().await;
        let id = listed(&dying, &format!("tenant-{moment}")).await;
        let cut = std::time::Duration::from_millis(moment * 10);
        drop(tokio::time::timeout(cut, dying.tenants.provision(id)).await);
        drop(dying);
        let dbs = room.open().await;
        let db = dbs.tenants.provision(id).await.unwrap();
        db.write(async |tx| {
            tx.execute(
                sql!("INSERT INTO accounts (id, owner, balance) VALUES (1, 'a', 1)"),
                &args![],
            )
            .await
        })
        .await
        .unwrap();
        drop(db);
        dbs.tenants.close(id);
        // Nothing that comes late takes the place of what is used by now.
        let db = dbs.tenants.provision(id).await.unwrap();
        let kept: i64 = db
            .read(async |tx| {
                tx.one(sql!("SELECT count(*) FROM accounts"), &args![])
                    .await
            })
            .await
            .unwrap_or_else(|e: DbError| panic!("{e}"));
        assert_eq!(kept, 1, "cut off after {cut:?}");
    }
}

async fn twenty_at_once(room: Room) {
    let dbs = room.open().await;
    let mut tasks = Vec::new();
    for number in 0..20_i64 {
        let id = listed(&dbs, &format!("tenant-{number}")).await;
        let dbs = dbs.clone();
        tasks.push(tokio::spawn(async move {
            let db = dbs.tenants.provision(id).await?;
            db.write(async move |tx| {
                tx.execute(
                    sql!("INSERT INTO accounts (id, owner, balance) VALUES ($1, 'a', 1)"),
                    &args![number],
                )
                .await
            })
            .await?;
            let (mine,): (i64,) = db
                .read(async |tx| tx.one(sql!("SELECT id FROM accounts"), &args![]).await)
                .await?;
            assert_eq!(number, mine);
            Ok::<_, DbError>(())
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(dbs.tenants.open_count(), 20);
}

async fn unknown_and_unprovisioned_tenants_are_missing(room: Room) {
    let dbs = room.open().await;
    let unknown: TenantId = Kernel::system().id();
    let outcome = dbs.tenants.get(unknown).await;
    assert!(
        matches!(outcome, Err(DbError::TenantMissing(id)) if id == unknown),
        "{outcome:?}"
    );
    let outcome = dbs.tenants.provision(unknown).await;
    assert!(
        matches!(outcome, Err(DbError::TenantMissing(_))),
        "{outcome:?}"
    );
    let id = listed(&dbs, "acme").await;
    let outcome = dbs.tenants.get(id).await;
    assert!(
        matches!(outcome, Err(DbError::TenantMissing(_))),
        "{outcome:?}"
    );
    assert_eq!(dbs.tenants.open_count(), 0);
}

async fn idle_ones_are_closed_and_opened_again(room: Room) {
    let mut config = room.config();
    config.max_open_tenants = Some(2);
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let first = tenant(&dbs).await;
    let second = tenant(&dbs).await;
    let third = listed(&dbs, "third").await;
    let refused = dbs.tenants.provision(third).await;
    assert!(
        matches!(refused, Err(DbError::Overloaded(_))),
        "both are in use: {refused:?}"
    );
    let second_id = second.id();
    drop(second);
    dbs.tenants.provision(third).await.unwrap();
    assert_eq!(dbs.tenants.open_count(), 2);
    let again = dbs.tenants.get(second_id).await.unwrap();
    for db in [&first, &again] {
        db.write(async |tx| {
            tx.execute(
                sql!("INSERT INTO accounts (id, owner, balance) VALUES (1, 'a', 1)"),
                &args![],
            )
            .await
        })
        .await
        .unwrap();
    }
    assert_eq!(dbs.tenants.open_count(), 2);
}

async fn another_incarnation_is_not_served(room: Room) {
    let dbs = room.open().await;
    let id = tenant(&dbs).await.id();
    dbs.tenants.close(id);
    let next = dbs
        .control
        .write(async move |tx| directory::next_incarnation(tx, id).await)
        .await
        .unwrap();
    assert_eq!(next, 2);
    let outcome = dbs.tenants.get(id).await;
    assert!(
        matches!(&outcome, Err(DbError::Corrupt(why)) if why.contains("incarnation 1")),
        "{outcome:?}"
    );
}
