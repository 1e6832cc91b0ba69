//! The part of the proof that asks the program: what a backup holds has to be served, not only equal.

use gantry_db::{Databases, args, sql};
use gantry_kernel::{Kernel, TenantId};
use gantry_testkit::{Owner, Server, SmtpSim, both_engines};
use serde_json::{Value, json};

use super::{branch, operator, over, server};
use crate::cli::beside;

/// Makes a row of a branch one that the program cannot read, and any database holds.
async fn break_a_row(server: &Server, tenant: &str) {
    let migrations = gantry::App::new().unwrap().registry().migrations().clone();
    let databases = Databases::open(server.databases().config(), Kernel::system(), migrations)
        .await
        .unwrap();
    let id: TenantId = tenant.parse().unwrap();
    let tenant = databases.tenants.get(id).await.unwrap();
    tenant
        .write(async |tx| {
            tx.execute(sql!("update branches set id = 'no id'"), &args![])
                .await
        })
        .await
        .unwrap();
    drop(tenant);
    databases.close().await.unwrap();
}

async fn evidence(operator: &gantry_testkit::Client, taken: &Value) -> Vec<Value> {
    let id = taken["backup"].as_str().unwrap();
    let path = format!("/api/v1/admin/backups/{id}/databases");
    let found = operator.get(&path).await.expect(200).value();
    found["items"].as_array().unwrap().clone()
}

both_engines! {
    async fn a_backup_is_proven_by_asking_the_program_and_not_when_it_fails(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = server(engine, &mail).await;
        let north = Owner::ready(&server.client(), &mail, "north").await;
        let south = Owner::ready(&server.client(), &mail, "south").await;
        branch(&north, "ONE").await;
        branch(&south, "ONE").await;
        let asking = operator(&server).await;
        let taken = over(&asking, asking.post("/api/v1/admin/backups").await).await;
        assert_eq!((&taken["state"], &taken["error"]), (&json!("done"), &Value::Null), "{taken}");
        for database in evidence(&asking, &taken).await {
            let answers = database["answers"].as_array().unwrap();
            assert!(answers.len() > 3, "{database}");
            assert!(answers.iter().all(|answer| answer["status"] == json!(200)), "{database}");
            let asked = |what: &str| answers.iter().any(|answer| answer["asked"] == json!(what));
            if database["place"] == json!("control") {
                assert!(asked("GET /readyz") && asked("GET /api/v1/admin/tenants"), "{database}");
            } else {
                assert!(asked("GET /api/v1/tenants/{tenant}/spaces/branches"), "{database}");
                assert!(asked("GET /api/v1/tenants/{tenant}/identity/members"), "{database}");
            }
        }

        server.stop().await;
        break_a_row(&server, &north.tenant).await;
        server.restart().await;
        let asking = server.client().with_bearer(asking.bearer().unwrap());
        let taken = over(&asking, asking.post("/api/v1/admin/backups").await).await;
        assert_eq!(taken["state"], json!("failed"), "{taken}");
        for database in evidence(&asking, &taken).await {
            let broken = database["place"] == json!(north.tenant);
            assert_eq!(database["proven"], json!(!broken), "{database}");
            if broken {
                let said = database["error"].as_str().unwrap();
                let expected = "GET /api/v1/tenants/{tenant}/spaces/branches is answered with 500";
                assert!(said.contains(expected), "{said}");
            }
        }
        let said = beside(&server, &["backup", "verify"]).ends(1);
        assert!(said.err.contains("the API over the restored copy"), "{}", said.err);
        let data = server.databases().data_dir().join("backup-rehearsals");
        let left = std::fs::read_dir(data).unwrap().filter(|one| one.as_ref().unwrap().path().is_dir());
        assert_eq!(left.count(), 0);
        server.stop().await;
    }
}
