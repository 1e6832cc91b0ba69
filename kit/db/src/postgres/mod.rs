//! PostgreSQL: one database per Gantry database, a keyed pool with one cap over all of them and all servers.

mod admin;
mod arriving;
mod config;
mod conn;
mod database;
mod drafts;
mod error;
mod fence;
mod keeping;
mod notices;
mod pool;
mod renaming;
mod target;
mod template;
mod tls;
mod value;

pub(crate) use admin::Server;
pub use config::PostgresConfig;
pub(crate) use conn::{Limits, PgConn, UNBOUNDED};
pub(crate) use database::PgDb;
pub(crate) use error::failure;
pub use notices::Notices;
pub(crate) use pool::{Pool, Spot};
pub(crate) use target::Target;
pub(crate) use value::{Param, column};
