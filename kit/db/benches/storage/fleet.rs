//! Ten thousand tenants, of which some are asked for much more than others; as many open as two thousand.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gantry_db::{
    Databases, DbConfig, DbError, MigrationSet, TenantDb, TenantState, args, directory, sql,
};
use gantry_kernel::{Kernel, TenantId};
use rustix::fs::{Advice, fadvise};
use serde::Serialize;

use super::{Place, SCHEMA, cpu_per_read, insert, micros, share};

/// Tenants open at once.
const OPEN: usize = 2_000;
/// Reads of a tenant chosen at random.
const ASKED: usize = 40_000;
/// Opens of databases that the system has forgotten.
const FORGOTTEN: usize = 1_000;
/// Tenants made on PostgreSQL: each is a database of some megabytes.
const ON_POSTGRES: usize = 60;

/// What is asked for on the command line.
pub(crate) struct Wanted {
    pub(crate) size: usize,
    /// The folder in which the fleet is left.
    pub(crate) keep: Option<PathBuf>,
    /// Control's database on a server, made for this.
    pub(crate) postgres: Option<String>,
    /// Where the figures are written, as JSON.
    pub(crate) figures: Option<PathBuf>,
}

/// A figure, and the most it should be.
#[derive(Serialize)]
struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    most: Option<f64>,
}

pub(crate) async fn fleet(wanted: &Wanted) {
    let mut figures = Vec::new();
    let temporary = tempfile::tempdir().unwrap();
    let kept = wanted.keep.as_deref().unwrap_or(temporary.path());
    on_sqlite(wanted.size, kept, &mut figures).await;
    if let Some(url) = &wanted.postgres {
        on_postgres(url, &mut figures).await;
    }
    figures.push(Figure {
        what: "point read through kit/db by primary key, 100,000 rows: CPU".to_owned(),
        value: cpu_per_read().await,
        unit: "us",
        most: Some(15.0),
    });
    for Figure {
        what, value, unit, ..
    } in &figures
    {
        println!("{what}: {value:.2} {unit}");
    }
    if let Some(path) = &wanted.figures {
        std::fs::write(path, serde_json::to_vec(&figures).unwrap()).unwrap();
    }
}

async fn on_sqlite(size: usize, data: &Path, figures: &mut Vec<Figure>) {
    let mut config = DbConfig::sqlite(data);
    config.max_open_tenants = Some(OPEN);
    let dbs = open(config).await;
    let begun = Instant::now();
    let (mut fleet, mut made) = (Vec::new(), Vec::new());
    for number in 0..size {
        let (db, took) = made_one(&dbs).await;
        made.push(took);
        insert(&db, i64::try_from(number).unwrap(), 1)
            .await
            .unwrap();
        fleet.push(db.id());
    }
    let all = begun.elapsed();
    quantiles(
        figures,
        &format!("make one of {size} tenants on SQLite"),
        made,
        Some(20.0),
        None,
    );
    figures.push(told(
        format!("make all {size}, one after the other, with a row each"),
        all.as_secs_f64(),
        "s",
    ));
    for id in &fleet {
        dbs.tenants.close(*id);
    }
    let before = memory();
    let (cold, warm) = asked(&dbs, &fleet).await;
    let numbers = dbs.tenants.numbers();
    let open = numbers.open;
    quantiles(
        figures,
        "open a tenant and read from it, its file in the page cache",
        cold,
        None,
        Some(10.0),
    );
    quantiles(
        figures,
        "read from an open tenant, chosen in the same way",
        warm,
        None,
        None,
    );
    figures.push(told(
        "memory of the process before".to_owned(),
        before,
        "MiB",
    ));
    figures.push(told(
        format!("memory with {open} tenants open"),
        memory(),
        "MiB",
    ));
    for id in &fleet {
        dbs.tenants.close(*id);
    }
    let forgotten = opened_from_disk(&dbs, data, &fleet).await;
    quantiles(
        figures,
        "the same, its file not in the page cache",
        forgotten,
        None,
        Some(10.0),
    );
    dbs.close().await.unwrap();
}

