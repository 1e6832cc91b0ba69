//! SQLite: one file per database, reads in place, writes on a few shared threads.

mod conn;
mod database;
pub(crate) mod descriptors;
mod error;
mod files;
mod writer;

pub(crate) use conn::{Mode, SqliteConn, column};
pub(crate) use database::SqliteDb;
pub(crate) use error::failure;
pub(crate) use files::{Files, Owner, discard, drafted, fold, make_dir, same_owner, snapshot};
pub(crate) use writer::{Lane, WriterContext};
