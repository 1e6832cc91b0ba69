//! What storage costs: commits shared and alone, point reads, cold opens, a fleet. SQLite only.
//!
//! `cargo bench -p gantry-db` runs all of it; names after `--` choose (`writes`, `reads`, `opens`,
//! `fleet`).
//! Databases lie in a temporary folder (`TMPDIR` moves it), so the figures are those of its disk. CPU
//! is that of the whole process, the callers included, in the kernel's ticks of 10 ms.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on has failed, and its output is what it is for"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use gantry_db::{
    Databases, DbConfig, DbError, Migration, MigrationSet, Migrations, Synchronous, TenantDb, args,
    directory, sql,
};
use gantry_kernel::{Kernel, TenantId};

const SCHEMA: Migrations = Migrations {
    module: "bench",
    control: &[],
    tenant: &[Migration::new(
        "0001_sessions",
        "CREATE TABLE sessions (id {text} NOT NULL PRIMARY KEY, user_id {text} NOT NULL, \
           created {time} NOT NULL, seen {time} NOT NULL, ip {text} NOT NULL, agent {text} NOT NULL, \
           n {int} NOT NULL);
         CREATE INDEX sessions_user ON sessions (user_id);",
    )],
};

const ROWS: i64 = 100_000;
const EACH: Duration = Duration::from_secs(4);

fn main() {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|one| one == name);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        if wanted("writes") {
            println!(
                "insert, callers       mode    writes/commit     op/s  CPU us/op  p50 ms  p99 ms"
            );
            for synchronous in [Synchronous::Full, Synchronous::Normal] {
                for callers in [1, 8, 64] {
                    for shared in [1, 128] {
                        writes(synchronous, callers, shared).await;
                    }
                }
            }
        }
        if wanted("reads") {
            reads().await;
        }
        if wanted("opens") {
            opens().await;
        }
        if wanted("fleet") {
            fleet().await;
        }
    });
}

struct Place {
    dbs: Databases,
    _dir: tempfile::TempDir,
}

