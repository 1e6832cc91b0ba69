//! Settings of the storage layer.

use std::path::PathBuf;
use std::time::Duration;

use gantry_kernel::is_loopback;
use tokio_postgres::config::Host;

/// Which database engine holds control and tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// One file per database.
    Sqlite,
    /// One PostgreSQL database per Gantry database.
    Postgres,
}

impl Engine {
    /// The name used in settings and in the tenant directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// How SQLite flushes a commit.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// Every commit is synced: an acknowledged write survives power loss.
    #[default]
    Full,
    /// Synced at checkpoints only: power loss may take the last commits, never consistency.
    Normal,
}

/// Settings for [`Databases::open`](crate::Databases::open).
#[derive(Clone, Debug)]
pub struct DbConfig {
    /// Where SQLite keeps its files. PostgreSQL does not use it.
    pub data_dir: PathBuf,
    /// `Some` puts control and tenants on PostgreSQL.
    pub postgres: Option<PostgresConfig>,
    /// The SQLite settings.
    pub sqlite: SqliteConfig,
    /// The longest a transaction may take, from its first statement to its commit.
    pub max_transaction: Duration,
    /// The longest a call waits for a free connection before it fails as overloaded.
    pub max_wait: Duration,
    /// How many tenant databases may be open at once. Not set: 500, or on SQLite as many as half of
    /// the files that the process may have open are enough for (11 each with two readers; the soft
    /// limit is raised to the hard one first), but at least 16.
    /// [`Databases::config`](crate::Databases::config) says the number in use.
    pub max_open_tenants: Option<usize>,
    /// How many writes may wait for one SQLite database.
    pub max_queued_writes: usize,
}

impl DbConfig {
    /// SQLite files below `data_dir`, everything else at its default.
    pub fn sqlite(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            postgres: None,
            sqlite: SqliteConfig::default(),
            max_transaction: Duration::from_secs(5),
            max_wait: Duration::from_secs(5),
            max_open_tenants: None,
            max_queued_writes: 1024,
        }
    }

    /// PostgreSQL; the URL names the control database, which is created when it is missing.
    pub fn postgres(url: impl Into<String>) -> Self {
        let mut config = Self::sqlite(PathBuf::new());
        config.postgres = Some(PostgresConfig::new(url));
        config
    }

    /// The engine these settings choose.
    pub const fn engine(&self) -> Engine {
        if self.postgres.is_some() {
            Engine::Postgres
        } else {
            Engine::Sqlite
        }
    }
}

/// SQLite settings.
#[derive(Clone, Debug)]
pub struct SqliteConfig {
    /// How a commit is flushed.
    pub synchronous: Synchronous,
    /// How long to wait for a lock held by another process (a rescue command, a backup).
    pub busy_timeout: Duration,
    /// Threads that write tenants; control has one of its own besides.
    pub writer_threads: usize,
    /// Reader connections kept per database.
    pub readers: usize,
    /// The largest a database file may grow, in bytes; `None` leaves it to the disk.
    pub max_database_bytes: Option<u64>,
    /// How many writes may share one commit.
    pub group: GroupLimits,
    /// How large the log grows before it is copied into the file, beside the writer.
    pub checkpoint_bytes: u64,
    /// How large the log grows before the writer itself empties it, which makes writes wait. A read
    /// that looks at the log keeps it from being emptied, and then it grows on until the read ends.
    pub max_log_bytes: u64,
}

/// Bounds of a group commit. A write never waits for others to come: a group is what was queued
/// while the one before it was written.
#[derive(Clone, Copy, Debug)]
pub struct GroupLimits {
    /// The most writes in a group; 1 gives each a commit of its own.
    pub writes: usize,
    /// A group that has bound so many bytes of arguments takes in no other write.
    pub bytes: usize,
    /// A group that has run so long takes in no other write.
    pub time: Duration,
    /// A write that takes longer than this in a group of others is taken back and run alone, so
    /// that the others need not wait for it.
    pub share: Duration,
}

impl Default for GroupLimits {
    fn default() -> Self {
        Self {
            writes: 128,
            bytes: 1 << 20,
            time: Duration::from_millis(10),
            share: Duration::from_millis(100),
        }
    }
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            writer_threads: 2,
            readers: 2,
            max_database_bytes: None,
            group: GroupLimits::default(),
            checkpoint_bytes: 4 << 20,
            max_log_bytes: 64 << 20,
        }
    }
}

/// PostgreSQL settings.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/control_database`.
    pub url: String,
    /// The most connections this process holds, control and all tenants together; at least 4.
    pub max_connections: usize,
    /// Keep prepared statements by name for the life of a connection. Turn off behind PgBouncer
    /// older than 1.21 in transaction mode.
    pub named_statements: bool,
    /// The server side of a connection may change between transactions (any pooler in transaction
    /// mode): limits are then set per transaction instead of once per connection.
    pub transaction_pooler: bool,
}

impl PostgresConfig {
    /// Defaults for this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 32,
            named_statements: true,
            transaction_pooler: false,
        }
    }

    /// The servers of the URL that are not on this machine: on the way to them everybody can read along, because there is no
    /// TLS yet. Nothing when the URL cannot be read; opening says why.
    pub fn far_hosts(&self) -> Vec<String> {
        let Ok(config) = self.url.parse::<tokio_postgres::Config>() else {
            return Vec::new();
        };
        // Where an address is given besides the name, the address is what is connected to.
        let addresses = config.get_hostaddrs();
        if !addresses.is_empty() {
            let far = addresses.iter().filter(|address| !address.is_loopback());
            return far.map(ToString::to_string).collect();
        }
        let far = config.get_hosts().iter().filter_map(|host| match host {
            Host::Tcp(name) if !is_loopback(name) => Some(name.clone()),
            _ => None,
        });
        far.collect()
    }
}

impl std::fmt::Debug for PostgresConfig {
    /// Leaves out the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("max_connections", &self.max_connections)
            .field("named_statements", &self.named_statements)
            .field("transaction_pooler", &self.transaction_pooler)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_another_machine_is_known_by_its_address() {
        for (url, far) in [
            ("postgres://me@127.0.0.1/x", ""),
            ("postgres://me@localhost:5433/x", ""),
            ("postgres://me@[::1]/x", ""),
            ("postgres://me@%2Frun%2Fpostgresql/x", ""),
            ("postgres:///x?host=/run/postgresql", ""),
            ("postgres://me:p@db.example.com/x", "db.example.com"),
            (
                "postgres://me@localhost.example.com/x",
                "localhost.example.com",
            ),
            ("postgres://me@10.0.0.7/x", "10.0.0.7"),
            ("postgres://me@127.0.0.1,10.0.0.7/x", "10.0.0.7"),
            ("postgres://me@localhost/x?hostaddr=10.0.0.7", "10.0.0.7"),
            ("postgres://me@db.example.com/x?hostaddr=127.0.0.1", ""),
            ("no url", ""),
        ] {
            assert_eq!(PostgresConfig::new(url).far_hosts().join(","), far, "{url}");
        }
    }
}
