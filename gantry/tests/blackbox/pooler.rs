//! Everything through PgBouncer in transaction mode, with two connections to the server for each database: whatever stays on
//! one from one transaction to the next meets somebody else.

use futures_util::future::join_all;
use gantry_testkit::postgres::{drop_family, postgres_url};
use gantry_testkit::{
    Client, Engine, Owner, PgBouncer, Server, ServerOptions, SmtpSim, TestDatabases, eventually,
};
use serde_json::{Value, json};

use crate::attacks::{PATIENCE, open_branch};
use crate::steps::{operator, students};
use crate::streams::order::{EACH, WRITERS, crowd};

/// Several copies of several databases.
const WORK: std::time::Duration = std::time::Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_life_behind_a_pooler() {
    let Some(pooler) = PgBouncer::start().await else {
        return;
    };
    let mail = SmtpSim::start().await;
    let home = TestDatabases::new(Engine::Postgres);
    let (mut server, control) = start(&pooler, &mail, &home).await;
    let mut second = server.another().await;
    let north = Owner::ready(&server.client(), &mail, "north").await;
    let south = Owner::ready(&second.client(), &mail, "south").await;
    let operator = operator(&server, "ops@example.com").await;

    // Each is written and listened to through both processes.
    join_all([&north, &south].map(async |owner| {
        let [here, there] = [&server, &second].map(|server| as_owner(server, owner));
        crowd(owner, &[here, there]).await;
    }))
    .await;

    let taken = over(
        &operator,
        operator
            .post("/api/v1/admin/backups")
            .await
            .expect(202)
            .text_at("/id"),
    )
    .await;
    assert_eq!(
        (&taken["state"], &taken["error"]),
        (&json!("done"), &Value::Null),
        "{taken}"
    );
    let backup = taken["backup"].as_str().unwrap();
    open_branch(&north, "LATER").await;
    let path = format!("/api/v1/admin/backups/{backup}/restores");
    let body = json!({"tenant": north.tenant, "reason": "to see"});
    let asked = operator
        .post(&path)
        .json(&body)
        .await
        .expect(202)
        .text_at("/id");
    let restored = over(&operator, asked).await;
    assert_eq!(restored["state"], json!("done"), "{restored}");
    served_by_both(&[&server, &second], &north, 1).await;

    let moves = format!("/api/v1/admin/tenants/{}/moves", north.tenant);
    let begun = operator.post(&moves).json(&json!({"to": "north"})).await;
    let one = begun.expect(202).text_at("/id");
    eventually("the tenant in its new home", WORK, async || {
        let list = operator.get(&moves).await.expect(200).value();
        let state = list["items"][0]["state"].clone();
        if state == json!("moved") {
            Ok(())
        } else {
            Err(list.to_string())
        }
    })
    .await;
    served_by_both(&[&server, &second], &north, 1).await;
    open_branch(&north, "THERE").await;
    served_by_both(&[&server, &second], &north, 2).await;
    let confirmation = format!("{moves}/{one}/confirmation");
    operator.post(&confirmation).await.expect(202).done();

    // Nothing stays on the server's side of a connection, neither statements nor limits.
    let tenant = format!("{control}_t_{}", south.tenant.replace('-', ""));
    for database in [&control, &tenant] {
        for left in pooler.left_behind(database).await {
            assert_eq!(
                left,
                ["0", "0", "0"],
                "{database}: statements, and two limits"
            );
        }
    }
    for server in [&server, &second] {
        let said = server.output();
        assert!(!said.contains("prepared statement"), "{said}");
    }

    second.stop().await;
    server.stop().await;
    server.restart().await;
    served_by_both(&[&server], &north, 2).await;
    assert_eq!(
        students(&north.client, &north.slug).await.len(),
        WRITERS * EACH
    );
    server.stop().await;
}

/// A server that knows its PostgreSQL, and a second home in it, through the pooler only; and the name of its control database.
async fn start(pooler: &PgBouncer, mail: &SmtpSim, home: &TestDatabases) -> (Server, String) {
    let options = ServerOptions::new(Engine::Postgres).mail(mail);
    let folder = |name: &str| {
        let path = options.databases().folder().join(name);
        path.to_str().unwrap().to_owned()
    };
    let [directory, elsewhere, key] = ["backups", "elsewhere", "backup.key"].map(folder);
    let [control, second] = [options.databases(), home].map(|databases| {
        let url = databases.control_url().unwrap();
        url.rsplit('/').next().unwrap().to_owned()
    });
    // It is made by the move, through the pooler.
    drop_family(&postgres_url(), &second).await.unwrap();
    let north = pooler.url(&second);
    let server = options
        .env("GANTRY_DATABASE__URL", pooler.url(&control))
        .env("GANTRY_DATABASE__POSTGRES__TRANSACTION_POOLER", "true")
        .env(
            "GANTRY_DATABASE__CLUSTERS",
            format!("{{ north = {{ url = \"{north}\" }} }}"),
        )
        .env("GANTRY_DATABASE__PLACEMENT", "beside_control")
        .env("GANTRY_HTTP__LIMITS__OFF", "true")
        .env("GANTRY_BACKUP__DIRECTORY", directory)
        .env("GANTRY_BACKUP__SECOND_DIRECTORY", elsewhere)
        .env("GANTRY_BACKUP__KEY_FILE", key)
        .start()
        .await;
    (server, control)
}

fn as_owner(server: &Server, owner: &Owner) -> Client {
    server.client().with_bearer(owner.client.bearer().unwrap())
}

async fn over(operator: &Client, id: String) -> Value {
    let path = format!("/api/v1/admin/backup-works/{id}");
    eventually("the end of the work", WORK, async || {
        let work = operator.get(&path).await.expect(200).value();
        if work["ended_at"].is_null() {
            Err(work.to_string())
        } else {
            Ok(work)
        }
    })
    .await
}

/// A process that has not heard of another database for the tenant finds out, and until then says that it is busy.
async fn served_by_both(servers: &[&Server], owner: &Owner, branches: usize) {
    for server in servers {
        let client = as_owner(server, owner);
        let path = owner.path("/spaces/branches");
        eventually("the tenant, served", PATIENCE, async || {
            let answer = client.get(&path).await;
            if answer.status() == 503 {
                return Err(answer.text());
            }
            let page = answer.expect(200).value();
            assert_eq!(page["items"].as_array().unwrap().len(), branches, "{page}");
            Ok(())
        })
        .await;
    }
}
