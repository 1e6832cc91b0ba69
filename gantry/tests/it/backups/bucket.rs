//! A server that keeps its backups in a bucket only, from the first to coming back elsewhere.

use gantry_testkit::{Engine, Owner, S3Peer, ServerOptions, SmtpSim};
use serde_json::{Value, json};

use super::everything::restoring;
use super::{branch, branches, operator, over};
use crate::cli::{Said, beside};

fn settings(peer: &S3Peer) -> [(&'static str, String); 5] {
    [
        ("GANTRY_BACKUP__S3__BUCKET", peer.bucket.clone()),
        ("GANTRY_BACKUP__S3__PREFIX", "north".to_owned()),
        ("GANTRY_BACKUP__S3__ENDPOINT", peer.endpoint.clone()),
        ("GANTRY_BACKUP__S3__ACCESS_KEY_ID", peer.id.clone()),
        ("GANTRY_BACKUP__S3__SECRET_ACCESS_KEY", peer.secret.clone()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_takes_backups_of_a_server_that_is_killed_and_gives_everything_back() {
    let (mail, peer) = (SmtpSim::start().await, S3Peer::start());
    let mut options = ServerOptions::new(Engine::Sqlite)
        .mail(&mail)
        .env("GANTRY_HTTP__LIMITS__OFF", "true");
    let key = options.databases().folder().join("backup.key");
    options = options.env("GANTRY_BACKUP__KEY_FILE", key.to_str().unwrap());
    for (name, value) in settings(&peer) {
        options = options.env(name, &value);
    }
    let mut server = options.start().await;
    let north = Owner::ready(&server.client(), &mail, "north").await;
    branch(&north, "ONE").await;
    let asking = operator(&server).await;
    let status = asking
        .get("/api/v1/admin/backup-status")
        .await
        .expect(200)
        .value();
    assert_eq!(status["stores"], json!(["s3"]), "{status}");
    let printed = beside(&server, &["config", "print"]).ends(0).out;
    assert!(
        !printed.contains(&peer.secret) && !printed.contains(&peer.id),
        "{printed}"
    );

    asking
        .post("/api/v1/admin/backups")
        .await
        .expect(202)
        .done();
    server.kill9();
    server.restart().await;
    let again = server.client().with_bearer(asking.bearer().unwrap());
    let works = again
        .get("/api/v1/admin/backup-works")
        .await
        .expect(200)
        .value();
    let id = works["items"][0]["id"].as_str().unwrap().to_owned();
    let taken = gantry_testkit::eventually("the backup", super::WORK, async || {
        let path = format!("/api/v1/admin/backup-works/{id}");
        let work = again.get(&path).await.expect(200).value();
        if work["ended_at"].is_null() {
            Err(work.to_string())
        } else {
            Ok(work)
        }
    })
    .await;
    assert_eq!(
        (&taken["state"], &taken["error"]),
        (&json!("done"), &Value::Null),
        "{taken}"
    );
    let taken = over(&again, again.post("/api/v1/admin/backups").await).await;
    assert_eq!(taken["state"], json!("done"), "{taken}");
    let objects = peer.objects();
    assert_eq!(
        (objects.len() % 3, peer.uploads().len()),
        (0, 0),
        "{objects:?}"
    );
    let said = beside(&server, &["doctor"]).out;
    assert!(
        said.contains("ok    backup stores: s3://backups/north can be used"),
        "{said}"
    );
    server.stop().await;

    let elsewhere = ServerOptions::new(Engine::Sqlite).mail(&mail);
    let nowhere = elsewhere.databases().folder().join("none");
    let mut restore = restoring(elsewhere.databases(), &nowhere, &["restore", "--all"]);
    restore
        .env_remove("GANTRY_BACKUP__DIRECTORY")
        .env("GANTRY_BACKUP__KEY_FILE", &key)
        .envs(settings(&peer));
    Said::from(restore.output().unwrap()).ends(0);
    let mut server = elsewhere.start().await;
    let mut north = Owner::new(&server.client(), "north");
    north.log_in().await;
    assert_eq!(branches(&north).await, 1);
    server.stop().await;
}
