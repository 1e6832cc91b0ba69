//! PostgreSQL: one database per Gantry database, a keyed pool with one cap over all of them.

mod admin;
mod conn;
mod database;
mod drafts;
mod error;
mod pool;
mod template;
mod value;

pub(crate) use admin::Server;
pub(crate) use conn::PgConn;
pub(crate) use database::PgDb;
pub(crate) use error::failure;
pub(crate) use pool::Pool;
pub(crate) use value::{Param, column};
