//! A fleet that follows a new schema: killed half-way it goes on, and one that is broken stops no other.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use gantry_db::{Databases, DbConfig, DbError, Engine, Migrations, TenantDb, directory};
use gantry_kernel::TenantId;

use crate::migrations::NEWER;
use crate::support::{Room, SCHEMA, tenant};

/// Where the process that is killed finds the fleet.
const FLEET: &str = "GANTRY_TEST_FLEET";

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration but its environment"
)]
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn open(data: &Path, modules: &[Migrations]) -> Databases {
    let set = gantry_db::MigrationSet::new(modules.iter().copied()).unwrap();
    let kernel = gantry_kernel::Kernel::system();
    Databases::open(DbConfig::sqlite(data), kernel, set)
        .await
        .unwrap()
}

/// The process that is to be killed: it sweeps and says nothing.
async fn sweep_forever(data: &str) {
    let dbs = open(Path::new(data), &[SCHEMA, NEWER]).await;
    dbs.tenants.sweep(None, usize::MAX).await.unwrap();
    std::future::pending::<()>().await;
}

fn sweeper(data: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "sweeping::a_fleet_follows_through_a_kill",
            "--nocapture",
        ])
        .env(FLEET, data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn behind(dbs: &Databases) -> (i64, i64) {
    let progress = dbs.tenants.schema_progress().await.unwrap();
    (progress.behind, progress.failed)
}

/// As many tenants as `GANTRY_TEST_FLEET_SIZE` says, or 300.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_follows_through_a_kill() {
    if let Some(data) = set(FLEET) {
        return sweep_forever(&data).await;
    }
    let size: i64 = set("GANTRY_TEST_FLEET_SIZE").map_or(300, |size| size.parse().unwrap());
    let room = Room::new(Engine::Sqlite);
    let data = room.dir.path().join("data");
    let dbs = open(&data, &[SCHEMA]).await;
    let mut fleet: Vec<TenantId> = Vec::new();
    while fleet.len() < usize::try_from(size).unwrap() {
        // Side by side, since each waits for the disk.
        let left = usize::try_from(size).unwrap() - fleet.len();
        let made = join_all((0..left.min(16)).map(|_| tenant(&dbs))).await;
        fleet.extend(made.iter().map(TenantDb::id));
    }
    // What the migration would make is there already in one of them.
    let broken = fleet[fleet.len() / 3];
    let at = dbs
        .control
        .read(async |tx| directory::by_id(tx, broken).await)
        .await
        .unwrap()
        .unwrap();
    drop(dbs);
    let file = data.join("tenants").join(at.database);
    let raw = rusqlite::Connection::open(file).unwrap();
    raw.execute_batch("CREATE TABLE more (x INTEGER)").unwrap();
    drop(raw);

    let dbs = open(&data, &[SCHEMA, NEWER]).await;
    assert_eq!(behind(&dbs).await, (size, 0), "nothing blocks a start");
    let mut child = sweeper(&data);
    while behind(&dbs).await.0 > size / 2 {
        assert!(child.try_wait().unwrap().is_none(), "the sweeper ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (left, _) = behind(&dbs).await;
    assert!(left > 1, "killed too late: {left} are left of {size}");

    let (report, _) = dbs.tenants.sweep(None, usize::MAX).await.unwrap();
    let done = i64::try_from(report.migrated).unwrap();
    assert_eq!(done, left - 1, "only what was left, and all of it");
    assert_eq!(report.failed.len(), 1);
    assert_eq!(report.failed[0].tenant, broken);
    assert_eq!(behind(&dbs).await, (1, 1));
    let laggards = dbs
        .control
        .read(async |tx| directory::laggards(tx, None, 10).await)
        .await
        .unwrap();
    assert_eq!(laggards.len(), 1);
    assert!(laggards[0].error.contains("more/0001_more"), "{laggards:?}");

    // The program before this one serves all of them, the broken one too.
    let older = open(&data, &[SCHEMA]).await;
    for id in [fleet[0], broken, fleet[fleet.len() - 1]] {
        let db = older.tenants.get(id).await.unwrap();
        let read: Result<(i64,), DbError> = db
            .read(async |tx| {
                let count = gantry_db::sql!("SELECT count(*) FROM accounts");
                tx.one(count, &gantry_db::args![]).await
            })
            .await;
        assert_eq!(read.unwrap(), (0,));
    }
    drop(older);

    // Mended, it follows, and is no longer reported.
    let file = dbs
        .control
        .read(async |tx| directory::by_id(tx, broken).await)
        .await;
    let file = data.join("tenants").join(file.unwrap().unwrap().database);
    let raw = rusqlite::Connection::open(file).unwrap();
    raw.execute_batch("DROP TABLE more").unwrap();
    drop(raw);
    dbs.tenants.follow(broken).await.unwrap();
    assert_eq!(behind(&dbs).await, (0, 0));
}
