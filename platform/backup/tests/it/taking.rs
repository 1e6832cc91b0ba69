//! What a run leaves behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gantry_backup::{Cause, CopyState, State, Verified};
use gantry_db::{args, sql};
use gantry_testkit::both_engines;

use crate::support::{World, content, write};

both_engines! {
    async fn every_database_is_written_proven_and_copied(engine: Engine) {
        let world = World::new(engine).await;
        let one = world.tenant("one", 3).await;
        let two = world.tenant("two", 0).await;
        let backups = world.backups();
        let backup = backups.run(Cause::Command).await.unwrap();
        assert_eq!((backup.state, backup.cause), (State::Done, Cause::Command), "{backup:?}");
        assert_eq!((backup.places, backup.proven, backup.failed), (3, 3, 0));
        assert!(backup.name.starts_with("20261121T1430"), "{}", backup.name);
        assert!(backup.copied_at.is_some());
        assert_eq!(backups.list(10).await.unwrap(), std::slice::from_ref(&backup));

        let evidence = backups.evidence(backup.id).await.unwrap();
        let of = |place: String| evidence.iter().find(|one| one.place == place).unwrap().clone();
        assert_eq!(of(one.id().to_string()).row_count, 3);
        assert_eq!(of(one.id().to_string()).content, Some(content(&one).await));
        assert_eq!(of(two.id().to_string()).row_count, 0);
        assert!(evidence.iter().all(|one| one.proven_at.is_some() && one.restore_us.is_some()));
        assert_eq!(of("control".to_owned()).error, None);

        let key = std::fs::read_to_string(world.config.key_file.as_ref().unwrap()).unwrap();
        for folder in [&world.config.directory, &world.config.second_directory] {
            let folder = folder.as_ref().unwrap().join(&backup.name);
            let mut files = 0;
            for entry in std::fs::read_dir(&folder).unwrap() {
                let bytes = std::fs::read(entry.unwrap().path()).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains("a note") && !text.contains(key.lines().last().unwrap()));
                files += 1;
            }
            assert_eq!(files, 4, "three databases and the manifest");
        }
        // What is only in the second folder is found there.
        std::fs::remove_dir_all(world.folder()).unwrap();
        let Verified { manifest, checked, .. } = backups.verify(None).await.unwrap();
        assert_eq!((manifest.name, checked.len()), (backup.name, 3));
        assert!(checked.iter().all(|one| one.outcome.is_ok()), "{checked:?}");
    }

    async fn it_is_taken_and_proven_while_everybody_writes(engine: Engine) {
        let world = World::new(engine).await;
        let mut tenants = Vec::new();
        for number in 0..5 {
            tenants.push(world.tenant(&format!("busy-{number}"), 5).await);
        }
        let over = Arc::new(AtomicBool::new(false));
        let mut writers = Vec::new();
        for db in tenants.clone() {
            let over = Arc::clone(&over);
            writers.push(tokio::spawn(async move {
                let mut row = 5;
                while !over.load(Ordering::Relaxed) {
                    write(&db, row).await;
                    row += 1;
                    tokio::task::yield_now().await;
                }
                row
            }));
        }
        let backups = world.backups();
        let backup = backups.run(Cause::Schedule).await.unwrap();
        over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!((backup.state, backup.proven), (State::Done, 6), "{backup:?}");
        for one in backups.evidence(backup.id).await.unwrap() {
            assert!(one.place == "control" || one.row_count >= 5, "{one:?}");
        }
    }

    async fn a_tenant_that_cannot_be_copied_does_not_stop_the_others(engine: Engine) {
        let world = World::new(engine).await;
        let good = world.tenant("good", 1).await;
        let broken = world.tenant("broken", 1).await;
        broken
            .write(async |tx| {
                tx.execute(sql!("create table stray (id text primary key)"), &args![]).await
            })
            .await
            .unwrap();
        let backups = world.backups();
        let backup = backups.run(Cause::Command).await.unwrap();
        assert_eq!((backup.state, backup.proven, backup.failed), (State::Partial, 2, 1));
        let evidence = backups.evidence(backup.id).await.unwrap();
        let of = |id: gantry_kernel::TenantId| {
            let place = id.to_string();
            evidence.iter().find(|one| one.place == place).unwrap().error.clone()
        };
        assert_eq!(of(good.id()), None);
        assert!(of(broken.id()).unwrap().contains("stray"));
        let Verified { manifest, checked, .. } = backups.verify(Some(&backup.name)).await.unwrap();
        assert_eq!((manifest.missing.len(), checked.len()), (1, 2));
    }

    async fn old_backups_go_by_the_policy_and_the_list_says_so(engine: Engine) {
        let mut world = World::new(engine).await;
        (world.config.daily, world.config.weekly, world.config.monthly) = (2, 0, 0);
        let backups = world.backups();
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(backups.run(Cause::Schedule).await.unwrap().name);
            world.clock.advance(Duration::from_hours(24));
        }
        assert_eq!(world.names(), taken[2..]);
        let second = std::fs::read_dir(world.config.second_directory.as_ref().unwrap()).unwrap();
        assert_eq!(second.count(), 3, "two backups and the lock");
        let gone: Vec<bool> = backups
            .list(10)
            .await
            .unwrap()
            .iter()
            .map(|backup| backup.removed_at.is_some())
            .collect();
        assert_eq!(gone, [false, false, true, true], "newest first");
    }

    async fn a_copy_that_was_missed_is_made_up_for_by_the_next_backup(engine: Engine) {
        let world = World::new(engine).await;
        world.tenant("one", 3).await;
        let elsewhere = world.config.second_directory.clone().unwrap();
        // Where the folder should be is a file: a disk that is not mounted, say.
        std::fs::write(&elsewhere, "").unwrap();
        let missed = world.backups().run(Cause::Schedule).await.unwrap();
        assert_eq!((missed.state, missed.copied_at), (State::Partial, None));
        let copies = world.backups().copies_of(&[missed.id]).await.unwrap();
        assert_eq!(copies[0].state, CopyState::Failed);

        std::fs::remove_file(&elsewhere).unwrap();
        world.clock.advance(Duration::from_hours(24));
        let next = world.backups().run(Cause::Schedule).await.unwrap();
        assert_eq!(next.state, State::Done, "{next:?}");
        let listed = world.backups().list(2).await.unwrap();
        let states: Vec<_> = listed
            .iter()
            .map(|one| (one.id, one.state, one.copied_at.is_some()))
            .collect();
        let done = |id| (id, State::Done, true);
        assert_eq!(states, [done(next.id), done(missed.id)]);
        for backup in [&missed, &next] {
            let copies = world.backups().copies_of(&[backup.id]).await.unwrap();
            assert_eq!(copies[0].state, CopyState::Whole, "{copies:?}");
            let verified = world.backups().verify(Some(&backup.name)).await.unwrap();
            assert!(verified.copies.iter().all(|(_, outcome)| outcome.is_ok()));
            assert_eq!(verified.copies.len(), 1);
        }
    }
}
