//! One tenant among others, taken back.

use gantry_backup::{BackupError, Cause};
use gantry_db::{args, directory, sql};
use gantry_kernel::{Actor, TenantId};
use gantry_testkit::{TestDatabases, both_engines};

use crate::support::{World, content, notes, write};

both_engines! {
    async fn one_tenant_is_taken_back_and_nobody_else_is_touched(engine: Engine) {
        let world = World::new(engine).await;
        let mut tenants = Vec::new();
        for slug in ["one", "two", "three"] {
            tenants.push(world.tenant(slug, 4).await);
        }
        let two = tenants[1].clone();
        // A mail that waits, with the job that would send it, as put_mail leaves them.
        two.write(async |tx| {
            tx.execute(
                sql!(
                    "insert into outbox (id, channel, template, recipient, params, state, attempts,
                         created_at, updated_at)
                     values ('m', 'mail', 't', 'ada@example.com', '{}', 'queued', 0, 1, 1)"
                ),
                &args![],
            )
            .await?;
            tx.execute(
                sql!(
                    "insert into jobs (id, kind, payload, state, due_at, again, attempts, created_at,
                         updated_at)
                     values ('j', 'mail.deliver', '{}', 'queued', 1, false, 0, 1, 1),
                            ('k', 'other.work', '{}', 'queued', 1, false, 0, 1, 1)"
                ),
                &args![],
            )
            .await
        })
        .await
        .unwrap();
        let backups = world.backups();
        let backup = backups.run(Cause::Command).await.unwrap();
        for db in &tenants {
            write(db, 100).await;
        }
        let (before, files) = (
            [content(&tenants[0]).await, content(&tenants[2]).await],
            others(&world.place, two.id()),
        );

        let done = backups.restore(two.id(), None, Actor::Rescue).await.unwrap();
        assert_eq!((done.backup, done.incarnation, done.held), (backup.name, 2, 1));
        let now = world.databases.tenants.get(two.id()).await.unwrap();
        assert_eq!(notes(&now).await, 4, "the fifth came after the backup");
        let after = [content(&tenants[0]).await, content(&tenants[2]).await];
        assert_eq!(after, before);
        assert_eq!(others(&world.place, two.id()), files, "byte for byte");
        let left: (i64, String, String) = now
            .read(async |tx| {
                tx.one(
                    sql!(
                        "select (select count(*) from outbox where state = 'held'),
                                (select last_error from outbox),
                                (select kind from jobs)"
                    ),
                    &args![],
                )
                .await
            })
            .await
            .unwrap_or_else(|error: gantry_db::DbError| panic!("{error}"));
        assert_eq!((left.0, left.2.as_str()), (1, "other.work"));
        assert!(left.1.contains("restored"), "{}", left.1);
        let rows = world
            .databases
            .control
            .read(async |tx| {
                let filter = gantry_audit::Filter { tenant: Some(two.id()), ..Default::default() };
                gantry_audit::list(tx, &filter, None, 10).await
            })
            .await
            .unwrap();
        assert!(rows.iter().any(|row| row.action == "backup.tenant.restored"));

        // And again, from the same backup, after it was written to.
        write(&now, 200).await;
        drop((now, two));
        let id = tenants.remove(1).id();
        let done = backups.restore(id, Some(&done_name(&backups).await), Actor::Rescue).await.unwrap();
        assert_eq!(done.incarnation, 3);
        assert_eq!(notes(&world.databases.tenants.get(id).await.unwrap()).await, 4);
    }

    async fn what_is_not_in_a_backup_is_not_restored(engine: Engine) {
        let world = World::new(engine).await;
        let backups = world.backups();
        let unknown = backups.verify(Some("20200101T000000Z-ab")).await;
        assert!(matches!(unknown, Err(BackupError::Unknown(_))), "{unknown:?}");
        assert!(matches!(backups.verify(None).await, Err(BackupError::Unknown(_))));
        backups.run(Cause::Command).await.unwrap();
        let later = world.tenant("later", 1).await;
        let refused = backups.restore(later.id(), None, Actor::Rescue).await;
        assert!(matches!(refused, Err(BackupError::NotIn { .. })), "{refused:?}");
        let id = later.id();
        let untouched = world
            .databases
            .control
            .read(async move |tx| directory::by_id(tx, id).await)
            .await
            .unwrap();
        assert_eq!(untouched.unwrap().incarnation, 1);
    }
}

both_engines! {
    async fn whoever_still_holds_the_former_database_is_refused_and_not_left_behind(engine: Engine) {
        let world = World::new(engine).await;
        let held = world.tenant("one", 2).await;
        let backups = world.backups();
        backups.run(Cause::Command).await.unwrap();
        write(&held, 10).await;
        backups.restore(held.id(), None, Actor::Rescue).await.unwrap();
        let late = held
            .write(async |tx| {
                tx.execute(
                    sql!("insert into notes (id, body) values (99, 'late')"),
                    &args![],
                )
                .await
            })
            .await;
        let refused = late.unwrap_err();
        assert!(refused.is_transient(), "{refused:?}");
        let now = world.databases.tenants.get(held.id()).await.unwrap();
        assert_eq!(notes(&now).await, 2);
        write(&now, 99).await;
        assert_eq!(notes(&now).await, 3);
    }
}

async fn done_name(backups: &gantry_backup::Backups) -> String {
    backups.list(1).await.unwrap()[0].name.clone()
}

/// The files of the other tenants with their contents; nothing on PostgreSQL, where there are none.
fn others(place: &TestDatabases, restored: TenantId) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![place.config().data_dir.join("tenants")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if !name.contains(&restored.to_string()) && !name.ends_with("-shm") {
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}
