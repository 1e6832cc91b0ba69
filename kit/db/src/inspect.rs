//! What an installation's control database is like, found out without changing it: opening would make and migrate it.

use gantry_kernel::{Kernel, Timestamp};

use crate::database::blocking;
use crate::homes::Homes;
use crate::migrate::{self, Plan};
use crate::postgres::Server;
use crate::sqlite::{Files, Mode, SqliteConn};
use crate::{DbConfig, DbError, Engine, MigrationSet};

/// A control database that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The engine.
    pub engine: Engine,
    /// The engine's version, in its own words.
    pub version: String,
    /// The server's clock; SQLite has none but the machine's.
    pub clock: Option<Timestamp>,
    /// Migrations of control that the next start would apply, as `module/name`.
    pub pending: Vec<String>,
}

/// Looks at control; `None` when it is not there yet. An error says what keeps a start from using it: it cannot be
/// reached, or it has a schema that this program cannot work with.
pub async fn inspect(
    config: &DbConfig,
    kernel: &Kernel,
    migrations: &MigrationSet,
) -> Result<Option<Inspection>, DbError> {
    let plan = migrations.control().clone();
    if config.postgres.is_some() {
        let server = Homes::own_server(config, kernel)?;
        return server.inspect(&plan).await;
    }
    let path = Files::new(config.data_dir.clone(), config.sqlite.clone()).control();
    let sqlite = config.sqlite.clone();
    blocking(move || {
        let there = path
            .try_exists()
            .map_err(|error| DbError::Unavailable(format!("{}: {error}", path.display())))?;
        if !there {
            return Ok(None);
        }
        let conn = SqliteConn::open(&path, Mode::Read, &sqlite)?;
        let applied = migrate::sqlite_applied(&conn)?.unwrap_or_default();
        Ok(Some(Inspection {
            engine: Engine::Sqlite,
            version: format!("SQLite {}", rusqlite::version()),
            clock: None,
            pending: plan.pending_names(&applied)?,
        }))
    })
    .await
}

impl Server {
    async fn inspect(&self, plan: &Plan) -> Result<Option<Inspection>, DbError> {
        let Some(conn) = self.look_at_control().await? else {
            return Ok(None);
        };
        let rows = conn
            .raw_query(
                "SELECT current_setting('server_version'), \
                 cast(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
                &[],
            )
            .await?;
        let (version, clock) = match rows.first() {
            Some(row) => (row.get::<_, String>(0), row.get::<_, i64>(1)),
            None => return Err(DbError::NoRow),
        };
        let applied = migrate::postgres_applied(&conn).await?.unwrap_or_default();
        Ok(Some(Inspection {
            engine: Engine::Postgres,
            version: format!("PostgreSQL {version}"),
            clock: Some(Timestamp::from_micros(clock)),
            pending: plan.pending_names(&applied)?,
        }))
    }
}
