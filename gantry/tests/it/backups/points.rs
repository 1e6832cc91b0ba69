//! Backups and restores that are killed at points nobody chose: whatever is listed afterwards is whole, and the next attempt is.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use gantry_testkit::{Client, Owner, Server, ServerOptions, SmtpSim, both_engines, eventually};
use serde_json::{Value, json};

use super::everything::{KEY, restoring};
use super::{PATIENCE, WORK, branch, branches, operator, over, server};
use crate::cli::beside;

/// Rounds of each kind, unless `GANTRY_TEST_KILLS` says otherwise.
fn rounds() -> u32 {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long this goes on is told by whoever runs it"
    )]
    let asked = std::env::var("GANTRY_TEST_KILLS");
    asked.map_or(3, |text| text.parse().unwrap())
}

/// Moments within a span, none like the last.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        Self(RandomState::new().build_hasher().finish() | 1)
    }

    fn within(&mut self, span: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        span * u32::try_from(self.0 % 1_000).unwrap() / 1_000
    }
}

/// Kills a command at this moment unless it is over before; whether it was killed.
async fn killed(mut command: std::process::Command, moment: Duration) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = tokio::process::Command::from(command).spawn().unwrap();
    if tokio::time::timeout(moment, child.wait()).await.is_ok() {
        return false;
    }
    child.kill().await.unwrap();
    true
}

/// The names of the backups that a folder lists.
fn listed(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.contains(".part") && !name.contains(".lock"))
        .collect()
}

/// All files that the manifest of a listed backup names are there, at their length.
fn is_whole(folder: &Path) {
    let text = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&text).unwrap();
    for entry in manifest["entries"].as_array().unwrap() {
        let file = folder.join(entry["file"].as_str().unwrap());
        let found = std::fs::metadata(&file).unwrap().len();
        assert_eq!(Some(found), entry["bytes"].as_u64(), "{}", file.display());
    }
}

async fn ended(server: &Server, token: &str, id: &str) -> Value {
    let operator = server.client().with_bearer(token);
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

fn token(client: &Client) -> String {
    client.bearer().unwrap()
}

both_engines! {
    async fn a_backup_killed_anywhere_is_never_listed_half(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = server(engine, &mail).await;
        let north = Owner::ready(&server.client(), &mail, "north").await;
        branch(&north, "ONE").await;
        let began = Instant::now();
        beside(&server, &["backup", "now"]).ends(0);
        let span = began.elapsed();
        let places = ["backups", "elsewhere"].map(|name| server.databases().folder().join(name));
        let (mut moments, mut seen) = (Moments::new(), BTreeSet::new());
        for _ in 0..rounds() {
            let moment = moments.within(span);
            killed(server.command_beside(&["backup", "now"]), moment).await;
            for place in &places {
                for name in listed(place) {
                    is_whole(&place.join(&name));
                    if seen.insert(name.clone()) {
                        let said = beside(&server, &["backup", "verify", &name]);
                        // A copy that did not come about any more is not there at all.
                        let fault = said.err.lines().find(|line| !line.starts_with("copy in"));
                        assert!(said.code == Some(0) || fault.is_none_or(|line| !line.contains("damaged")),
                            "killed after {moment:?}: {} {}", said.out, said.err);
                    }
                }
            }
        }
        beside(&server, &["backup", "now"]).ends(0);
        for place in &places {
            let left: Vec<_> = std::fs::read_dir(place).unwrap().map(|one| one.unwrap().file_name()).collect();
            assert!(!left.iter().any(|name| name.to_string_lossy().contains(".part")), "{left:?}");
        }
        let listed = beside(&server, &["backup", "ls"]).ends(0).out;
        assert!(!listed.contains("running"), "{listed}");
        let rehearsals = server.databases().data_dir().join("backup-rehearsals");
        let left = std::fs::read_dir(rehearsals).unwrap().filter(|one| one.as_ref().unwrap().path().is_dir());
        assert_eq!(left.count(), 0);
        beside(&server, &["backup", "verify"]).ends(0);
        server.stop().await;
    }

    async fn a_restore_of_everything_killed_anywhere_comes_to_its_end(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut lost = server(engine, &mail).await;
        let north = Owner::ready(&lost.client(), &mail, "north").await;
        let south = Owner::ready(&lost.client(), &mail, "south").await;
        branch(&north, "ONE").await;
        branch(&south, "ONE").await;
        beside(&lost, &["backup", "now"]).ends(0);
        let backups = lost.databases().folder().join("backups");
        lost.stop().await;
        let options = ServerOptions::new(engine).mail(&mail).env("GANTRY_MASTER_KEY", KEY);
        let mut moments = Moments::new();
        for _ in 0..rounds() {
            let moment = moments.within(Duration::from_secs(2));
            let again = restoring(options.databases(), &backups, &["restore", "--all"]);
            if !killed(again, moment).await {
                break;
            }
        }
        let done = restoring(options.databases(), &backups, &["restore", "--all"]).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() || said.contains("needs an empty one"), "{said}");
        let mut server = options.env("GANTRY_HTTP__LIMITS__OFF", "true").start().await;
        for handle in ["north", "south"] {
            let mut owner = Owner::new(&server.client(), handle);
            owner.log_in().await;
            assert_eq!(branches(&owner).await, 1, "{handle}");
        }
        server.stop().await;
    }

    async fn a_restore_of_one_tenant_killed_anywhere_is_done_once(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = server(engine, &mail).await;
        let mut north = Owner::ready(&server.client(), &mail, "north").await;
        branch(&north, "ONE").await;
        let mut asking = operator(&server).await;
        let taken = over(&asking, asking.post("/api/v1/admin/backups").await).await;
        let restores = format!("/api/v1/admin/backups/{}/restores", taken["backup"].as_str().unwrap());
        let mut moments = Moments::new();
        for round in 0..rounds() {
            branch(&north, "TWO").await;
            let body = json!({"tenant": north.tenant, "reason": "to see it killed"});
            let work = asking.post(&restores).json(&body).await.expect(202).text_at("/id");
            let moment = moments.within(Duration::from_secs(1));
            // Asking goes on until the moment comes.
            drop(tokio::time::timeout(moment, ended(&server, &token(&asking), &work)).await);
            server.kill9();
            server.restart().await;
            asking = server.client().with_bearer(token(&asking));
            let done = ended(&server, &token(&asking), &work).await;
            assert_eq!(done["state"], json!("done"), "killed after {moment:?}: {done}");
            assert_eq!(done["restored"]["incarnation"], json!(round + 2), "killed after {moment:?}: {done}");
            north.client = server.client().with_bearer(token(&north.client));
            eventually("the new life", PATIENCE, async || {
                let answer = north.client.get(&north.path("/spaces/branches")).await;
                if answer.status() == 503 { Err(answer.text()) } else { Ok(()) }
            })
            .await;
            assert_eq!(branches(&north).await, 1, "killed after {moment:?}");
        }
        server.stop().await;
    }
}
