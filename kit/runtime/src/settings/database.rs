//! The `[database]` section.

use gantry_db::{DbConfig, PostgresConfig, Synchronous};
use gantry_kernel::{ByteSize, Period, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Remark;

/// Where data is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// "postgres://user:password@host:5432/gantry" puts control and tenants on PostgreSQL; the
    /// database named is control's and is made if it is missing. Not set: SQLite files in the data
    /// directory.
    pub url: Secret<String>,
    /// How long a PostgreSQL that does not answer is waited for at start, since in a cluster it may
    /// be starting too. Afterwards the start fails.
    pub start_timeout: Period,
    /// The longest a transaction may take.
    pub max_transaction: Period,
    /// The longest a request waits for a free connection or writer before it fails as overloaded.
    pub max_wait: Period,
    /// How many tenant databases may be open at once. Not set: 500, or with SQLite fewer if the
    /// process may not open so many files (its hard limit, see ulimit -Hn; 11 files for a tenant).
    pub max_open_tenants: Option<usize>,
    /// SQLite only.
    pub sqlite: SqliteSettings,
    /// PostgreSQL only.
    pub postgres: PostgresSettings,
}

/// SQLite.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SqliteSettings {
    /// full: what was acknowledged survives a power cut. normal: faster, and a power cut may take
    /// the last moments.
    pub synchronous: Synchronous,
    /// How long to wait for a lock held by another process, such as a rescue command.
    pub busy_timeout: Period,
    /// Threads that write tenants' databases; control has one of its own.
    pub writer_threads: usize,
    /// Reader connections kept per database.
    pub readers: usize,
    /// How many writes may wait for one database.
    pub max_queued_writes: usize,
    /// The largest one database file may grow. Not set: as large as the disk lets it.
    pub max_database_size: Option<ByteSize>,
}

/// PostgreSQL.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PostgresSettings {
    /// The most connections this process holds, control and all tenants together.
    pub max_connections: usize,
    /// Keep prepared statements by name. Turn off behind PgBouncer older than 1.21 in transaction
    /// mode.
    pub named_statements: bool,
    /// A pooler in transaction mode stands between.
    pub transaction_pooler: bool,
    /// Allow a server on another machine. There is no TLS to PostgreSQL yet, so whoever is on the way reads and changes
    /// everything: only for a network that nobody else is on, such as one that is encrypted below.
    pub allow_plaintext: bool,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        let db = DbConfig::sqlite("");
        Self {
            url: Secret::default(),
            start_timeout: Period::seconds(30),
            max_transaction: period(db.max_transaction),
            max_wait: period(db.max_wait),
            max_open_tenants: db.max_open_tenants,
            sqlite: SqliteSettings::default(),
            postgres: PostgresSettings::default(),
        }
    }
}

impl Default for SqliteSettings {
    fn default() -> Self {
        let db = DbConfig::sqlite("");
        Self {
            synchronous: db.sqlite.synchronous,
            busy_timeout: period(db.sqlite.busy_timeout),
            writer_threads: db.sqlite.writer_threads,
            readers: db.sqlite.readers,
            max_queued_writes: db.max_queued_writes,
            max_database_size: db.sqlite.max_database_bytes.map(ByteSize::bytes),
        }
    }
}

impl Default for PostgresSettings {
    fn default() -> Self {
        let postgres = PostgresConfig::new("");
        Self {
            max_connections: postgres.max_connections,
            named_statements: postgres.named_statements,
            transaction_pooler: postgres.transaction_pooler,
            allow_plaintext: false,
        }
    }
}

impl DatabaseSettings {
    pub(crate) fn review(&self) -> Vec<Remark> {
        let url = self.url.expose();
        if url.is_empty() {
            return vec![Remark::Missing {
                what: "database.url",
                meaning: "SQLite files in the data directory, for one process on one machine"
                    .to_owned(),
            }];
        }
        let known = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        let refused = |why: String| vec![Remark::Refused { key: "url", why }];
        if !known {
            return refused("must begin with postgres:// (leave it out for SQLite)".to_owned());
        }
        let far = PostgresConfig::new(url.as_str()).far_hosts();
        if far.is_empty() || self.postgres.allow_plaintext {
            return Vec::new();
        }
        refused(format!(
            "{} is another machine, and there is no TLS to PostgreSQL yet: everything would cross the network in the \
             clear, the password too; use a server on this machine or a tunnel that ends here, or set \
             database.postgres.allow_plaintext if nobody else is on that network",
            far.join(", ")
        ))
    }

    /// As kit/db wants it.
    pub(crate) fn to_db(&self, data: &std::path::Path) -> DbConfig {
        let mut db = DbConfig::sqlite(data);
        if !self.url.expose().is_empty() {
            let mut postgres = PostgresConfig::new(self.url.expose().clone());
            postgres.max_connections = self.postgres.max_connections;
            postgres.named_statements = self.postgres.named_statements;
            postgres.transaction_pooler = self.postgres.transaction_pooler;
            db.postgres = Some(postgres);
        }
        db.sqlite.synchronous = self.sqlite.synchronous;
        db.sqlite.busy_timeout = self.sqlite.busy_timeout.get();
        db.sqlite.writer_threads = self.sqlite.writer_threads;
        db.sqlite.readers = self.sqlite.readers;
        db.sqlite.max_database_bytes = self.sqlite.max_database_size.map(ByteSize::get);
        db.max_transaction = self.max_transaction.get();
        db.max_wait = self.max_wait.get();
        db.max_open_tenants = self.max_open_tenants;
        db.max_queued_writes = self.sqlite.max_queued_writes;
        db
    }
}

fn period(duration: std::time::Duration) -> Period {
    Period::millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
