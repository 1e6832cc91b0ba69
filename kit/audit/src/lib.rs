//! The audit log: who did what to what, kept where nobody can rewrite it.
//!
//! The table is the same in control and in every tenant. [`append`] runs in the transaction of the
//! effect, so a row exists exactly if the effect does; the database refuses to change or remove
//! rows. Sequence and chain columns will be added by a later migration: a sealer fills them for
//! rows that already exist, which is why nothing here depends on the order of ids.

mod append;
mod entry;
mod facts;
mod list;

pub use append::{AuditId, append};
pub use entry::{Entry, Outcome, Target};
pub use facts::{Fact, Facts, MAX_FACTS, MAX_LIST, MAX_TEXT};
pub use list::{Cursor, Filter, Record, list};

use gantry_db::{Migration, Migrations};

const TABLES: &[Migration] = &[Migration::new(
    "0001_audit",
    include_str!("../migrations/0001_audit.sql"),
)];

/// The tables of this crate; the same in both kinds of database.
pub const MIGRATIONS: Migrations = Migrations {
    module: "audit",
    control: TABLES,
    tenant: TABLES,
};
