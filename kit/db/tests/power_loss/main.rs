//! What a power cut leaves: at FULL everything that was acknowledged, at NORMAL a sound database
//! without the last moments.
//!
//! Cuts are taken while eight callers write, at random calls of the file system (see `disk`), and
//! each is then started from. `GANTRY_POWER_SEED=n` repeats one run; a run that fails names its seed
//! and keeps the files of the cut.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod disk;
mod vfs;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use disk::{Cut, Disk, Random};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_db::{
    CommitHook, ControlDb, Databases, DbConfig, DbError, Migration, MigrationSet, Migrations,
    Synchronous, args, directory, sql,
};
use gantry_kernel::{Kernel, TenantId, Timestamp};
use rusqlite::Connection;

const SCHEMA: Migrations = Migrations {
    module: "power",
    control: &[Migration::new(
        "0001_hints",
        "CREATE TABLE hints (id {int} NOT NULL PRIMARY KEY);",
    )],
    tenant: &[Migration::new(
        "0001_kept",
        "CREATE TABLE kept (id {int} NOT NULL PRIMARY KEY, due {bool} NOT NULL, body {text} NOT NULL);
         CREATE INDEX kept_body ON kept (body);
         CREATE TABLE totals (id {int} NOT NULL PRIMARY KEY, rows {int} NOT NULL);",
    )],
};

const CALLERS: usize = 8;
/// One call of the file system in so many is a cut.
const ONE_IN: u64 = 12;

/// Notes in control what a tenant's write leaves due.
struct Hints(ControlDb);

impl CommitHook for Hints {
    fn before_commit(&self, _: TenantId, due: Timestamp) -> BoxFuture<'_, Result<(), DbError>> {
        let write = self.0.write(async move |tx| {
            tx.execute(
                sql!("INSERT INTO hints (id) VALUES ($1) ON CONFLICT DO NOTHING"),
                &args![due],
            )
            .await
            .map(drop)
        });
        write.boxed()
    }

    fn after_commit(&self, _: Option<TenantId>, _: Timestamp) {}
}

fn config(data: &Path, seed: u64, synchronous: Synchronous) -> DbConfig {
    let mut config = DbConfig::sqlite(data);
    config.sqlite.synchronous = synchronous;
    // Small enough for many checkpoints, and for logs that begin anew.
    config.sqlite.checkpoint_bytes = 32 << 10;
    config.sqlite.max_log_bytes = 96 << 10;
    config.sqlite.group.writes = group(seed);
    config
}

/// How many writes of a run may share a commit.
fn group(seed: u64) -> usize {
    [1, 3, 128][usize::try_from(seed % 3).unwrap()]
}

async fn open(config: DbConfig) -> Databases {
    let migrations = MigrationSet::new([SCHEMA]).unwrap();
    Databases::open(config, Kernel::system(), migrations)
        .await
        .unwrap()
}

