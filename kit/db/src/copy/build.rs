//! Making a database from a copy, on either engine, and comparing it with the copy.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gantry_kernel::{TenantId, Timestamp};

use super::format::{Header, Summary};
use super::read::Reader;
use super::{CopyError, Stamp, Subject, apart, model, postgres, sqlite};
use crate::SqliteConfig;
use crate::databases::Shared;
use crate::homes::At;
use crate::migrate::{self, Plan};
use crate::postgres::{PgConn, UNBOUNDED};
use crate::sqlite::{Mode, SqliteConn, discard, make_dir};

/// A scratch file of this age belongs to nobody any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// What was found out about a copy by loading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The copy, which the loaded database equals.
    pub summary: Summary,
    /// Migrations that brought it from its own schema to this program's.
    pub migrated: usize,
}

pub(super) async fn prove(
    shared: &Arc<Shared>,
    source: impl Read + Send + 'static,
) -> Result<Proof, CopyError> {
    let shared = Arc::clone(shared);
    apart(async move {
        let reader = Reader::new(source)?;
        let plan = plan_of(&shared, reader.header());
        let stamp = own_stamp(reader.header());
        let now = shared.kernel.now();
        match shared.homes.own()? {
            At::Files(_) => {
                let name: TenantId = shared.kernel.id();
                let path = scratch(&shared.config.data_dir.join("scratch"), name, now)?;
                let sqlite = &shared.config.sqlite;
                let made = on_sqlite(sqlite, now, &path, &plan, stamp.as_ref(), reader);
                let removed = discard(&path);
                let proof = made?;
                removed?;
                Ok(proof)
            }
            At::Server(server) => {
                let draft = server.new_draft().await?;
                let made = match server.inside(&draft).await {
                    Ok(mut loan) => {
                        on_postgres(&mut loan.conn, &plan, now, stamp.as_ref(), reader).await
                    }
                    Err(error) => Err(error.into()),
                };
                let removed = server.drop_database(&draft).await;
                let proof = made?;
                removed?;
                Ok(proof)
            }
        }
    })
    .await
}

/// The migrations of the kind of database that a copy is of.
pub(super) fn plan_of(shared: &Shared, header: &Header) -> Plan {
    match header.subject {
        Subject::Control => shared.migrations.control().clone(),
        Subject::Tenant { .. } => shared.migrations.tenant().clone(),
    }
}

fn own_stamp(header: &Header) -> Option<Stamp> {
    match &header.subject {
        Subject::Control => None,
        Subject::Tenant {
            id,
            slug,
            incarnation,
            created_at,
        } => Some(Stamp {
            id: *id,
            slug: slug.clone(),
            incarnation: *incarnation,
            created_at: *created_at,
        }),
    }
}

/// A name for a scratch file; those of processes that were killed long ago are removed.
pub(super) fn scratch(folder: &Path, name: TenantId, now: Timestamp) -> Result<PathBuf, CopyError> {
    make_dir(folder)?;
    for entry in std::fs::read_dir(folder).map_err(CopyError::Read)? {
        let entry = entry.map_err(CopyError::Read)?;
        let is_ours = entry.file_name().to_string_lossy().contains(".scratch");
        let made = entry
            .metadata()
            .and_then(|data| data.modified())
            .ok()
            .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
            .and_then(|at| i64::try_from(at.as_micros()).ok())
            .map(Timestamp::from_micros);
        if is_ours && made.is_some_and(|made| now.since(made) > ABANDONED) {
            std::fs::remove_file(entry.path()).map_err(CopyError::Write)?;
        }
    }
    Ok(folder.join(format!("{name}.scratch")))
}

/// Makes the file at `path`, which must not be there, from the copy. The caller removes it when this
/// fails.
pub(super) fn on_sqlite<R: Read>(
    config: &SqliteConfig,
    now: Timestamp,
    path: &Path,
    plan: &Plan,
    stamp: Option<&Stamp>,
    mut reader: Reader<R>,
) -> Result<Proof, CopyError> {
    let cut = plan.cut_to(&reader.header().schema)?;
    let conn = SqliteConn::open(path, Mode::Create, config)?;
    migrate::on_sqlite(&conn, &cut, now)?;
    if let Some(stamp) = stamp {
        sqlite::stamp(&conn, stamp)?;
    }
    let summary = sqlite::load(&conn, &model::of(&cut)?, &mut reader)?;
    let (_, again) = sqlite::dump(&conn, plan, now, std::io::sink())?;
    same(&summary, &again)?;
    let migrated = migrate::on_sqlite(&conn, plan, now)?;
    crate::sqlite::fold(conn, path)?;
    Ok(Proof { summary, migrated })
}

/// Fills the empty database of the connection from the copy.
pub(super) async fn on_postgres<R: Read>(
    conn: &mut PgConn,
    plan: &Plan,
    now: Timestamp,
    stamp: Option<&Stamp>,
    mut reader: Reader<R>,
) -> Result<Proof, CopyError> {
    let cut = plan.cut_to(&reader.header().schema)?;
    migrate::on_postgres(conn, &cut, now).await?;
    if let Some(stamp) = stamp {
        postgres::stamp(conn, stamp).await?;
    }
    let summary = postgres::load(conn, &model::of(&cut)?, &mut reader).await?;
    let failure = |e| crate::postgres::failure(&e);
    let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {UNBOUNDED}");
    conn.raw_batch(&begin).await.map_err(failure)?;
    let (_, again) = postgres::dump(conn, plan, now, std::io::sink()).await?;
    conn.raw_batch("COMMIT").await.map_err(failure)?;
    same(&summary, &again)?;
    let migrated = migrate::on_postgres(conn, plan, now).await?;
    Ok(Proof { summary, migrated })
}

/// What was loaded, copied again, must have the same hashes.
fn same(copy: &Summary, loaded: &Summary) -> Result<(), CopyError> {
    let different = copy
        .tables
        .iter()
        .zip(&loaded.tables)
        .find(|(copy, loaded)| copy != loaded);
    if let Some((copy, loaded)) = different {
        return Err(CopyError::Differs(format!(
            "table {} has {} rows, the copy {}; or their contents differ",
            loaded.name, loaded.rows, copy.rows
        )));
    }
    if copy.content == loaded.content && copy.header.schema == loaded.header.schema {
        Ok(())
    } else {
        Err(CopyError::Differs("the tables differ".to_owned()))
    }
}
