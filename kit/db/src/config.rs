//! Settings of the storage layer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::PostgresConfig;

/// A database engine.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
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

    /// The name in OpenTelemetry's conventions.
    pub(crate) const fn otel_name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
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
    /// `Some` puts control, and tenants unless [`DbConfig::placement`] says otherwise, on PostgreSQL.
    pub postgres: Option<PostgresConfig>,
    /// Further PostgreSQL servers for tenants, by name. The database of their URL holds nothing: it is
    /// where commands are given, and names of tenants' databases begin with its name. It is made when it
    /// is missing. Connections to all servers together stay below the largest `max_connections` given.
    pub clusters: BTreeMap<String, PostgresConfig>,
    /// Where databases of new tenants are made.
    pub placement: Placement,
    /// The SQLite settings.
    pub sqlite: SqliteConfig,
    /// The longest a transaction may take, from its first statement to its commit.
    pub max_transaction: Duration,
    /// The longest a call waits for a free connection before it fails as overloaded.
    pub max_wait: Duration,
    /// How many tenant databases may be open at once. Not set: 2000, or with SQLite as many as half of
    /// the files that the process may have open are enough for (11 each with two readers; the soft
    /// limit is raised to the hard one first), but at least 16.
    /// [`Databases::config`](crate::Databases::config) says the number in use.
    pub max_open_tenants: Option<usize>,
    /// How many writes may wait for one SQLite database.
    pub max_queued_writes: usize,
    /// The folder in which a copy of a database is kept from before its schema changes. Without it none
    /// is kept.
    pub keep_before_upgrade: Option<PathBuf>,
    /// Statements that take this long or longer are logged, with their text and without their values.
    /// `None` logs none.
    pub slow_statement: Option<Duration>,
}

impl DbConfig {
    /// SQLite files below `data_dir`, everything else at its default.
    pub fn sqlite(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            postgres: None,
            clusters: BTreeMap::new(),
            placement: Placement::default(),
            sqlite: SqliteConfig::default(),
            max_transaction: Duration::from_secs(5),
            max_wait: Duration::from_secs(5),
            max_open_tenants: None,
            max_queued_writes: 1024,
            keep_before_upgrade: None,
            slow_statement: Some(Duration::from_millis(500)),
        }
    }

    /// PostgreSQL; the URL names the control database, which is created when it is missing.
    pub fn postgres(url: impl Into<String>) -> Self {
        let mut config = Self::sqlite(PathBuf::new());
        config.postgres = Some(PostgresConfig::new(url));
        config
    }

    /// The engine these settings choose for control.
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

/// Where databases of new tenants are made.
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
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Where control is: files beside it, or its server.
    #[default]
    BesideControl,
    /// On the PostgreSQL server with the fewest tenants (control's own is one of them) that has room.
    LeastUsed,
}