/// Writes until enough cuts are taken; whose database it was, and the cuts.
async fn run(seed: u64, synchronous: Synchronous, cuts: usize) -> (TenantId, Vec<Cut>) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().canonicalize().unwrap().join("data");
    let id: TenantId = Kernel::system().id();
    let dbs = open(config(&data, seed, synchronous)).await;
    dbs.control
        .write(async move |tx| directory::insert(tx, id, &"acme".parse().unwrap(), "Acme").await)
        .await
        .unwrap();
    let tenant = dbs.tenants.provision(id).await.unwrap();
    tenant
        .write(async |tx| {
            tx.execute(
                sql!("INSERT INTO totals (id, rows) VALUES (1, 0)"),
                &args![],
            )
            .await
        })
        .await
        .unwrap();
    drop(tenant);
    dbs.close().await.unwrap();

    let disk = Arc::new(Disk::new(data.clone(), seed, ONE_IN, cuts));
    vfs::watch(Some(Arc::clone(&disk)));
    let dbs = open(config(&data, seed, synchronous)).await;
    dbs.install_hook(Arc::new(Hints(dbs.control.clone())))
        .unwrap();
    let tenant = dbs.tenants.get(id).await.unwrap();
    let next = Arc::new(AtomicI64::new(1));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (tenant, disk, next) = (tenant.clone(), Arc::clone(&disk), Arc::clone(&next));
            let mut random = Random::new(seed.wrapping_mul(1000) + caller as u64);
            tokio::spawn(async move {
                while !disk.is_satisfied() {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    let due = random.below(3) == 0;
                    let length = usize::try_from(random.below(300)).unwrap();
                    let outcome = tenant
                        .write(async move |tx| {
                            if due {
                                tx.note_due(Timestamp::from_micros(id));
                            }
                            let body = format!("{id}{}", "x".repeat(length));
                            tx.execute(
                                sql!("INSERT INTO kept (id, due, body) VALUES ($1, $2, $3)"),
                                &args![id, due, body],
                            )
                            .await?;
                            tx.execute(
                                sql!("UPDATE totals SET rows = rows + 1 WHERE id = 1"),
                                &args![],
                            )
                            .await
                        })
                        .await;
                    assert!(outcome.is_ok(), "{outcome:?}");
                    disk.acknowledge(id);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    drop(tenant);
    dbs.close().await.unwrap();
    vfs::watch(None);
    (id, disk.take_cuts())
}

/// What is found when the machine starts again.
struct Found {
    ids: BTreeSet<i64>,
    due: BTreeSet<i64>,
    hints: BTreeSet<i64>,
}

/// The files of a cut, opened as SQLite opens them after a crash; `Err` says what is damaged.
fn start_again(cut: &Cut, id: TenantId, data: &Path) -> Result<Found, String> {
    for (path, bytes) in &cut.files {
        let path = data.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let text = id.to_string();
    let file = data
        .join("tenants")
        .join(&text[34..])
        .join(format!("{text}.db"));
    let (tenant, control) = (sound(&file)?, sound(&data.join("control.db"))?);
    let found = Found {
        ids: ids(&tenant, "SELECT id FROM kept"),
        due: ids(&tenant, "SELECT id FROM kept WHERE due = 1"),
        hints: ids(&control, "SELECT id FROM hints"),
    };
    let total = ids(&tenant, "SELECT rows FROM totals");
    let counted = i64::try_from(found.ids.len()).unwrap();
    if total != BTreeSet::from([counted]) {
        return Err(format!(
            "half a transaction: {counted} rows, {total:?} counted"
        ));
    }
    Ok(found)
}

fn sound(path: &Path) -> Result<Connection, String> {
    let check = || {
        let conn = Connection::open(path)?;
        // The files live on a real disk here, whose syncs would only take time.
        conn.execute_batch("PRAGMA synchronous = OFF")?;
        let said: String = conn.query_row("PRAGMA integrity_check", (), |row| row.get(0))?;
        Ok::<_, rusqlite::Error>((conn, said))
    };
    match check() {
        Ok((conn, said)) if said == "ok" => Ok(conn),
        Ok((_, said)) => Err(format!("{}: {said}", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn ids(conn: &Connection, text: &str) -> BTreeSet<i64> {
    let mut statement = conn.prepare(text).unwrap();
    let rows = statement.query_map((), |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Starts from every cut; in how many of them something acknowledged is missing, each reported to
/// `lost` with what is.
fn judge(
    seed: u64,
    id: TenantId,
    cuts: &[Cut],
    check: impl Fn(&Cut, &Found) -> Result<(), String>,
) -> usize {
    let mut lossy = 0;
    for (number, cut) in cuts.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let verdict = start_again(cut, id, dir.path()).and_then(|found| {
            if cut.acknowledged.iter().any(|id| !found.ids.contains(id)) {
                lossy += 1;
            }
            check(cut, &found)
        });
        if let Err(why) = verdict {
            let kept = dir.keep();
            panic!(
                "GANTRY_POWER_SEED={seed}: cut {number} before call {}: {why}; files in {}",
                cut.call,
                kept.display()
            );
        }
    }
    lossy
}

/// The seeds to run: all of them, or the one that is to be repeated.
fn seeds(usual: std::ops::Range<u64>) -> Vec<u64> {
    let given = std::env::var_os("GANTRY_POWER_SEED")
        .map(|text| text.to_str().and_then(|text| text.parse().ok()));
    match given {
        None => usual.collect(),
        Some(seed) => vec![seed.expect("GANTRY_POWER_SEED is a number")],
    }
}

/// `alone`: every write had a commit, and so a hint, of its own.
fn nothing_is_missing(cut: &Cut, found: &Found, alone: bool) -> Result<(), String> {
    let lost: Vec<_> = cut
        .acknowledged
        .iter()
        .filter(|id| !found.ids.contains(id))
        .collect();
    if !lost.is_empty() {
        return Err(format!("acknowledged and lost: {lost:?}"));
    }
    // Of a group the earliest is noted, for all of it.
    let known = if alone {
        found.due.is_subset(&found.hints)
    } else {
        found
            .due
            .first()
            .is_none_or(|due| found.hints.first().is_some_and(|hint| hint <= due))
    };
    if known {
        Ok(())
    } else {
        Err("a tenant's write is due and control does not know".to_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_power_cuts_lose_nothing_that_was_acknowledged_at_full_and_something_at_normal()
 {
    let each = 50;
    let mut sizes = BTreeSet::new();
    for seed in seeds(1..11) {
        let (id, cuts) = run(seed, Synchronous::Full, each).await;
        assert_eq!(cuts.len(), each);
        let acknowledged = cuts.iter().map(|cut| cut.acknowledged.len()).max();
        assert!(acknowledged > Some(0), "nothing was at stake");
        let files = cuts.iter().flat_map(|cut| &cut.files);
        sizes.extend(
            files
                .filter(|(path, _)| {
                    path.starts_with("tenants") && path.extension().unwrap() == "db"
                })
                .map(|(_, bytes)| bytes.len()),
        );
        let lossy = judge(seed, id, &cuts, |cut, found| {
            nothing_is_missing(cut, found, group(seed) == 1)
        });
        assert_eq!(lossy, 0);
    }
    assert!(sizes.len() > 1, "no checkpoint was among what was cut");
    // The same at NORMAL: if nothing were lost there either, the cuts above would prove nothing.
    let mut lossy = 0;
    for seed in seeds(101..103) {
        let (id, cuts) = run(seed, Synchronous::Normal, each).await;
        lossy += judge(seed, id, &cuts, |_, _| Ok(()));
    }
    assert!(lossy > 0, "no cut at NORMAL lost an acknowledged write");
    println!("{lossy} cuts at NORMAL lost an acknowledged write");
}
