//! `gantry auditlog`, and somebody elsewhere who checks an export by its description alone.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use gantry_db::{Databases, DbError, args, sql};
use gantry_kernel::Kernel;
use gantry_testkit::{Owner, Server, SmtpSim, both_engines, eventually};
use serde_json::{Map, Value, json};

use super::beside;

const PATIENCE: Duration = Duration::from_secs(30);
/// What stands in a line of an export beside the columns.
const NO_COLUMNS: [&str; 5] = ["record", "database", "sequence", "previous", "link"];

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The link that follows from a line.
fn link(line: &Map<String, Value>) -> Vec<u8> {
    let columns: BTreeMap<&String, &Value> = line
        .iter()
        .filter(|(name, value)| !NO_COLUMNS.contains(&name.as_str()) && !value.is_null())
        .collect();
    let sequence = line["sequence"].as_u64().unwrap().to_be_bytes();
    let mut bytes = [
        b"gantry-audit-link-v1\n",
        &unhex(&line["previous"])[..],
        &sequence,
    ]
    .concat();
    for (name, value) in columns {
        for part in [name, value.as_str().unwrap()] {
            bytes.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend(part.as_bytes());
        }
    }
    digest(&SHA256, &bytes).as_ref().to_vec()
}

/// Checks an export; answers how many rows, sealed ones of `unbroken` first, and how many signatures.
fn check(export: &str, unbroken: &str) -> (usize, usize) {
    let genesis = digest(
        &SHA256,
        format!("gantry-audit-genesis-v1\n{unbroken}").as_bytes(),
    );
    let mut end = (0, genesis.as_ref().to_vec());
    let mut links = BTreeMap::new();
    let (mut rows, mut signatures) = (0, 0);
    for line in export.lines() {
        let line: Map<String, Value> = serde_json::from_str(line).unwrap();
        let database = line["database"].as_str().unwrap().to_owned();
        if line["record"] == "row" {
            rows += 1;
            if line["sequence"].is_null() {
                continue;
            }
            assert_eq!(link(&line), unhex(&line["link"]), "{line:?}");
            let sequence = line["sequence"].as_u64().unwrap();
            if database == unbroken {
                assert_eq!((sequence, unhex(&line["previous"])), (end.0 + 1, end.1));
                end = (sequence, unhex(&line["link"]));
            }
            links.insert((database, sequence), unhex(&line["link"]));
            continue;
        }
        let (kind, at) = (
            line["seal_kind"].as_str().unwrap(),
            line["seal_at"].as_str().unwrap(),
        );
        let (sequence, sealed) = (
            line["sequence"].as_u64().unwrap(),
            line["link"].as_str().unwrap(),
        );
        let message =
            format!("gantry-audit-seal-v1\n{kind}\n{database}\n{sequence}\n{sealed}\n{at}\n");
        UnparsedPublicKey::new(&ED25519, unhex(&line["public_key"]))
            .verify(message.as_bytes(), &unhex(&line["signature"]))
            .unwrap();
        assert_eq!(links[&(database, sequence)], unhex(&line["link"]));
        signatures += 1;
    }
    (rows, signatures)
}

/// Waits until nothing waits, and answers what `verify` then says.
async fn settled(server: &Server) -> String {
    eventually("everything sealed", PATIENCE, async || {
        let said = beside(server, &["auditlog", "verify"]).ends(0).out;
        if said.contains("not sealed yet") {
            Err(said)
        } else {
            Ok(said)
        }
    })
    .await
}

fn head(said: &str, place: &str) -> String {
    let line = said.lines().find(|line| line.starts_with(place)).unwrap();
    let rest = line.split_once("head ").unwrap().1;
    rest.split(',').next().unwrap().to_owned()
}

