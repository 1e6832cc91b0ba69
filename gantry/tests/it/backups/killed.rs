//! The server is killed in the middle of what an operator asked for, and goes on with it when it is back.

use gantry_testkit::{Client, Owner, SmtpSim, both_engines, eventually};
use serde_json::{Value, json};

use super::{PATIENCE, WORK, branch, branches, operator, over, server};
use crate::cli::beside;

async fn work(operator: &Client, id: &str) -> Value {
    let path = format!("/api/v1/admin/backup-works/{id}");
    operator.get(&path).await.expect(200).value()
}

async fn ended(operator: &Client, id: &str) -> Value {
    eventually("the end of the work", WORK, async || {
        let work = work(operator, id).await;
        if work["ended_at"].is_null() {
            Err(work.to_string())
        } else {
            Ok(work)
        }
    })
    .await
}

both_engines! {
    async fn a_server_that_was_killed_goes_on_with_the_backup_and_with_the_restore(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = server(engine, &mail).await;
        let north = Owner::ready(&server.client(), &mail, "north").await;
        branch(&north, "ONE").await;
        let asking = operator(&server).await;
        let asked = asking.post("/api/v1/admin/backups").await.expect(202).text_at("/id");
        eventually("the first step", PATIENCE, async || {
            let work = work(&asking, &asked).await;
            if work["state"] == json!("queued") { Err(work.to_string()) } else { Ok(()) }
        })
        .await;
        server.kill9();
        server.restart().await;
        // The server is at another address; the sessions are still good.
        let token = |client: &Client| client.bearer().unwrap();
        let again = server.client().with_bearer(token(&asking));
        let taken = ended(&again, &asked).await;
        assert_eq!((&taken["state"], &taken["error"]), (&json!("done"), &Value::Null), "{taken}");
        let folder = server.databases().folder().join("backups");
        let names = std::fs::read_dir(&folder).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().contains(".part")), "{names:?}");
        beside(&server, &["backup", "verify"]).ends(0);

        let mut north = north;
        north.client = server.client().with_bearer(token(&north.client));
        branch(&north, "TWO").await;
        let restores = format!("/api/v1/admin/backups/{}/restores", taken["backup"].as_str().unwrap());
        let body = json!({"tenant": north.tenant, "reason": "to see it go on"});
        let asked = again.post(&restores).json(&body).await.expect(202).text_at("/id");
        server.kill9();
        server.restart().await;
        let again = server.client().with_bearer(token(&again));
        let restored = ended(&again, &asked).await;
        assert_eq!(restored["state"], json!("done"), "{restored}");
        // Put in place once, however often it was tried.
        assert_eq!(restored["restored"]["incarnation"], json!(2), "{restored}");
        north.client = server.client().with_bearer(token(&north.client));
        eventually("the new life", PATIENCE, async || {
            let answer = north.client.get(&north.path("/spaces/branches")).await;
            if answer.status() == 503 { Err(answer.text()) } else { Ok(()) }
        })
        .await;
        assert_eq!(branches(&north).await, 1);
        let taken = over(&again, again.post("/api/v1/admin/backups").await).await;
        assert_eq!(taken["state"], json!("done"), "{taken}");
        server.stop().await;
    }
}
