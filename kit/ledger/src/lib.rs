//! Double entry: the book of a database, in which every amount comes from somewhere and goes somewhere.
//!
//! The tables are the same in control and in every tenant, and each database is one balanced book. [`post`] writes an entry
//! in the transaction of what it tells about. An entry's lines sum to zero and are of one currency; it is told by its cause, so that
//! what happened once is booked once. Nothing is ever changed or removed: what was wrong is set right by another entry.
//!
//! The database enforces that itself. An entry carries its lines as one value; a trigger makes the postings of it and refuses what does
//! not sum to zero, and other triggers refuse every posting that is no line of its entry and every change. A constraint that is
//! checked at the end of the transaction would do as well, and would make a whole group of writes fail for one of them.
//!
//! A balance is a sum over postings ([`balance`], [`movements`]) and is stored nowhere.

mod account;
mod entry;
mod post;
mod sums;
mod verify;

pub use account::{Account, Code, Kind};
pub use entry::{Entry, EntryId, MAX_CAUSE, MAX_MEMO};
pub use post::{Refusal, post};
pub use sums::{Days, Movement, Which, balance, movements};
pub use verify::{Fault, Report, Verifier};

use gantry_db::{Migration, Migrations};

const LEDGER: Migration =
    Migration::new("0001_ledger", include_str!("../migrations/0001_ledger.sql"));

/// The tables of this crate, the same in both kinds of database.
pub const MIGRATIONS: Migrations = Migrations {
    module: "ledger",
    control: &[LEDGER],
    tenant: &[LEDGER],
};