/// The square of a random share: half of all that is asked for goes to a quarter of the tenants. Those that were not open
/// first, then the others.
async fn asked(dbs: &Databases, fleet: &[TenantId]) -> (Vec<Duration>, Vec<Duration>) {
    let kernel = Kernel::system();
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    let most = u64::try_from(fleet.len()).unwrap();
    for _ in 0..ASKED {
        let at = kernel.below(most) * kernel.below(most) / most;
        let known = dbs.tenants.numbers().misses;
        let begun = Instant::now();
        read(dbs, fleet[usize::try_from(at).unwrap()]).await;
        let took = begun.elapsed();
        if dbs.tenants.numbers().misses > known {
            cold.push(took);
        } else {
            warm.push(took);
        }
    }
    (cold, warm)
}

/// Files that are on the disk and nowhere else.
async fn opened_from_disk(dbs: &Databases, data: &Path, fleet: &[TenantId]) -> Vec<Duration> {
    let mut took = Vec::new();
    for number in 0..FORGOTTEN.min(fleet.len()) {
        let id = fleet[number * 7919 % fleet.len()];
        dbs.tenants.close(id);
        let found = dbs
            .control
            .read(async |tx| directory::by_id(tx, id).await)
            .await;
        let at = data.join("tenants").join(found.unwrap().unwrap().database);
        for suffix in ["", "-wal", "-shm"] {
            let mut name = at.clone().into_os_string();
            name.push(suffix);
            if let Ok(file) = std::fs::File::open(&name) {
                file.sync_all().unwrap();
                fadvise(&file, 0, None, Advice::DontNeed).unwrap();
            }
        }
        let begun = Instant::now();
        read(dbs, id).await;
        took.push(begun.elapsed());
    }
    took
}

async fn on_postgres(url: &str, figures: &mut Vec<Figure>) {
    let dbs = open(DbConfig::postgres(url)).await;
    // It makes the template.
    made_one(&dbs).await;
    let mut made = Vec::new();
    for _ in 0..ON_POSTGRES {
        made.push(made_one(&dbs).await.1);
    }
    quantiles(
        figures,
        "make a tenant on PostgreSQL",
        made,
        Some(200.0),
        None,
    );
    dbs.close().await.unwrap();
}

async fn open(config: DbConfig) -> Databases {
    let migrations = MigrationSet::new([SCHEMA]).unwrap();
    Databases::open(config, Kernel::system(), migrations)
        .await
        .unwrap()
}

async fn made_one(dbs: &Databases) -> (TenantDb, Duration) {
    let begun = Instant::now();
    let db = Place::make(dbs).await;
    let took = begun.elapsed();
    let id = db.id();
    let active = dbs
        .control
        .write(async move |tx| directory::set_state(tx, id, TenantState::Active, None).await);
    active.await.unwrap();
    (db, took)
}

async fn read(dbs: &Databases, id: TenantId) {
    let db = dbs.tenants.get(id).await.unwrap();
    let rows: Result<(i64,), DbError> = db
        .read(async |tx| {
            tx.one(sql!("SELECT count(*) FROM sessions"), &args![])
                .await
        })
        .await;
    rows.unwrap();
}

fn quantiles(
    figures: &mut Vec<Figure>,
    what: &str,
    mut took: Vec<Duration>,
    p50: Option<f64>,
    p99: Option<f64>,
) {
    took.sort_unstable();
    for (name, percent, most) in [("p50", 50, p50), ("p99", 99, p99)] {
        figures.push(Figure {
            what: format!("{what} ({}): {name}", took.len()),
            value: micros(share(&took, percent)) / 1000.0,
            unit: "ms",
            most,
        });
    }
}

const fn told(what: String, value: f64, unit: &'static str) -> Figure {
    Figure {
        what,
        value,
        unit,
        most: None,
    }
}

/// The memory of this process that is in use, in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}
