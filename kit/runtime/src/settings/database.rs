//! The `[database]` section.

use std::collections::BTreeMap;

use gantry_db::{DbConfig, Placement, PostgresConfig, Synchronous};
use gantry_kernel::{ByteSize, Period, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Remark;

/// Where data is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// "postgres://user:password@host:5432/gantry" puts control and tenants on PostgreSQL; the
    /// database named is control's and is made if it is missing. A server on another machine needs
    /// "?sslmode=verify-full", and "&sslrootcert=FILE" if its authority is not one of the system's. Not
    /// set: SQLite files in the data directory.
    pub url: Secret<String>,
    /// The same database without the pooler that database.url leads to, if there is one. Gantry listens there for what its other
    /// processes tell, on one connection. Not set behind a pooler: it looks once a second instead.
    pub direct_url: Secret<String>,
    /// How long a PostgreSQL that does not answer is waited for at start, since in a cluster it may
    /// be starting too. Afterwards the start fails.
    pub start_timeout: Period,
    /// The longest a transaction may take.
    pub max_transaction: Period,
    /// The longest a request waits for a free connection or writer before it fails as overloaded.
    pub max_wait: Period,
    /// How many tenant databases may be open at once. Not set: 2000, or with SQLite fewer if the
    /// process may not open so many files (its hard limit, see ulimit -Hn; 11 files for a tenant).
    pub max_open_tenants: Option<usize>,
    /// Keep a copy of a database in the folder before-upgrade of the data directory before a new version of
    /// Gantry changes its schema, and refuse to change it when that cannot be done. The next backup that is
    /// proven removes the copies.
    pub keep_before_upgrade: bool,
    /// Statements that take this long or longer are logged as "slow statement", with their text and
    /// never with their values. 0s logs none.
    pub slow_statement: Period,
    /// Where databases of new tenants are made: "beside_control", or "least_used" for the PostgreSQL server with the fewest
    /// tenants. Not set: the second if there are several servers and control is on one.
    pub placement: Option<Placement>,
    /// Further PostgreSQL servers for tenants, each in a table of its own name: [database.clusters.north].
    #[schemars(extend("writeOnly" = true))]
    pub clusters: BTreeMap<String, ClusterSettings>,
    /// SQLite only.
    pub sqlite: SqliteSettings,
    /// PostgreSQL only.
    pub postgres: PostgresSettings,
}

/// A further PostgreSQL server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterSettings {
    /// As database.url. The database named holds nothing; names of tenants' databases begin with its name. It is made if it
    /// is missing.
    pub url: Secret<String>,
    /// About how many tenants new ones are placed up to.
    #[serde(default = "ceiling")]
    pub max_tenants: i64,
    /// As database.postgres.named_statements; not set: the same.
    pub named_statements: Option<bool>,
    /// As database.postgres.transaction_pooler; not set: the same.
    pub transaction_pooler: Option<bool>,
}

fn ceiling() -> i64 {
    PostgresConfig::new("").max_tenants
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
    /// The most connections this process holds, control and all tenants on all servers together.
    pub max_connections: usize,
    /// About how many tenants new ones are placed up to, on control's server, where there are others.
    pub max_tenants: i64,
    /// Keep prepared statements by name, which saves the server their planning. Not set: yes, but not behind a pooler. PgBouncer
    /// passes them on from version 1.21 with max_prepared_statements above 0.
    pub named_statements: Option<bool>,
    /// A pooler in transaction mode (PgBouncer, PgDog) stands between: nothing is kept on a connection from one transaction to
    /// the next.
    pub transaction_pooler: bool,
    /// Allow a server on another machine without TLS. Whoever is on the way reads and changes everything: only for a network
    /// that nobody else is on, such as one that is encrypted below.
    pub allow_plaintext: bool,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        let db = DbConfig::sqlite("");
        Self {
            url: Secret::default(),
            direct_url: Secret::default(),
            start_timeout: Period::seconds(30),
            max_transaction: period(db.max_transaction),
            max_wait: period(db.max_wait),
            max_open_tenants: db.max_open_tenants,
            keep_before_upgrade: true,
            slow_statement: db.slow_statement.map_or(Period::seconds(0), period),
            placement: None,
            clusters: BTreeMap::new(),
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
            max_tenants: postgres.max_tenants,
            named_statements: None,
            transaction_pooler: postgres.transaction_pooler,
            allow_plaintext: false,
        }
    }
}

