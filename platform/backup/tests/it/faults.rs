//! What is damaged, locked, cut off or in the way.

use std::time::Duration;

use gantry_backup::{AgeError, BackupError, Cause, Identity, State, Verified};
use gantry_testkit::{both_engines, eventually};

use crate::support::World;

fn unfinished(name: &str) -> bool {
    name.contains(".part")
}

const PATIENCE: Duration = Duration::from_secs(30);

both_engines! {
    async fn a_flipped_bit_is_found_in_its_file_and_only_there(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one", 40).await;
        let backups = world.backups();
        let name = backups.run(Cause::Command).await.unwrap().name;
        let folder = world.folder().join(&name);
        let file = folder.join(format!("{}.copy.zst.age", tenant.id()));
        let whole = std::fs::read(&file).unwrap();
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        std::fs::write(&file, &damaged).unwrap();
        let Verified { checked, .. } = backups.verify(Some(&name)).await.unwrap();
        for one in &checked {
            let hit = one.place == tenant.id().to_string();
            assert_eq!(one.outcome.is_err(), hit, "{one:?}");
        }
        // Somebody who also writes the hash into the manifest still has no key to seal with.
        let manifest = folder.join("manifest.json");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let hash = |bytes: &[u8]| gantry_kernel::crypto::sha256_hex(bytes);
        let forged = text.replace(&hash(&whole), &hash(&damaged));
        assert_ne!(text, forged);
        std::fs::write(&manifest, forged).unwrap();
        let Verified { checked, .. } = backups.verify(Some(&name)).await.unwrap();
        let found = checked.iter().find(|one| one.outcome.is_err()).unwrap();
        let said = found.outcome.as_ref().unwrap_err().to_string();
        assert!(said.contains("damaged"), "{said}");
        let refused = backups
            .restore(tenant.id(), Some(&name), gantry_kernel::Actor::Rescue)
            .await;
        assert!(refused.is_err());
    }

    async fn without_its_key_a_backup_is_refused_in_words(engine: Engine) {
        let world = World::new(engine).await;
        let backups = world.backups();
        let name = backups.run(Cause::Command).await.unwrap().name;
        let key = world.config.key_file.clone().unwrap();
        let right = std::fs::read_to_string(&key).unwrap();
        std::fs::remove_file(&key).unwrap();
        let refused = backups.verify(Some(&name)).await;
        let Err(error @ BackupError::NoKey(_)) = &refused else {
            panic!("{refused:?}");
        };
        assert!(error.to_string().contains("put it back at"), "{error}");
        let other = Identity::new(&world.kernel).unwrap();
        std::fs::write(&key, other.to_text().expose()).unwrap();
        let Verified { checked, .. } = backups.verify(Some(&name)).await.unwrap();
        for one in checked {
            let Err(BackupError::Sealed { source: AgeError::WrongKey, .. }) = one.outcome else {
                panic!("{one:?}");
            };
        }
        std::fs::write(&key, right).unwrap();
        let Verified { checked, .. } = backups.verify(Some(&name)).await.unwrap();
        assert!(checked.iter().all(|one| one.outcome.is_ok()));
    }

    async fn cut_off_anywhere_it_leaves_no_half_backup_and_the_next_one_succeeds(engine: Engine) {
        let world = World::new(engine).await;
        world.tenant("one", 2).await;
        let backups = world.backups();
        for moment in [0, 5, 20, 60, 150] {
            let run = backups.run(Cause::Schedule);
            drop(tokio::time::timeout(Duration::from_millis(moment), run).await);
            world.clock.advance(Duration::from_secs(1));
        }
        for name in world.names() {
            if unfinished(&name) {
                continue;
            }
            let Verified { manifest, checked, .. } = backups.verify(Some(&name)).await.unwrap();
            assert_eq!(manifest.entries.len(), 2);
            assert!(checked.iter().all(|one| one.outcome.is_ok()), "{checked:?}");
        }
        // As a process leaves it that was killed while it wrote.
        let half = world.folder().join("20261121T120000Z-0a.part");
        std::fs::create_dir_all(&half).unwrap();
        std::fs::write(half.join("control.copy.zst.age"), b"age-encryption.org/v1\n").unwrap();
        // A run that was dropped gives the store back when its last file work is over.
        let backup = eventually("the store to be free", PATIENCE, async || {
            match backups.run(Cause::Command).await {
                Err(error @ BackupError::Busy(_)) => Err(error.to_string()),
                other => Ok(other.unwrap()),
            }
        })
        .await;
        assert_eq!(backup.state, State::Done, "{backup:?}");
        assert!(!world.names().iter().any(|name| unfinished(name)), "{:?}", world.names());
        let running = backups.list(50).await.unwrap();
        assert!(running.iter().all(|backup| backup.state != State::Running), "{running:?}");
    }

    async fn two_at_once_do_not_meet(engine: Engine) {
        let world = World::new(engine).await;
        world.tenant("one", 2).await;
        let (one, two) = (world.backups(), world.backups());
        let (one, two) = tokio::join!(one.run(Cause::Command), two.run(Cause::Schedule));
        let refused = [&one, &two]
            .iter()
            .filter(|outcome| matches!(outcome, Err(BackupError::Busy(_))))
            .count();
        assert_eq!(refused, 1, "{one:?} {two:?}");
        assert!(one.or(two).unwrap().state == State::Done);
    }
}