/// What somebody does who owns the database.
async fn tamper(server: &Server) {
    let migrations = gantry::App::new().unwrap().registry().migrations().clone();
    let config = server.databases().config();
    let databases = Databases::open(config, Kernel::system(), migrations)
        .await
        .unwrap();
    databases
        .control
        .write(async |tx| {
            let disarm = sql! {
                sqlite: "drop trigger audit_no_update",
                postgres: "alter table audit disable trigger audit_no_change",
            };
            tx.execute(disarm, &args![]).await?;
            tx.execute(
                sql!(
                    "update audit set ip = '192.0.2.99'
                     where id in (select row_id from audit_chain where seq = 2)"
                ),
                &args![],
            )
            .await?;
            Ok::<_, DbError>(())
        })
        .await
        .unwrap();
    databases.close().await.unwrap();
}

both_engines! {
    async fn what_was_done_is_sealed_exported_and_checked_elsewhere(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(engine, &mail).await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let said = settled(&server).await;
        let (control, tenant) = (head(&said, "control: "), format!("{}: 0 rows", owner.slug));
        assert!(said.lines().any(|line| line == tenant), "{said}");

        // The page of the workspace tells it of each row.
        let page = owner.client.get(&owner.path("/identity/audit")).await.expect(200).value();
        let rows = page["items"].as_array().unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            assert_eq!((&row["sealed"], &row["sequence"]), (&json!(true), &Value::Null), "{row}");
        }

        let arguments = ["auditlog", "export", "--control", "--format", "jsonl"];
        let all = beside(&server, &arguments).ends(0).out;
        let (rows, signatures) = check(&all, "control");
        assert!(rows >= 4 && signatures >= 1, "{rows} rows, {signatures} signatures\n{all}");
        let own = ["auditlog", "export", "--tenant", &owner.slug, "--format", "jsonl"];
        let (about, _) = check(&beside(&server, &own).ends(0).out, &owner.tenant);
        assert!((1..rows).contains(&about), "{about} of {rows}");
        let none = ["auditlog", "export", "--control", "--format", "jsonl", "--until", "2001-01-01T00:00:00Z"];
        assert_eq!(beside(&server, &none).ends(0).out, "");

        // A table, with the server stopped; a file that is there is not written over.
        server.stop().await;
        let file = server.databases().folder().join("log.csv");
        let file = file.to_str().unwrap();
        let arguments = ["auditlog", "export", "--control", "--format", "csv", "--out", file];
        assert_eq!(beside(&server, &arguments).ends(0).out, format!("{rows} rows in {file}\n"));
        let table = std::fs::read_to_string(file).unwrap();
        assert!(table.starts_with("record,database,sequence,previous,link,action,"), "{table}");
        assert_eq!(table.lines().count(), 1 + rows + signatures);
        beside(&server, &arguments).ends(1);
        assert_eq!(std::fs::read_to_string(file).unwrap(), table);

        // An earlier head must still be there, and another one is none.
        beside(&server, &["auditlog", "verify", "--control", "--head", &control]).ends(0);
        let other = format!("{}:{}", control.split(':').next().unwrap(), "00".repeat(32));
        let said = beside(&server, &["auditlog", "verify", "--control", "--head", &other]).ends(1);
        assert!(said.err.contains("is not the one that the head given knows"), "{}", said.err);
        let beyond = format!("9999:{}", "00".repeat(32));
        let said = beside(&server, &["auditlog", "verify", "--control", "--head", &beyond]).ends(1);
        assert!(said.err.contains("the tail is missing"), "{}", said.err);
        let nobody = beside(&server, &["auditlog", "verify", "--tenant", "nobody"]).ends(1);
        assert!(nobody.err.contains("there is no tenant nobody"), "{}", nobody.err);

        tamper(&server).await;
        for arguments in [&["auditlog", "verify"][..], &["auditlog", "verify", "--control"]] {
            let said = beside(&server, arguments).ends(1);
            let told = said.err.contains("control: FAULT: sequence 2: row ");
            assert!(told && said.err.contains("faults: 1"), "{}", said.err);
        }
        beside(&server, &["auditlog", "verify", "--tenant", &owner.slug]).ends(0);
    }
}
