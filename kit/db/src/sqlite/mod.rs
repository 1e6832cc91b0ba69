//! SQLite: one file per database, reads in place, writes in groups on a few shared threads,
//! checkpoints on another.

mod arriving;
mod checkpoint;
mod conn;
mod database;
pub(crate) mod descriptors;
mod error;
mod files;
mod group;
mod keeping;
mod lane;
mod readers;
mod writer;

pub(crate) use arriving::arrive;
pub(crate) use checkpoint::Checkpoints;
pub(crate) use conn::{Mode, SqliteConn, column};
pub(crate) use database::SqliteDb;
pub(crate) use error::failure;
pub(crate) use files::{
    Files, Owner, discard, drafted, fold, make_dir, parent, same_owner, snapshot,
};
pub(crate) use lane::Lane;
pub(crate) use writer::WriterContext;
