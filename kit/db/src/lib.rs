//! Databases: one control database for the platform, one database per tenant, on SQLite or
//! PostgreSQL.
//!
//! [`Databases::open`] gives [`ControlDb`] and [`Tenants`]; [`Tenants::get`] gives a [`TenantDb`].
//! On each there is `read` and `write`, which run an async closure in a transaction:
//!
//! ```ignore
//! db.write(async move |tx| {
//!     tx.execute(sql!("INSERT INTO students (id, name) VALUES ($1, $2)"), &args![id, name]).await?;
//!     Ok::<_, DbError>(())
//! })
//! .await?;
//! ```
//!
//! What holds on both engines:
//!
//! - **One text.** [`sql!`] holds constant SQL in a common subset (see the README), [`args!`] its
//!   arguments. Every statement is registered, so a test can prepare all of them.
//! - **Two kinds of transaction.** A [`ControlTx`] cannot be had from a tenant's database nor a
//!   [`TenantTx`] from control; what must work in both takes [`Tx`], which both lend.
//! - **A write is all or nothing, and serialisable.** SQLite has one writer per database, and
//!   writes that queue up for it share a commit; PostgreSQL runs SERIALIZABLE. Both may run the
//!   closure again, after a conflict or when the commit it shared did not come about. So the closure
//!   must have no effect but through its transaction.
//! - **A transaction awaits nothing but itself.** Anything else is [`DbError::ForeignAwait`]. On
//!   SQLite this is what lets a closure run without a thread hop (reads) or on a shared writer
//!   thread (writes); on PostgreSQL it keeps connections from being held for something else.
//! - **A failed statement poisons** the transaction, unless it happened inside
//!   [`Tx::savepoint`], which takes back what it did.
//! - **Time is bounded** by [`DbConfig::max_transaction`]; a transaction beyond it is rolled back.
//! - **Nobody pays for another's write.** What fails, panics, takes too long or finds the disk full
//!   in a shared commit is taken back alone; where SQLite takes back more, the others run again.
//! - **An answer means COMMIT.** `Ok` is returned after the commit is durable as configured; an
//!   error means that nothing was written, except [`DbError::CommitUnknown`], which says so.
//!
//! Inside: `sqlite/` and `postgres/` are the engines, `tx` the transaction over both, `poll` what
//! drives closures, `migrate/` the schemas, `directory` the table of tenants, `homes` where their databases can be,
//! `tenants/` the cache, provisioning and the sweep, `stats/` what is measured, `copy/` contents apart from an engine, `hook` what
//! jobs do around a commit.

mod check;
mod config;
pub mod copy;
mod database;
mod databases;
pub mod directory;
mod error;
mod homes;
mod hook;
mod inspect;
mod keep;
mod lock;
mod migrate;
mod poll;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod stats;
mod tenants;
mod tx;
mod value;

pub use check::Invalid;
pub use config::{DbConfig, Engine, GroupLimits, Placement, SqliteConfig, Synchronous};
pub use databases::{ControlDb, Databases};
pub use directory::{SchemaProgress, TenantState};
pub use error::DbError;
pub use gantry_kernel::text_value;
pub use homes::Home;
pub use hook::CommitHook;
pub use inspect::{Inspection, inspect};
pub use lock::DataDirLock;
pub use migrate::{
    ColumnShape, Migration, MigrationSet, Migrations, ReferenceShape, SchemaStep, TableShape,
};
pub use poll::panic_text;
pub use postgres::{Notices, PostgresConfig};
pub use row::{FromRow, Row};
pub use sql::{Sql, Statement, statements};
pub use stats::Class;
pub use tenants::{FleetNumbers, SweepFailure, SweepReport, TenantDb, Tenants};
pub use tx::{ControlTx, TenantTx, Tx};
pub use value::{FromValue, Mismatch, ToValue, Value, ValueRef};

#[doc(hidden)]
pub mod __private {
    pub use crate::migrate::module_of;
    pub use crate::sql::Registered;
    pub use inventory;
}
