//! `gantry backup` and `gantry restore`, beside a server and without one.

use std::time::Duration;

use gantry_testkit::{Engine, Owner, Server, ServerOptions, SmtpSim, both_engines, eventually};
use serde_json::json;

use super::beside;

const PATIENCE: Duration = Duration::from_secs(30);

async fn server(engine: Engine, mail: &SmtpSim) -> Server {
    let options = ServerOptions::new(engine).mail(mail);
    let folder = |name: &str| {
        let path = options.databases().folder().join(name);
        path.to_str().unwrap().to_owned()
    };
    let (directory, second, key) = (folder("backups"), folder("elsewhere"), folder("backup.key"));
    options
        .env("GANTRY_BACKUP__DIRECTORY", directory)
        .env("GANTRY_BACKUP__SECOND_DIRECTORY", second)
        .env("GANTRY_BACKUP__KEY_FILE", key)
        .start()
        .await
}

async fn branch(owner: &Owner, code: &str) {
    let path = format!("/api/v1/tenants/{}/spaces/branches", owner.slug);
    let body = json!({"code": code, "name": "A hall"});
    owner
        .client
        .post(&path)
        .json(&body)
        .await
        .expect(201)
        .done();
}

async fn branches(owner: &Owner) -> usize {
    let path = format!("/api/v1/tenants/{}/spaces/branches", owner.slug);
    let page = owner.client.get(&path).await.expect(200).value();
    page["items"].as_array().unwrap().len()
}

both_engines! {
    async fn a_workspace_is_taken_back_and_its_neighbour_is_not(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = server(engine, &mail).await;
        let north = Owner::ready(&server.client(), &mail, "north").await;
        let south = Owner::ready(&server.client(), &mail, "south").await;
        branch(&north, "ONE").await;
        assert_eq!(beside(&server, &["backup", "ls"]).ends(0).out, "no backups\n");
        let said = beside(&server, &["backup", "now"]).ends(0).out;
        assert!(said.contains("3 databases, 3 proven"), "{said}");
        let said = beside(&server, &["backup", "ls"]).ends(0).out;
        assert!(said.contains("  done      3/3 proven") && said.contains("second_directory whole"), "{said}");
        let said = beside(&server, &["backup", "verify"]).ends(0).out;
        assert_eq!(said.matches("restored and equal").count(), 3, "{said}");

        branch(&north, "TWO").await;
        branch(&south, "TWO").await;
        if engine == Engine::Sqlite {
            let refused = beside(&server, &["restore", "--tenant", &north.slug]).ends(78);
            assert!(refused.err.contains("another gantry server uses"), "{}", refused.err);
            server.stop().await;
        }
        let said = beside(&server, &["restore", "--tenant", &north.slug]).ends(0).out;
        assert!(said.contains("life 2"), "{said}");
        let unknown = beside(&server, &["restore", "--tenant", "nobody-here"]).ends(1);
        assert!(unknown.err.contains("there is no tenant nobody-here"), "{}", unknown.err);
        if engine == Engine::Sqlite {
            server.restart().await;
        }
        // A server that runs on (PostgreSQL) loses the former database and finds the new one.
        let path = format!("/api/v1/tenants/{}", north.slug);
        eventually("the new life", PATIENCE, async || {
            let answer = north.client.get(&format!("{path}/spaces/branches")).await;
            if answer.status() == 503 { Err(answer.text()) } else { Ok(()) }
        })
        .await;
        assert_eq!((branches(&north).await, branches(&south).await), (1, 1));
        branch(&north, "THREE").await;
        assert_eq!(branches(&north).await, 2);

        let key = server.databases().folder().join("backup.key");
        std::fs::remove_file(&key).unwrap();
        let refused = beside(&server, &["backup", "verify"]).ends(1);
        assert!(refused.err.contains("the key of the backups is not here"), "{}", refused.err);
        server.stop().await;
    }
}

#[tokio::test]
async fn without_a_place_it_says_what_to_set() {
    let mut server = ServerOptions::new(Engine::Sqlite).start().await;
    let refused = beside(&server, &["backup", "now"]).ends(1);
    assert!(refused.err.contains("backup.directory"), "{}", refused.err);
    server.stop().await;
}
