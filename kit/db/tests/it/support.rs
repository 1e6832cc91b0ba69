//! Fresh databases for a test, on either engine, gone afterwards.

use gantry_db::{
    Databases, DbConfig, DbError, Engine, Migration, MigrationSet, Migrations, TenantDb, directory,
};
use gantry_kernel::{Kernel, Slug, TenantId};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A small schema with every kind of column.
pub(crate) const SCHEMA: Migrations = Migrations {
    module: "test",
    control: &[Migration::new(
        "0001_notes",
        "CREATE TABLE notes (id {int} NOT NULL PRIMARY KEY, body {text} NOT NULL);",
    )],
    tenant: &[Migration::new(
        "0001_all",
        "CREATE TABLE kinds (id {int} NOT NULL PRIMARY KEY, n {int}, b {bool}, t {text}, d {date}, \
           at {time}, j {json}, raw {bytes}, owner {id});
         CREATE TABLE accounts (id {int} NOT NULL PRIMARY KEY, owner {text} NOT NULL, \
           branch {text} NOT NULL DEFAULT 'main', balance {int} NOT NULL CHECK (balance >= 0));
         CREATE UNIQUE INDEX accounts_owner_branch_key ON accounts (owner, branch);
         CREATE TABLE entries (id {int} NOT NULL PRIMARY KEY, \
           account_id {int} NOT NULL REFERENCES accounts (id));
         CREATE TABLE doctors (id {int} NOT NULL PRIMARY KEY, on_call {bool} NOT NULL);",
    )],
};

/// Room for one control database and its tenants.
pub(crate) struct Room {
    pub(crate) engine: Engine,
    pub(crate) dir: TempDir,
    server: String,
    name: String,
}

impl Room {
    pub(crate) fn new(engine: Engine) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let id: TenantId = Kernel::system().id();
        let name = format!("gdb_{}", &id.uuid().simple().to_string()[14..]);
        Self {
            engine,
            dir,
            server: server(),
            name,
        }
    }

    pub(crate) fn config(&self) -> DbConfig {
        match self.engine {
            Engine::Sqlite => DbConfig::sqlite(self.dir.path().join("data")),
            Engine::Postgres => {
                let mut config = DbConfig::postgres(self.url());
                config.postgres.as_mut().unwrap().max_connections = 8;
                config
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn open(&self) -> Databases {
        self.open_with(self.config(), [SCHEMA]).await.unwrap()
    }

    pub(crate) async fn open_with(
        &self,
        config: DbConfig,
        modules: impl IntoIterator<Item = Migrations>,
    ) -> Result<Databases, DbError> {
        Databases::open(config, Kernel::system(), MigrationSet::new(modules)?).await
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.engine == Engine::Postgres {
            let (server, name) = (self.server.clone(), self.name.clone());
            let cleaning = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let client = connect(&server).await;
                    let rows = client
                        .query(
                            "SELECT datname FROM pg_database WHERE starts_with(datname, $1)",
                            &[&name],
                        )
                        .await
                        .unwrap();
                    for row in rows {
                        let name: String = row.get(0);
                        let text = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
                        client.batch_execute(&text).await.unwrap();
                    }
                });
            });
            assert!(
                cleaning.join().is_ok() || std::thread::panicking(),
                "databases stay behind"
            );
        }
    }
}

/// The server for tests.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration but its environment"
)]
pub(crate) fn server() -> String {
    std::env::var("GANTRY_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://root@127.0.0.1:5432/postgres".to_owned())
}

pub(crate) fn with_database(url: &str, database: &str) -> String {
    let (base, _) = url.rsplit_once('/').unwrap();
    format!("{base}/{database}")
}

/// A connection of the test's own, beside the pool.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|error| {
            panic!("these tests need PostgreSQL: set GANTRY_TEST_POSTGRES_URL ({error})")
        });
    tokio::spawn(connection);
    client
}

/// Adds a tenant to the directory without a database.
pub(crate) async fn listed(dbs: &Databases, slug: &str) -> TenantId {
    let id: TenantId = Kernel::system().id();
    let slug: Slug = slug.parse().unwrap();
    dbs.control
        .write(async move |tx| directory::insert(tx, id, &slug, "A Name").await)
        .await
        .unwrap();
    id
}

/// A provisioned tenant.
pub(crate) async fn tenant(dbs: &Databases) -> TenantDb {
    let id: TenantId = Kernel::system().id();
    let tail = id.uuid().simple().to_string();
    let id = listed(dbs, &format!("t{}", &tail[16..])).await;
    dbs.tenants.provision(id).await.unwrap()
}

/// Runs the test of this path again in a process with limits set by the shell; `true` there.
pub(crate) fn inside(limits: &str, name: &str) -> bool {
    const INSIDE: &str = "GANTRY_TEST_WITH_LIMITS";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let child = std::process::Command::new("sh")
        .args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&child.stderr)
    );
    false
}

/// Runs each named test on both engines.
#[macro_export]
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::support::Room::new(gantry_db::Engine::Sqlite)).await;
                }
            )+
        }
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::support::Room::new(gantry_db::Engine::Postgres)).await;
                }
            )+
        }
    };
}
