//! What storage costs: commits shared and alone, point reads, cold opens, a fleet. SQLite, and of the fleet PostgreSQL too.
//!
//! `cargo bench -p gantry-db` runs all of it; names after `--` choose (`writes`, `reads`, `opens`,
//! `fleet`). `cargo xtask bench fleet` runs the last with `--keep`, `--postgres` and `--figures`, and adds what the program
//! does with such a fleet.
//! Databases lie in a temporary folder (`TMPDIR` moves it), so the figures are those of its disk. CPU
//! is that of the whole process, the callers included, in the kernel's ticks of 10 ms.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on has failed, and its output is what it is for"
)]

mod fleet;

use std::collections::BTreeMap;
use std::path::PathBuf;
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
    let (mut chosen, mut options) = (Vec::new(), BTreeMap::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            option if option.starts_with("--") => {
                options.insert(option.to_owned(), words.next().unwrap());
            }
            _ => chosen.push(word),
        }
    }
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
            let path = |name: &str| options.get(name).map(PathBuf::from);
            let size = options
                .get("--size")
                .map_or(10_000, |size| size.parse().unwrap());
            fleet::fleet(&fleet::Wanted {
                size,
                keep: path("--keep"),
                postgres: options.get("--postgres").cloned(),
                figures: path("--figures"),
            })
            .await;
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
        Self::make(&self.dbs).await
    }

    async fn make(dbs: &Databases) -> TenantDb {
        let id: TenantId = Kernel::system().id();
        let slug = format!("t{}", &id.uuid().simple().to_string()[16..]);
        let slug = slug.parse().unwrap();
        dbs.control
            .write(async move |tx| directory::insert(tx, id, &slug, "A Name").await)
            .await
            .unwrap();
        dbs.tenants.provision(id).await.unwrap()
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
    for _ in 0..2 {
        let took = cpu_per_read().await;
        println!("point read, {ROWS} rows: {took:.1} us of CPU");
    }
}

/// In microseconds; of this process, which does nothing else.
async fn cpu_per_read() -> f64 {
    const MANY: u32 = 200_000;
    let place = Place::new(|config| config.sqlite.synchronous = Synchronous::Normal).await;
    let db = place.tenant().await;
    filled(&db).await;
    let begun = cpu();
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
    micros(cpu().saturating_sub(begun)) / f64::from(MANY)
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