impl Place {
    async fn new(change: impl FnOnce(&mut DbConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = DbConfig::sqlite(dir.path().join("data"));
        change(&mut config);
        let migrations = MigrationSet::new([SCHEMA]).unwrap();
        let dbs = Databases::open(config, Kernel::system(), migrations)
            .await
            .unwrap();
        Self { dbs, _dir: dir }
    }

    async fn tenant(&self) -> TenantDb {
        let id: TenantId = Kernel::system().id();
        let slug = format!("t{}", &id.uuid().simple().to_string()[16..]);
        let slug = slug.parse().unwrap();
        self.dbs
            .control
            .write(async move |tx| directory::insert(tx, id, &slug, "A Name").await)
            .await
            .unwrap();
        self.dbs.tenants.provision(id).await.unwrap()
    }
}

async fn insert(db: &TenantDb, from: i64, many: i64) -> Result<(), DbError> {
    db.write(async move |tx| {
        for n in from..from + many {
            tx.execute(
                sql!("INSERT INTO sessions VALUES ($1, $2, $3, $3, $4, $5, $3)"),
                &args![key(n), key(n / 10), n, "203.0.113.7", "Mozilla/5.0 (X11)"],
            )
            .await?;
        }
        Ok(())
    })
    .await
}

/// Spread over the whole index, as random keys are.
fn key(n: i64) -> String {
    let spread = n.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("{spread:016x}{n:016x}")
}

async fn filled(db: &TenantDb) {
    for from in (0..ROWS).step_by(500) {
        insert(db, from, 500).await.unwrap();
    }
}

async fn writes(synchronous: Synchronous, callers: usize, shared: usize) {
    let place = Place::new(|config| {
        config.sqlite.synchronous = synchronous;
        config.sqlite.group.writes = shared;
    })
    .await;
    let db = place.tenant().await;
    let next = Arc::new(AtomicI64::new(0));
    let (begun, cpu) = (Instant::now(), cpu());
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (db, next) = (db.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut took = Vec::new();
                while begun.elapsed() < EACH {
                    let asked = Instant::now();
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    insert(&db, n, 1).await.unwrap();
                    took.push(asked.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    let (wall, cpu) = (begun.elapsed(), self::cpu().saturating_sub(cpu));
    took.sort_unstable();
    let many = count(took.len());
    println!(
        "{callers:>15} {:>10} {:>16} {:>8.0} {:>10.0} {:>7.2} {:>7.2}",
        format!("{synchronous:?}"),
        if shared == 1 { "1" } else { "shared" },
        many / wall.as_secs_f64(),
        micros(cpu) / many,
        micros(share(&took, 50)) / 1000.0,
        micros(share(&took, 99)) / 1000.0,
    );
}

async fn reads() {
    const MANY: u32 = 200_000;
    let place = Place::new(|config| config.sqlite.synchronous = Synchronous::Normal).await;
    let db = place.tenant().await;
    filled(&db).await;
    for _ in 0..2 {
        let (begun, cpu) = (Instant::now(), cpu());
        for n in 0..MANY {
            let id = key(i64::from(n) * 7919 % ROWS);
            let found: Result<(String, i64), DbError> = db
                .read(async |tx| {
                    tx.one(
                        sql!("SELECT user_id, seen FROM sessions WHERE id = $1"),
                        &args![id],
                    )
                    .await
                })
                .await;
            found.unwrap();
        }
        println!(
            "point read, {ROWS} rows: {:.1} us of CPU, {:.1} us in all",
            micros(self::cpu().saturating_sub(cpu)) / f64::from(MANY),
            micros(begun.elapsed()) / f64::from(MANY),
        );
    }
}

/// Every open closes another: the cache is smaller than the fleet.
async fn opens() {
    const FLEET: usize = 1_000;
    let place = Place::new(|config| {
        config.sqlite.synchronous = Synchronous::Normal;
        config.max_open_tenants = Some(100);
    })
    .await;
    let mut fleet = Vec::new();
    let mut made = Vec::new();
    for n in 0..FLEET {
        let begun = Instant::now();
        let db = place.tenant().await;
        made.push(begun.elapsed());
        insert(&db, i64::try_from(n).unwrap(), 1).await.unwrap();
        fleet.push(db.id());
    }
    let mut took = Vec::new();
    for n in 0..3 * FLEET {
        let id = fleet[n * 7919 % FLEET];
        let begun = Instant::now();
        let db = place.dbs.tenants.get(id).await.unwrap();
        let rows: Result<(i64,), DbError> = db
            .read(async |tx| {
                tx.one(sql!("SELECT count(*) FROM sessions"), &args![])
                    .await
            })
            .await;
        took.push(begun.elapsed());
        assert_eq!(rows.unwrap(), (1,));
    }
    for (what, mut took) in [
        ("create a tenant", made),
        ("cold open and first read", took),
    ] {
        took.sort_unstable();
        println!(
            "{what}: p50 {:.2} ms, p99 {:.2} ms",
            micros(share(&took, 50)) / 1000.0,
            micros(share(&took, 99)) / 1000.0,
        );
    }
}

/// Ten thousand tenants of which some are asked for much more than others, as many open as two thousand.
/// Files are in the page cache: they were just made.
async fn fleet() {
    const FLEET: usize = 10_000;
    const OPEN: usize = 2_000;
    const ASKED: usize = 40_000;
    let place = Place::new(|config| {
        config.sqlite.synchronous = Synchronous::Normal;
        config.max_open_tenants = Some(OPEN);
    })
    .await;
    let (mut ids, mut made) = (Vec::new(), Vec::new());
    for _ in 0..FLEET {
        let begun = Instant::now();
        ids.push(place.tenant().await.id());
        made.push(begun.elapsed());
    }
    for id in &ids {
        place.dbs.tenants.close(*id);
    }
    let kernel = Kernel::system();
    let before = memory();
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..ASKED {
        // The square of a random share: half of all that is asked for goes to a quarter of the tenants.
        let most = u64::try_from(FLEET).unwrap();
        let (one, other) = (kernel.below(most), kernel.below(most));
        let at = usize::try_from(one * other / most).unwrap();
        let known = place.dbs.tenants.numbers().misses;
        let begun = Instant::now();
        let db = place.dbs.tenants.get(ids[at]).await.unwrap();
        let rows: Result<(i64,), DbError> = db
            .read(async |tx| {
                tx.one(sql!("SELECT count(*) FROM sessions"), &args![])
                    .await
            })
            .await;
        rows.unwrap();
        let took = begun.elapsed();
        if place.dbs.tenants.numbers().misses > known {
            cold.push(took);
        } else {
            warm.push(took);
        }
    }
    let numbers = place.dbs.tenants.numbers();
    for (what, mut took) in [
        ("create a tenant of ten thousand", made),
        ("cold open and first read", cold),
        ("warm read", warm),
    ] {
        took.sort_unstable();
        println!(
            "{what} ({}): p50 {:.2} ms, p99 {:.2} ms",
            took.len(),
            micros(share(&took, 50)) / 1000.0,
            micros(share(&took, 99)) / 1000.0,
        );
    }
    println!(
        "memory: {} MiB before, {} MiB with {} open ({} closed to make room)",
        before >> 10,
        memory() >> 10,
        numbers.open,
        numbers.closed,
    );
}

/// The memory of this process that is in use, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

fn share(sorted: &[Duration], percent: usize) -> Duration {
    let at = sorted.len() * percent / 100;
    sorted.get(at).copied().unwrap_or_default()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn count(many: usize) -> f64 {
    f64::from(u32::try_from(many).unwrap())
}

/// CPU time of this process so far: fields 14 and 15 of its stat line, after the name in parentheses.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let ticks: u64 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}
