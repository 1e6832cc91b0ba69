//! A place for databases that is fresh, named like no other, and gone after the test.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gantry_db::{DbConfig, Engine};
use tempfile::TempDir;

use crate::postgres::{self, apart, fresh_name, postgres_url};

/// Room for one control database and its tenants, removed when dropped.
///
/// Keep it alive as long as anything uses the databases: drop what you opened first.
#[derive(Debug)]
pub struct TestDatabases {
    engine: Engine,
    folder: TempDir,
    family: Option<Family>,
}

/// The databases of one test on PostgreSQL: control, and those whose names begin with its name.
#[derive(Debug)]
struct Family {
    server: String,
    name: String,
    url: String,
}

impl TestDatabases {
    /// A temporary folder for SQLite; an empty control database for PostgreSQL. Panics with what to
    /// do when there is no PostgreSQL.
    pub fn new(engine: Engine) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("gantry-test-")
            .tempdir()
            .expect("a temporary folder for the test");
        let family = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Family::create()),
        };
        Self {
            engine,
            folder,
            family,
        }
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// A folder that lives as long as this; the databases of SQLite are in it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of the control database; None on SQLite.
    pub fn control_url(&self) -> Option<&str> {
        self.family.as_ref().map(|family| family.url.as_str())
    }

    /// What the names of the databases beside control on PostgreSQL have after control's: `_t_...` for
    /// a tenant. None on SQLite.
    pub fn suffixes(&self) -> Vec<String> {
        let Some(family) = &self.family else {
            return Vec::new();
        };
        let names = apart(postgres::named_like(&family.server, &family.name));
        let names = names.unwrap_or_else(|error| panic!("the test's databases: {error}"));
        let suffix = |name: &String| name.strip_prefix(&family.name).map(str::to_owned);
        names
            .iter()
            .filter_map(suffix)
            .filter(|suffix| !suffix.is_empty())
            .collect()
    }

    /// Settings for [`gantry_db::Databases::open`], with few connections, since many tests run at
    /// once on one server.
    pub fn config(&self) -> DbConfig {
        let mut config = self
            .control_url()
            .map_or_else(|| DbConfig::sqlite(self.data_dir()), DbConfig::postgres);
        // The bound is for a server; many tests at once on few cores are slow for another reason.
        config.max_transaction = Duration::from_mins(1);
        if let Some(postgres) = &mut config.postgres {
            postgres.max_connections = 8;
        }
        config
    }

    /// Where the databases of SQLite are.
    pub fn data_dir(&self) -> PathBuf {
        self.folder().join("data")
    }
}

impl Family {
    fn create() -> Self {
        let server = postgres_url();
        let name = fresh_name();
        let url = apart(postgres::create(&server, &name));
        let url = url.unwrap_or_else(|error| panic!("a database for the test: {error}"));
        Self { server, name, url }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        let dropped = apart(postgres::drop_family(&self.server, &self.name));
        if let Err(error) = dropped {
            // The next run's sweep takes it; the test itself is not at fault.
            eprintln!("dropping the test's databases {}: {error}", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_gets_a_folder_that_goes() {
        let databases = TestDatabases::new(Engine::Sqlite);
        let folder = databases.folder().to_owned();
        assert!(folder.is_dir());
        assert_eq!(databases.config().engine(), Engine::Sqlite);
        drop(databases);
        assert!(!folder.exists());
    }

    #[test]
    fn postgres_gets_a_database_that_goes() {
        let databases = TestDatabases::new(Engine::Postgres);
        let url = databases.control_url().unwrap().to_owned();
        assert_eq!(databases.config().engine(), Engine::Postgres);
        let reachable = |url: &str| apart(postgres::connect(url)).is_ok();
        assert!(reachable(&url));
        drop(databases);
        assert!(!reachable(&url));
    }
}
