//! A whole installation that is lost, and comes back elsewhere, on either engine.

use std::path::Path;
use std::process::Command;

use gantry_testkit::{Engine, Owner, ServerOptions, SmtpSim, TestDatabases, both_engines};
use serde_json::{Value, json};

use super::{branch, branches, server};
use crate::cli::{Said, beside};

/// The master key of the server that is lost; it is kept apart from the backups.
pub(super) const KEY: &str = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtISE=";

/// `gantry` over databases that are to be, with these backups.
pub(super) fn restoring(target: &TestDatabases, backups: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GANTRY_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .arg("--data")
        .arg(target.data_dir())
        .current_dir(target.folder())
        .env("GANTRY_MASTER_KEY", KEY)
        .env("GANTRY_BACKUP__DIRECTORY", backups)
        .env(
            "GANTRY_BACKUP__KEY_FILE",
            backups.with_file_name("backup.key"),
        );
    if let Some(url) = target.control_url() {
        command
            .env("GANTRY_DATABASE__URL", url)
            .env("GANTRY_DATABASE__POSTGRES__ALLOW_PLAINTEXT", "true");
    }
    command
}

/// Runs `gantry restore --all` where nothing is yet.
fn restore(target: &TestDatabases, backups: &Path, more: &[&str]) -> Said {
    let from = backups.to_str().unwrap();
    let arguments = [&["restore", "--all", "--from", from], more].concat();
    Said::from(restoring(target, backups, &arguments).output().unwrap())
}

fn other(engine: Engine) -> Engine {
    match engine {
        Engine::Sqlite => Engine::Postgres,
        Engine::Postgres => Engine::Sqlite,
    }
}

both_engines! {
    async fn everything_comes_back_on_the_same_engine_and_on_the_other(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut lost = server(engine, &mail).await;
        let north = Owner::ready(&lost.client(), &mail, "north").await;
        let south = Owner::ready(&lost.client(), &mail, "south").await;
        for code in ["ONE", "TWO"] {
            branch(&north, code).await;
        }
        branch(&south, "ONE").await;
        beside(&lost, &["backup", "now"]).ends(0);
        branch(&south, "LATER").await;
        let backups = lost.databases().folder().join("backups");
        lost.stop().await;

        for engine in [engine, other(engine)] {
            let options = ServerOptions::new(engine).mail(&mail);
            let said = restore(options.databases(), &backups, &[]).ends(0);
            assert!(said.out.contains("2 tenants"), "{}", said.out);
            let again = restore(options.databases(), &backups, &[]).ends(1);
            assert!(again.err.contains("needs an empty one"), "{}", again.err);

            let mut server = options.start().await;
            // Who was signed in when the backup was taken is not any more; everybody can sign in again.
            for (was, handle, halls) in [(&north, "north", 2), (&south, "south", 1)] {
                let mut owner = Owner::new(&server.client(), handle);
                let token = was.client.bearer().unwrap();
                let stale = server.client().with_bearer(token).get("/api/v1/me").await;
                stale.expect(401).done();
                owner.log_in().await;
                assert_eq!(branches(&owner).await, halls, "{handle}");
                branch(&owner, "NEW").await;
                assert_eq!(branches(&owner).await, halls + 1);
                let own = owner.client.get(&owner.path("/backups")).await.expect(200).value();
                assert!(own["last_proven_restore_at"].is_string(), "{own}");
                let audit = owner.client.get(&owner.path("/identity/audit")).await.expect(200).value();
                let rows = audit["items"].as_array().unwrap();
                let restored = |row: &Value| row["action"] == json!("backup.tenant.restored");
                assert!(rows.iter().any(restored), "{audit}");
            }
            let refused = restore(server.databases(), &backups, &[]);
            assert_ne!(refused.code, Some(0), "{}", refused.out);
            server.stop().await;
        }
    }

    async fn what_is_damaged_is_told_and_the_rest_comes_back(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut lost = server(engine, &mail).await;
        let north = Owner::ready(&lost.client(), &mail, "north").await;
        let south = Owner::ready(&lost.client(), &mail, "south").await;
        branch(&north, "ONE").await;
        branch(&south, "ONE").await;
        beside(&lost, &["backup", "now"]).ends(0);
        let backups = lost.databases().folder().join("backups");
        lost.stop().await;
        let name = beside(&lost, &["backup", "ls"]).ends(0).out;
        let name = name.split_whitespace().next().unwrap();
        let file = |tenant: &str| backups.join(name).join(format!("{tenant}.copy.zst.age"));
        let whole = std::fs::read(file(&north.tenant)).unwrap();
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(file(&north.tenant), &bytes).unwrap();

        let options = ServerOptions::new(engine).mail(&mail);
        // Control damaged is nothing at all.
        let control = std::fs::read(file("control")).unwrap();
        let mut bytes = control.clone();
        bytes[control.len() / 2] ^= 1;
        std::fs::write(file("control"), &bytes).unwrap();
        let refused = restore(options.databases(), &backups, &[]).ends(1);
        assert!(refused.err.contains("is damaged"), "{}", refused.err);
        std::fs::write(file("control"), &control).unwrap();

        let said = restore(options.databases(), &backups, &["--at", name]).ends(1);
        assert!(said.err.contains("1 tenants") && said.err.contains("is not there"), "{}", said.err);
        let key = backups.with_file_name("backup.key");
        let options = options
            .env("GANTRY_BACKUP__DIRECTORY", backups.to_str().unwrap())
            .env("GANTRY_BACKUP__KEY_FILE", key.to_str().unwrap());
        let mut server = options.start().await;
        let mut owner = Owner::new(&server.client(), "south");
        owner.log_in().await;
        assert_eq!(branches(&owner).await, 1);
        // With a good file the other one comes back too.
        std::fs::write(file(&north.tenant), &whole).unwrap();
        server.stop().await;
        beside(&server, &["restore", "--tenant", "north-space"]).ends(0);
        server.restart().await;
        let mut owner = Owner::new(&server.client(), "north");
        owner.log_in().await;
        assert_eq!(branches(&owner).await, 1);
        server.stop().await;
    }
}
