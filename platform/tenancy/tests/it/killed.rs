//! Moves whose process is killed at any point, while another one writes: nothing acknowledged is lost,
//! nothing is there twice, and there is one home.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gantry_contracts::Contracts;
use gantry_db::{
    Databases, DbConfig, DbError, Engine, Home, MigrationSet, PostgresConfig, args, directory, sql,
};
use gantry_jobs::{Hints, Runner, RunnerConfig};
use gantry_kernel::{Kernel, TenantId};
use gantry_tenancy::{By, MoveState, Tenancy, TenancyConfig};
use gantry_testkit::{TestDatabases, both_engines};

use crate::support::{MEMBERS, NOTES};

/// What the process that is killed finds: control's place, and the other server's.
const CONTROL: &str = "GANTRY_TEST_MOVE_CONTROL";
const NORTH: &str = "GANTRY_TEST_MOVE_NORTH";
/// Longer than any move here takes, kill and lease included.
const PATIENCE: Duration = Duration::from_mins(3);

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration but its environment"
)]
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A process without routes, on real time: leases must run out.
async fn open(control: &str, north: &str) -> (Databases, Arc<Tenancy>, Arc<Hints>) {
    let mut config = if control.starts_with("postgres") {
        let mut config = DbConfig::postgres(control);
        config.postgres.as_mut().unwrap().max_connections = 12;
        config
    } else {
        DbConfig::sqlite(control)
    };
    let mut server = PostgresConfig::new(north);
    server.max_connections = 12;
    config.clusters.insert("north".to_owned(), server);
    config.max_transaction = Duration::from_secs(20);
    let modules = [
        gantry_audit::MIGRATIONS,
        gantry_jobs::MIGRATIONS,
        gantry_http::migrations(),
        MEMBERS,
        NOTES,
        gantry_tenancy::MIGRATIONS,
    ];
    let (kernel, longest) = (Kernel::system(), config.max_transaction);
    let set = MigrationSet::new(modules).unwrap();
    let databases = Databases::open(config, kernel.clone(), set).await.unwrap();
    let hints = Hints::new(databases.control.clone(), kernel, longest);
    databases.install_hook(hints.clone()).unwrap();
    let contracts = Contracts::new();
    let tenancy = Arc::new(Tenancy {
        control: databases.control.clone(),
        tenants: databases.tenants.clone(),
        members: contracts.members.clone(),
        files: contracts.files.clone(),
        access_cache: contracts.access_cache.clone(),
        config: TenancyConfig {
            move_attempts: 1_000,
            ..TenancyConfig::default()
        },
    });
    (databases, tenancy, hints)
}

/// The process that is killed: it moves what is asked for until then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mover() {
    let (Some(control), Some(north)) = (set(CONTROL), set(NORTH)) else {
        return;
    };
    let (databases, tenancy, hints) = open(&control, &north).await;
    let kind = gantry_tenancy::move_job(tenancy)
        .lease(Duration::from_secs(2))
        .backoff(Duration::from_millis(200), Duration::from_secs(1));
    let runner = Runner::new(
        databases.control.clone(),
        databases.tenants.clone(),
        Kernel::system(),
        hints,
        RunnerConfig::default(),
        vec![kind],
        Vec::new(),
    )
    .unwrap();
    let _running = runner.start();
    std::future::pending::<()>().await;
}

struct Mover(Child);

