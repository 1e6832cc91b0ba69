//! The audit log: who did what to what, kept where nobody can rewrite it.
//!
//! The table is the same in control and in every tenant. [`append()`] runs in the transaction of the
//! effect, so a row exists exactly if the effect does; the database refuses to change rows, and to
//! remove them but for their age. About a second later a job of `kit/runtime` seals them into the
//! chain of their database ([`chain`]), which shows what somebody with the database did to them.

mod append;
pub mod chain;
mod entry;
mod facts;
mod list;

pub use append::{AuditId, append};
pub use entry::{Entry, Outcome, Target};
pub use facts::{Fact, Facts, MAX_FACTS, MAX_LIST, MAX_TEXT};
pub use list::{Cursor, Filter, Record, list};

use gantry_db::{Migration, Migrations};

const AUDIT: Migration = Migration::new("0001_audit", include_str!("../migrations/0001_audit.sql"));
const CHAIN: Migration = Migration::new("0002_chain", include_str!("../migrations/0002_chain.sql"));
const HEADS: Migration = Migration::new("0003_heads", include_str!("../migrations/0003_heads.sql"));
const ORDER: Migration = Migration::new("0004_order", include_str!("../migrations/0004_order.sql"));

/// The tables of this crate; the same in both kinds of database, but for what control notes of the
/// tenants' chains.
pub const MIGRATIONS: Migrations = Migrations {
    module: "audit",
    control: &[AUDIT, CHAIN, HEADS, ORDER],
    tenant: &[AUDIT, CHAIN, ORDER],
};
