//! The drill: many workspaces, people who write all the while, a backup, and all of it restored elsewhere by a
//! command that is killed again and again.
#![expect(
    clippy::print_stdout,
    reason = "how long a drill took is what it is run for"
)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use gantry_testkit::{Client, Engine, Owner, ServerOptions, SmtpSim, both_engines, eventually};
use serde_json::{Value, json};

use super::everything::{KEY, restoring};
use super::{PATIENCE, operator, over, server};

/// Workspaces in the drill, unless `GANTRY_DRILL_TENANTS` says otherwise. A database takes PostgreSQL much longer to make.
fn size(engine: Engine) -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "how large a drill is, is told by whoever runs it"
    )]
    let asked = std::env::var("GANTRY_DRILL_TENANTS");
    let usual = match engine {
        Engine::Sqlite => 30,
        Engine::Postgres => 6,
    };
    asked
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// A workspace with one branch, and how many students of it were acknowledged.
struct Space {
    slug: String,
    branch: String,
    written: AtomicU64,
}

async fn space(operator: &Client, owner: &Owner, identity: &Value, number: usize) -> Space {
    let slug = format!("drill-{number}");
    let body = json!({"name": "A drill", "slug": slug, "owner_identity": identity});
    let made = operator.post("/api/v1/admin/tenants").json(&body).await;
    made.expect(201).done();
    let path = format!("/api/v1/tenants/{slug}/spaces/branches");
    let body = json!({"code": "ONE", "name": "A hall"});
    let branch = eventually("the workspace", PATIENCE, async || {
        let answer = owner.client.post(&path).json(&body).await;
        if answer.status() == 201 {
            Ok(answer.text_at("/id"))
        } else {
            Err(answer.text())
        }
    })
    .await;
    Space {
        slug,
        branch,
        written: AtomicU64::new(0),
    }
}

/// Writes into one workspace after the other until told to stop.
async fn write(
    client: Client,
    spaces: Arc<Vec<Space>>,
    over: Arc<AtomicBool>,
    serial: Arc<AtomicU64>,
) {
    while !over.load(Ordering::Relaxed) {
        let number = serial.fetch_add(1, Ordering::Relaxed);
        let at = usize::try_from(number).unwrap() % spaces.len();
        let space = &spaces[at];
        let body = json!({
            "branch_id": space.branch, "name": "A Student", "phone": format!("+91900{number:0>7}"),
        });
        let path = format!("/api/v1/tenants/{}/spaces/students", space.slug);
        if client.post(&path).json(&body).await.status() == 201 {
            space.written.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn students(client: &Client, slug: &str) -> u64 {
    let path = format!("/api/v1/tenants/{slug}/spaces/students/export.csv");
    let text = client.get(&path).await.expect(200).text();
    u64::try_from(text.lines().count()).unwrap() - 1
}

/// Kills the command when it has told of `tenants`; `false` when it ended before.
fn killed_after(mut command: Command, tenants: usize) -> bool {
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap());
    let told = said
        .lines()
        .map_while(Result::ok)
        .filter(|line| line.ends_with(" rows"));
    let enough = told.take(tenants).count() == tenants;
    if enough {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    enough
}

both_engines! {
    async fn a_drill_with_everybody_writing_and_the_restore_killed(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut lost = server(engine, &mail).await;
        let owner = Owner::ready(&lost.client(), &mail, "north").await;
        let operator = operator(&lost).await;
        let identity = owner.client.get("/api/v1/me").await.expect(200).value()["identity"].clone();
        let mut spaces = Vec::new();
        for number in 0..size(engine) {
            spaces.push(space(&operator, &owner, &identity, number).await);
        }
        let spaces = Arc::new(spaces);
        let (stop, serial) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let (client, spaces) = (owner.client.clone(), Arc::clone(&spaces));
                tokio::spawn(write(client, spaces, Arc::clone(&stop), Arc::clone(&serial)))
            })
            .collect();
        eventually("some writes", PATIENCE, async || {
            let written = spaces.iter().map(|space| space.written.load(Ordering::Relaxed)).min();
            if written >= Some(1) { Ok(()) } else { Err(format!("{written:?}")) }
        })
        .await;
        let before: Vec<u64> = spaces.iter().map(|space| space.written.load(Ordering::Relaxed)).collect();
        let began = Instant::now();
        let taken = over(&operator, operator.post("/api/v1/admin/backups").await).await;
        println!("drill {engine:?}: {} workspaces backed up and proven in {:?}", spaces.len(), began.elapsed());
        assert_eq!((&taken["state"], &taken["error"]), (&json!("done"), &Value::Null), "{taken}");
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        let backups = lost.databases().folder().join("backups");
        lost.stop().await;

        let options = ServerOptions::new(engine).mail(&mail).env("GANTRY_MASTER_KEY", KEY);
        let began = Instant::now();
        let mut kills = 0;
        for told in [1, 2, 3] {
            if !killed_after(restoring(options.databases(), &backups, &["restore", "--all"]), told) {
                break;
            }
            kills += 1;
            // Nobody works in half an installation.
            let serving = ["serve", "--listen", "127.0.0.1:0"];
            let refused = restoring(options.databases(), &backups, &serving).output().unwrap();
            let said = String::from_utf8(refused.stderr).unwrap();
            assert!(!refused.status.success() && said.contains("everything is being restored"), "{said}");
        }
        assert!(kills > 0, "it was never killed");
        let done = restoring(options.databases(), &backups, &["restore", "--all"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        println!("drill {engine:?}: restored in {:?}, killed {kills} times", began.elapsed());

        let mut server = options.env("GANTRY_HTTP__LIMITS__OFF", "true").start().await;
        let mut owner = Owner::new(&server.client(), "north");
        owner.log_in().await;
        for (space, before) in spaces.iter().zip(before) {
            let (found, last) = (students(&owner.client, &space.slug).await, space.written.load(Ordering::Relaxed));
            assert!(before <= found && found <= last, "{}: {before} <= {found} <= {last}", space.slug);
        }
        server.stop().await;
    }
}
