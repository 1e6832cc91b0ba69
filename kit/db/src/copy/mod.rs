//! Copies of a database's contents that belong to no engine: for backups, for moves between engines
//! and for exports.
//!
//! A copy is taken in one snapshot of a live database ([`ControlDb::copy_to`], [`TenantDb::copy_to`]),
//! checked without any database ([`verify`]), proven by loading it into a scratch database and copying
//! that again ([`Tenants::prove`](crate::Tenants::prove)), and loaded as the next life of a tenant ([`Tenants::load`](crate::Tenants::load)), also in
//! another home, followed by what changes meanwhile ([`Tenants::relocate`](crate::Tenants::relocate)).
//! Equal contents have equal hashes on both engines. A copy says by which migrations its schema was
//! made: it is loaded into exactly that schema and then migrated forward, and a copy of a newer
//! program is refused by the name of the migration that is unknown.
//!
//! What is unknown is refused, never skipped: a table, a column or a kind that the migrations do not
//! explain makes taking a copy fail.

mod build;
mod delta;
mod error;
mod format;
mod installation;
mod model;
mod postgres;
mod read;
mod relocate;
mod sqlite;
mod tenants;
mod write;

use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gantry_kernel::{Slug, TenantId};
use tokio::runtime::Handle;

pub use build::Proof;
pub use error::CopyError;
pub use format::{FORMAT, Header, Subject, Summary, TableSum};
pub use installation::{Arriving, vacate};
pub(crate) use postgres::dump as dump_postgres;
pub use read::verify;
pub use relocate::Relocation;
pub use tenants::{Adoption, Loaded};

use crate::migrate::Plan;
use crate::tx::Conn;
use crate::{ControlDb, DbError, TenantDb, Tx};
use format::Table;

/// Rows written in one transaction while a copy is loaded.
const ROWS: usize = 5_000;

/// Whose database a loaded one says it is.
#[derive(Clone)]
struct Stamp {
    id: TenantId,
    slug: Slug,
    incarnation: i64,
    created_at: i64,
}

impl ControlDb {
    /// Writes a copy of one snapshot, which may take `cap`. What was written so far is worthless when
    /// this fails. Making the output durable is left to the caller.
    pub async fn copy_to<W: Write + Send + 'static>(
        &self,
        cap: Duration,
        out: W,
    ) -> Result<(W, Summary), CopyError> {
        let (db, plan) = (self.clone(), self.plan());
        apart(async move {
            db.read_blocking(cap, async move |tx| dump(tx, &plan, out).await)
                .await
        })
        .await
    }
}

impl TenantDb {
    /// As [`ControlDb::copy_to`].
    pub async fn copy_to<W: Write + Send + 'static>(
        &self,
        cap: Duration,
        out: W,
    ) -> Result<(W, Summary), CopyError> {
        let (db, plan) = (self.clone(), self.plan());
        apart(async move {
            db.read_blocking(cap, async move |tx| dump(tx, &plan, out).await)
                .await
        })
        .await
    }
}

async fn dump<W: Write>(tx: &mut Tx, plan: &Plan, out: W) -> Result<(W, Summary), CopyError> {
    let (now, waiting) = (tx.now(), tx.waiting());
    match &tx.conn {
        Conn::Sqlite(conn) => sqlite::dump(conn, plan, now, out),
        Conn::Postgres(conn) => {
            // All that it awaits are statements of this transaction.
            waiting.store(true, Ordering::Relaxed);
            let outcome = postgres::dump(conn, plan, now, out).await;
            waiting.store(false, Ordering::Relaxed);
            outcome
        }
    }
}

/// Runs work that also blocks (on files, on compression) on a thread for it.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, CopyError>> + Send + 'static,
) -> Result<T, CopyError> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work))
        .await
        .unwrap_or_else(|error| Err(DbError::Panicked(error.to_string()).into()))
}

fn tenant_subject(
    id: &str,
    slug: &str,
    incarnation: i64,
    created_at: i64,
) -> Result<Subject, CopyError> {
    let unreadable = |what: &str| CopyError::unfit(format!("_meta.{what} cannot be read"));
    Ok(Subject::Tenant {
        id: id.parse().map_err(|_| unreadable("tenant_id"))?,
        slug: slug.parse().map_err(|_| unreadable("slug"))?,
        incarnation,
        created_at,
    })
}

/// The table of the schema that a copy's table is; it must be exactly that.
fn known<'a>(tables: &'a [Table], wanted: &Table) -> Result<&'a Table, CopyError> {
    tables.iter().find(|table| *table == wanted).ok_or_else(|| {
        CopyError::Differs(format!(
            "its table {} is not what its migrations make",
            wanted.name
        ))
    })
}
