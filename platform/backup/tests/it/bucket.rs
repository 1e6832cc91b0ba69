//! Backups in a bucket, by a server of others that checks every signature.

use std::time::Duration;

use gantry_backup::{
    BackupError, BucketFault, Cause, CopyState, S3Config, State, StoreKind, Verified,
};
use gantry_db::{args, sql};
use gantry_kernel::{Actor, Secret};
use gantry_testkit::{Engine, S3Peer, both_engines};

use crate::support::{World, notes, write};

const PREFIX: &str = "gantry/tests";

fn settings(peer: &S3Peer) -> S3Config {
    S3Config {
        bucket: Some(peer.bucket.clone()),
        prefix: PREFIX.to_owned(),
        endpoint: Some(peer.endpoint.clone()),
        access_key_id: Secret::new(peer.id.clone()),
        secret_access_key: Secret::new(peer.secret.clone()),
        ..S3Config::default()
    }
}

/// A world whose backups are taken in a bucket.
async fn alone(engine: Engine, peer: &S3Peer) -> World {
    let mut world = World::new(engine).await;
    world.config.directory = None;
    world.config.second_directory = None;
    world.config.s3 = settings(peer);
    world
}

fn fault(error: &BackupError) -> &BucketFault {
    match error {
        BackupError::Bucket { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

/// A tenant whose file is longer than what goes in one piece.
async fn large(world: &World) -> gantry_db::TenantDb {
    use base64::Engine as _;
    let db = world.tenant("large", 1).await;
    for row in 0..14 {
        let mut noise = vec![0; 1 << 20];
        world.kernel.entropy.fill(&mut noise);
        let body = base64::engine::general_purpose::STANDARD.encode(noise);
        db.write(async move |tx| {
            tx.execute(
                sql!("insert into notes (id, body) values ($1, $2)"),
                &args![1_000 + row, body],
            )
            .await
        })
        .await
        .unwrap();
    }
    db
}

fn staged(world: &World) -> Vec<String> {
    let folder = world.place.config().data_dir.join("backup-staging");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

both_engines! {
    async fn a_bucket_alone_is_enough(engine: Engine) {
        let peer = S3Peer::start();
        let mut world = alone(engine, &peer).await;
        let one = world.tenant("one", 3).await;
        world.tenant("two", 1).await;
        let backups = world.backups();
        let backup = backups.run(Cause::Command).await.unwrap();
        assert_eq!((backup.state, backup.proven, backup.copied_at), (State::Done, 3, None), "{backup:?}");
        let objects = peer.objects();
        let folder = format!("{PREFIX}/{}/", backup.name);
        assert_eq!(objects.len(), 4, "three databases and the manifest: {objects:?}");
        assert!(objects.keys().all(|name| name.starts_with(&folder)), "{objects:?}");
        assert_eq!(staged(&world), ["gantry-backup.lock"]);
        let found = backups.verify(None).await.unwrap();
        assert!(found.checked.iter().all(|one| one.outcome.is_ok()), "{found:?}");

        for row in 10..20 {
            write(&one, row).await;
        }
        let id = one.id();
        drop(one);
        let done = backups.restore(id, Some(&backup.name), Actor::Rescue).await.unwrap();
        assert_eq!(done.incarnation, 2);
        assert_eq!(notes(&world.databases.tenants.get(id).await.unwrap()).await, 3);

        // A bit that flipped there is found, in its file alone.
        peer.flip(&format!("{folder}{id}.copy.zst.age"));
        let Verified { checked, .. } = backups.verify(Some(&backup.name)).await.unwrap();
        for one in checked {
            let hit = one.place == id.to_string();
            assert_eq!(matches!(one.outcome, Err(BackupError::Damaged { .. })), hit, "{one:?}");
        }

        // Retention deletes there.
        (world.config.daily, world.config.weekly, world.config.monthly) = (1, 0, 0);
        world.clock.advance(Duration::from_hours(24));
        let next = world.backups().run(Cause::Schedule).await.unwrap();
        assert_eq!(next.state, State::Done, "{next:?}");
        let folder = format!("{PREFIX}/{}/", next.name);
        assert!(peer.objects().keys().all(|name| name.starts_with(&folder)), "{:?}", peer.objects());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_and_a_bucket_hold_the_same_and_the_copy_is_looked_at() {
    let peer = S3Peer::start();
    let mut world = World::new(Engine::Sqlite).await;
    world.config.s3 = settings(&peer);
    let tenant = world.tenant("one", 3).await;
    let backups = world.backups();
    let backup = backups.run(Cause::Command).await.unwrap();
    assert_eq!(backup.state, State::Done, "{backup:?}");
    assert!(backup.copied_at.is_some());
    for (name, length) in peer.objects() {
        let file = name.strip_prefix("gantry/tests/").unwrap();
        let file = std::fs::metadata(world.folder().join(file)).unwrap();
        assert_eq!(file.len(), length, "{name}");
    }
    let seen = async || {
        let copies = backups.copies_of(&[backup.id]).await.unwrap();
        copies
            .into_iter()
            .map(|copy| (copy.store, copy.state, copy.error.is_some()))
            .collect::<Vec<_>>()
    };
    let whole = |store| (store, CopyState::Whole, false);
    let both = [whole(StoreKind::S3), whole(StoreKind::SecondDirectory)];
    assert_eq!(seen().await, both);

    let key = format!("{PREFIX}/{}/{}.copy.zst.age", backup.name, tenant.id());
    peer.flip(&key);
    let found = backups.verify(Some(&backup.name)).await.unwrap();
    assert!(
        found.checked.iter().all(|one| one.outcome.is_ok()),
        "{found:?}"
    );
    let bad: Vec<_> = found
        .copies
        .iter()
        .filter(|(_, outcome)| outcome.is_err())
        .map(|(store, _)| *store)
        .collect();
    assert_eq!(bad, [StoreKind::S3]);
    let expected = [
        (StoreKind::S3, CopyState::Failed, true),
        whole(StoreKind::SecondDirectory),
    ];
    assert_eq!(seen().await, expected);
    let state = backups.list(1).await.unwrap()[0].state;
    assert_eq!(state, State::Partial);
    peer.flip(&key);
    backups.verify(Some(&backup.name)).await.unwrap();
    assert_eq!(seen().await, both);
    assert_eq!(backups.list(1).await.unwrap()[0].state, State::Done);

    // With both folders lost it comes from the bucket.
    std::fs::remove_dir_all(world.folder()).unwrap();
    std::fs::remove_dir_all(world.config.second_directory.as_ref().unwrap()).unwrap();
    write(&tenant, 50).await;
    let id = tenant.id();
    drop(tenant);
    let done = backups.restore(id, None, Actor::Rescue).await.unwrap();
    assert_eq!((done.backup, done.rows), (backup.name, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_while_a_large_file_goes_in_parts_nothing_half_is_listed_and_nothing_stays() {
    let peer = S3Peer::start();
    let world = alone(Engine::Sqlite, &peer).await;
    large(&world).await;
    let backups = world.backups();
    for moment in [0, 300, 700, 1_200, 2_000] {
        let run = backups.run(Cause::Schedule);
        drop(tokio::time::timeout(Duration::from_millis(moment), run).await);
        world.clock.advance(Duration::from_secs(1));
        let listed = backups.verify(None).await;
        match listed {
            Err(BackupError::Unknown(_)) => {}
            Ok(found) => assert!(found.checked.iter().all(|one| one.outcome.is_ok())),
            Err(error) => panic!("{error}"),
        }
    }
    // As a process leaves them that was killed between two parts; the second is somebody else's.
    peer.begin_upload(&format!(
        "{PREFIX}/20261121T120000Z-0a/control.copy.zst.age"
    ));
    peer.begin_upload("elsewhere/20261121T120000Z-0a/control.copy.zst.age");
    let backup =
        gantry_testkit::eventually("its turn", Duration::from_secs(30), async || match backups
            .run(Cause::Command)
            .await
        {
            Err(error @ BackupError::Busy(_)) => Err(error.to_string()),
            other => Ok(other.unwrap()),
        })
        .await;
    assert_eq!(
        (backup.state, backup.proven),
        (State::Done, 2),
        "{backup:?}"
    );
    let large = peer.objects().values().any(|length| *length > 8 << 20);
    assert!(large, "{:?}", peer.objects());
    assert_eq!(
        peer.uploads(),
        ["elsewhere/20261121T120000Z-0a/control.copy.zst.age"]
    );
    let manifests = |names: &std::collections::BTreeMap<String, u64>| {
        names
            .keys()
            .filter(|name| name.ends_with("/manifest.json"))
            .count()
    };
    let objects = peer.objects();
    assert_eq!(objects.len(), 3 * manifests(&objects), "{objects:?}");
    assert_eq!(staged(&world), ["gantry-backup.lock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_bucket_is_said() {
    let peer = S3Peer::start();
    let mut world = alone(Engine::Sqlite, &peer).await;
    let good = settings(&peer);
    let cases: [(S3Config, BucketFault); 3] = [
        (
            S3Config {
                access_key_id: Secret::new("AKIAIOSFODNN7EXAMPLE".to_owned()),
                ..good.clone()
            },
            BucketFault::UnknownKey,
        ),
        (
            S3Config {
                secret_access_key: Secret::new("another".to_owned()),
                ..good.clone()
            },
            BucketFault::WrongSecret,
        ),
        (
            S3Config {
                bucket: Some("elsewhere".to_owned()),
                ..good.clone()
            },
            BucketFault::NoBucket,
        ),
    ];
    for (config, expected) in cases {
        world.config.s3 = config;
        let error = world.backups().run(Cause::Command).await.unwrap_err();
        assert_eq!(*fault(&error), expected, "{error}");
        let noted = world.backups().list(1).await.unwrap().remove(0);
        assert_eq!(
            (noted.state, noted.error),
            (State::Failed, Some(error.to_string()))
        );
    }
    world.config.s3 = S3Config {
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        ..good.clone()
    };
    let error = world.backups().run(Cause::Command).await.unwrap_err();
    let BucketFault::Unreachable(why) = fault(&error) else {
        panic!("{error}");
    };
    assert!(why.contains("cannot connect"), "{why}");

    // As the place of a copy it does not stop the backup, which says so.
    world.config.directory = Some(world.place.folder().join("backups"));
    world.config.s3 = good;
    peer.forbid_writing();
    let backup = world.backups().run(Cause::Command).await.unwrap();
    assert_eq!(
        (backup.state, backup.proven, backup.copied_at),
        (State::Partial, 1, None)
    );
    let copy = world
        .backups()
        .copies_of(&[backup.id])
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (copy.store, copy.state, copy.whole_at),
        (StoreKind::S3, CopyState::Failed, None)
    );
    let said = copy.error.unwrap();
    assert!(
        said.contains("s3://backups/gantry/tests: the access key may not do this"),
        "{said}"
    );
    let probed = world.backups().probe().await.unwrap();
    assert_eq!(
        *fault(probed[1].1.as_ref().unwrap_err()),
        BucketFault::Denied
    );
    assert_eq!(peer.objects().len(), 0);
}