impl Mover {
    fn start(control: &str, north: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::mover", "--nocapture"])
            .envs([(CONTROL, control), (NORTH, north)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Mover {
    /// SIGKILL: it has no say in it.
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

async fn note(databases: &Databases, tenant: TenantId, key: u64) -> Result<(), DbError> {
    let db = databases.tenants.get(tenant).await?;
    db.write(async move |tx| {
        let insert = sql!("insert into test_notes (id) values ($1)");
        tx.execute(insert, &args![format!("{key:08}")])
            .await
            .map(drop)
    })
    .await
}

both_engines! {
    /// As many rounds as `GANTRY_TEST_MOVES` says, or 5.
    async fn a_killed_move_loses_nothing(engine: Engine) {
        let (place, other) = (TestDatabases::new(engine), TestDatabases::new(Engine::Postgres));
        let control = place
            .control_url()
            .map_or_else(|| place.data_dir().display().to_string(), str::to_owned);
        let north = other.control_url().unwrap().to_owned();
        let rounds: u32 = set("GANTRY_TEST_MOVES").map_or(5, |rounds| rounds.parse().unwrap());
        let (databases, tenancy, _hints) = open(&control, &north).await;
        let id: TenantId = Kernel::system().id();
        let slug = "acme".parse().unwrap();
        databases
            .control
            .write(async move |tx: &mut gantry_db::ControlTx| {
                directory::insert(tx, id, &slug, "Acme").await?;
                directory::set_state(tx, id, gantry_db::TenantState::Active, None).await
            })
            .await
            .unwrap();
        databases.tenants.provision(id).await.unwrap();
        let own = databases.tenants.homes().remove(0).to_string();

        let (over, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let (databases, over, next) = (databases.clone(), Arc::clone(&over), Arc::clone(&next));
                tokio::spawn(async move {
                    let (mut acknowledged, mut unknown) = (Vec::new(), Vec::new());
                    while !over.load(Ordering::Relaxed) {
                        let key = next.fetch_add(1, Ordering::Relaxed);
                        match note(&databases, id, key).await {
                            Ok(()) => acknowledged.push(key),
                            Err(DbError::CommitUnknown(_)) => unknown.push(key),
                            // Its file was removed between the look into the directory and the opening.
                            Err(DbError::TenantMissing(_)) => {}
                            Err(error) => assert!(error.is_transient(), "{error}"),
                        }
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    (acknowledged, unknown)
                })
            })
            .collect();

        let dice = Kernel::system();
        for round in 0..rounds {
            let to = if round % 2 == 0 { "north" } else { own.as_str() };
            let one = tenancy.begin_move("acme", to, By::rescue()).await.unwrap();
            let mover = Mover::start(&control, &north);
            tokio::time::sleep(Duration::from_millis(dice.below(2_500))).await;
            drop(mover);
            let _mover = Mover::start(&control, &north);
            let begun = Instant::now();
            loop {
                let moves = tenancy.moves("acme").await.unwrap();
                let state = moves.iter().find(|known| known.id == one.id).unwrap().state;
                if state == MoveState::Moved {
                    break;
                }
                assert!(begun.elapsed() < PATIENCE, "round {round}: {moves:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            tenancy.confirm_move("acme", one.id, By::rescue()).await.unwrap();
            let at = tenancy.find("acme").await.unwrap();
            assert_eq!(Home::of(&at).to_string(), to, "round {round}");
            // Somebody writes in the new home before it is left.
            let before = next.load(Ordering::Relaxed);
            while next.load(Ordering::Relaxed) < before + 20 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        over.store(true, Ordering::Relaxed);
        let (mut acknowledged, mut unknown) = (Vec::new(), Vec::new());
        for writer in writers {
            let (some, others) = writer.await.unwrap();
            acknowledged.extend(some);
            unknown.extend(others);
        }
        let db = databases.tenants.get(id).await.unwrap();
        let rows: Vec<(String,)> = db
            .read(async |tx| tx.all(sql!("select id from test_notes order by id"), &args![]).await)
            .await
            .unwrap_or_else(|error: DbError| panic!("{error}"));
        let kept: Vec<u64> = rows.into_iter().map(|(id,)| id.parse().unwrap()).collect();
        for key in &acknowledged {
            assert!(kept.binary_search(key).is_ok(), "{key} was acknowledged and is lost");
        }
        for key in &kept {
            let told = acknowledged.contains(key) || unknown.contains(key);
            assert!(told, "{key} was refused and is there");
        }
        assert!(acknowledged.len() > 20 * rounds as usize, "{}", acknowledged.len());
    }
}