impl DatabaseSettings {
    pub(crate) fn review(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.url.expose().is_empty() {
            remarks.push(Remark::Missing {
                what: "database.url",
                meaning: "SQLite files in the data directory, for one process on one machine"
                    .to_owned(),
            });
        } else {
            remarks.extend(self.review_url("url", &self.url));
        }
        if !self.direct_url.expose().is_empty() {
            remarks.extend(self.review_url("direct_url", &self.direct_url));
        }
        for (name, cluster) in &self.clusters {
            let refused = self.review_url("clusters", &cluster.url);
            remarks.extend(refused.map(|remark| named(name, remark)));
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
                let why = format!("{name}: a name is up to 32 of a-z, 0-9 and _");
                remarks.push(Remark::Refused {
                    key: "clusters",
                    why,
                });
            }
        }
        remarks
    }

    fn review_url(&self, key: &'static str, url: &Secret<String>) -> Option<Remark> {
        let url = url.expose();
        let known = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        let refused = |why: String| Some(Remark::Refused { key, why });
        if !known {
            return refused("must begin with postgres:// (leave it out for SQLite)".to_owned());
        }
        let far = PostgresConfig::new(url.as_str()).far_hosts();
        if far.is_empty() || self.postgres.allow_plaintext {
            return None;
        }
        refused(format!(
            "{} is another machine, and without TLS everything would cross the network in the clear, the password \
             too; say sslmode=verify-full in the URL, or set database.postgres.allow_plaintext if nobody else is \
             on that network",
            far.join(", ")
        ))
    }

    fn server(&self, url: &Secret<String>, pooled: bool, named: Option<bool>) -> PostgresConfig {
        let mut postgres = PostgresConfig::new(url.expose().clone());
        postgres.max_connections = self.postgres.max_connections;
        postgres.max_tenants = self.postgres.max_tenants;
        postgres.named_statements = named.unwrap_or(!pooled);
        postgres.transaction_pooler = pooled;
        postgres
    }

    /// As kit/db wants it.
    pub fn to_db(&self, data: &std::path::Path) -> DbConfig {
        let mut db = DbConfig::sqlite(data);
        if !self.url.expose().is_empty() {
            let pooled = self.postgres.transaction_pooler;
            let mut server = self.server(&self.url, pooled, self.postgres.named_statements);
            let direct = self.direct_url.expose();
            server.direct_url = (!direct.is_empty()).then(|| direct.clone());
            db.postgres = Some(server);
        }
        for (name, cluster) in &self.clusters {
            let (common, own) = (&self.postgres, cluster);
            let pooled = own.transaction_pooler.unwrap_or(common.transaction_pooler);
            let named = own.named_statements.or(common.named_statements);
            let mut server = self.server(&cluster.url, pooled, named);
            server.max_tenants = cluster.max_tenants;
            db.clusters.insert(name.clone(), server);
        }
        let spread = db.postgres.is_some() && !db.clusters.is_empty();
        db.placement = self.placement.unwrap_or(if spread {
            Placement::LeastUsed
        } else {
            Placement::BesideControl
        });
        db.sqlite.synchronous = self.sqlite.synchronous;
        db.sqlite.busy_timeout = self.sqlite.busy_timeout.get();
        db.sqlite.writer_threads = self.sqlite.writer_threads;
        db.sqlite.readers = self.sqlite.readers;
        db.sqlite.max_database_bytes = self.sqlite.max_database_size.map(ByteSize::get);
        db.max_transaction = self.max_transaction.get();
        db.max_wait = self.max_wait.get();
        db.max_open_tenants = self.max_open_tenants;
        db.keep_before_upgrade = self
            .keep_before_upgrade
            .then(|| data.join("before-upgrade"));
        let slow = self.slow_statement.get();
        db.slow_statement = (!slow.is_zero()).then_some(slow);
        db.max_queued_writes = self.sqlite.max_queued_writes;
        db
    }
}

/// A refusal that says of which server it is.
fn named(name: &str, remark: Remark) -> Remark {
    match remark {
        Remark::Refused { key, why } => Remark::Refused {
            key,
            why: format!("{name}: {why}"),
        },
        other @ Remark::Missing { .. } => other,
    }
}

fn period(duration: std::time::Duration) -> Period {
    Period::millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
