//! Taking, looking at and restoring, beside people who work.

use gantry_testkit::{Owner, SmtpSim, both_engines, eventually};
use serde_json::{Value, json};

use super::{PATIENCE, branch, branches, operator, over, server};

both_engines! {
    async fn an_operator_takes_checks_and_restores_while_the_server_runs(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = server(engine, &mail).await;
        let north = Owner::ready(&server.client(), &mail, "north").await;
        let south = Owner::ready(&server.client(), &mail, "south").await;
        let operator = operator(&server).await;
        branch(&north, "ONE").await;
        let status = operator.get("/api/v1/admin/backup-status").await.expect(200).value();
        assert_eq!((&status["configured"], &status["last"]), (&json!(true), &Value::Null));
        let own = north.client.get(&north.path("/backups")).await.expect(200).value();
        assert_eq!(own["last_backup_at"], Value::Null);

        let taken = over(&operator, operator.post("/api/v1/admin/backups").await).await;
        assert_eq!((&taken["state"], &taken["error"]), (&json!("done"), &Value::Null), "{taken}");
        // A copy and a proof of control and of each tenant.
        assert_eq!((&taken["steps"], &taken["steps_done"]), (&json!(6), &json!(6)));
        let id = taken["backup"].as_str().unwrap();
        let one = format!("/api/v1/admin/backups/{id}");
        let backup = operator.get(&one).await.expect(200).value();
        assert_eq!((&backup["cause"], &backup["proven"]), (&json!("operator"), &json!(3)));
        assert_eq!(backup["program"], json!(env!("CARGO_PKG_VERSION")));
        let listed = operator.get("/api/v1/admin/backups?state=done").await.expect(200).value();
        assert_eq!(listed["items"][0], backup);
        let databases = operator.get(&format!("{one}/databases")).await.expect(200).value();
        let databases = databases["items"].as_array().unwrap();
        assert_eq!(databases.len(), 3);
        for database in databases {
            assert_eq!(database["proven"], json!(true), "{database}");
            let hashes = ["content", "sha256"].map(|name| database[name].as_str().unwrap().len());
            assert_eq!(hashes, [64, 64], "{database}");
        }
        let own = north.client.get(&north.path("/backups")).await.expect(200).value();
        assert!(own["last_proven_restore_at"].is_string(), "{own}");
        assert_eq!(own["second_copy"], json!(true));
        let text = own.to_string();
        assert!(!text.contains("elsewhere") && !text.contains(backup["name"].as_str().unwrap()), "{text}");

        let checked = over(&operator, operator.post(&format!("{one}/verifications")).await).await;
        assert_eq!(checked["state"], json!("done"), "{checked}");
        let backup = operator.get(&one).await.expect(200).value();
        assert!(backup["verified_at"].is_string(), "{backup}");

        branch(&north, "TWO").await;
        branch(&south, "TWO").await;
        let restores = format!("{one}/restores");
        let body = json!({"tenant": north.tenant, "reason": "as the customer asked"});
        let restored = over(&operator, operator.post(&restores).json(&body).await).await;
        assert_eq!(restored["state"], json!("done"), "{restored}");
        assert_eq!(restored["restored"]["incarnation"], json!(2), "{restored}");
        eventually("the new life", PATIENCE, async || {
            let answer = north.client.get(&north.path("/spaces/branches")).await;
            if answer.status() == 503 { Err(answer.text()) } else { Ok(()) }
        })
        .await;
        assert_eq!((branches(&north).await, branches(&south).await), (1, 1));
        branch(&north, "THREE").await;
        assert_eq!(branches(&north).await, 2);
        let audit = north.client.get(&north.path("/identity/audit")).await.expect(200).value();
        let rows = audit["items"].as_array().unwrap();
        let row = rows.iter().find(|row| row["action"] == json!("backup.tenant.restored"));
        assert!(row.unwrap().to_string().contains("as the customer asked"), "{audit}");
        assert!(rows.iter().any(|row| row["action"] == json!("backup.restore.asked")), "{audit}");
        server.stop().await;
    }

    async fn what_cannot_be_done_is_refused_or_told(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = server(engine, &mail).await;
        let north = Owner::ready(&server.client(), &mail, "north").await;
        let operator = operator(&server).await;
        let taken = over(&operator, operator.post("/api/v1/admin/backups").await).await;
        let one = format!("/api/v1/admin/backups/{}", taken["backup"].as_str().unwrap());
        // Somebody who came later is not in it.
        let later = Owner::ready(&server.client(), &mail, "later").await;
        let restores = format!("{one}/restores");
        let body = json!({"tenant": later.tenant, "reason": "to see"});
        operator.post(&restores).json(&body).await.problem(422, "invalid_request").done();
        let body = json!({"tenant": north.tenant});
        operator.post(&restores).json(&body).await.problem(422, "invalid_request").done();
        north.client.get("/api/v1/admin/backups").await.problem(403, "permission_missing").done();

        // A flipped bit, found and told, by the file it is in.
        let backup = operator.get(&one).await.expect(200).value();
        let folder = server.databases().folder().join("backups").join(backup["name"].as_str().unwrap());
        let file = folder.join(format!("{}.copy.zst.age", north.tenant));
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        let checked = over(&operator, operator.post(&format!("{one}/verifications")).await).await;
        assert_eq!(checked["state"], json!("failed"));
        assert!(checked["error"].as_str().unwrap().contains("is damaged"), "{checked}");
        let told = eventually("the notice", PATIENCE, async || {
            let page = operator.get("/api/v1/me/notices").await.expect(200).value();
            match page["items"].get(0) {
                Some(notice) => Ok(notice.clone()),
                None => Err(page.to_string()),
            }
        })
        .await;
        assert_eq!((&told["kind"], &told["tenant"]), (&json!("backup.failed"), &Value::Null));
        let about = json!({"what": "verify", "work": checked["id"], "backup": taken["backup"]});
        assert_eq!(told["subjects"], about);
        let backup = operator.get(&one).await.expect(200).value();
        assert_eq!((&backup["state"], &backup["failed"]), (&json!("partial"), &json!(1)));
        let bad = operator.get(&format!("{one}/databases?proven=false")).await.expect(200).value();
        assert_eq!(bad["items"][0]["place"], json!(north.tenant));
        let body = json!({"tenant": north.tenant, "reason": "to see"});
        let refused = over(&operator, operator.post(&restores).json(&body).await).await;
        assert_eq!((&refused["state"], &refused["restored"]), (&json!("failed"), &Value::Null));
        branch(&north, "ONE").await;

        // Without its key nothing of it can be opened, and that is said.
        std::fs::remove_file(server.databases().folder().join("backup.key")).unwrap();
        let refused = over(&operator, operator.post(&format!("{one}/verifications")).await).await;
        let said = refused["error"].as_str().unwrap();
        assert!(said.contains("the key of the backups is not here"), "{said}");
        server.stop().await;
    }
}
