//! Applying a plan to one database: all that is pending in one transaction, or nothing.

use gantry_kernel::Timestamp;
use rusqlite::OptionalExtension;
use tokio_postgres::types::Type;

use super::{Applied, Plan, Step, ddl};
use crate::postgres::{PgConn, UNBOUNDED};
use crate::sqlite::SqliteConn;
use crate::{DbError, Engine};

const TABLE: &str = "CREATE TABLE _migrations (module {text} NOT NULL, number {int} NOT NULL, \
     name {text} NOT NULL, checksum {text} NOT NULL, breaking {bool} NOT NULL, \
     applied_at {time} NOT NULL, PRIMARY KEY (module, number))";
const READ: &str = "SELECT module, number, name, checksum, breaking FROM _migrations";
const RECORD: &str = "INSERT INTO _migrations (module, number, name, checksum, breaking, applied_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
/// Any number: the advisory lock under which a PostgreSQL database is migrated.
const LOCK: i64 = 0x0067_616e_7472_7901;

/// Brings a SQLite database to the plan; how many migrations were applied now.
pub(crate) fn on_sqlite(conn: &SqliteConn, plan: &Plan, now: Timestamp) -> Result<usize, DbError> {
    if let Some(applied) = sqlite_applied(conn)?
        && plan.pending(&applied)?.is_empty()
    {
        return Ok(0);
    }
    conn.batch("BEGIN IMMEDIATE")?;
    let outcome = conn.open_to_writes().and_then(|()| {
        let count = sqlite_steps(conn, plan, now)?;
        conn.batch("COMMIT")?;
        Ok(count)
    });
    if outcome.is_err() && !conn.clean() {
        tracing::warn!("a failed migration could not be rolled back; the connection is closed");
    }
    outcome
}

fn sqlite_steps(conn: &SqliteConn, plan: &Plan, now: Timestamp) -> Result<usize, DbError> {
    let applied = if let Some(applied) = sqlite_applied(conn)? {
        applied
    } else {
        conn.batch(&ddl::render(TABLE, Engine::Sqlite)?)?;
        Vec::new()
    };
    let pending = plan.pending(&applied)?;
    for step in &pending {
        let text = ddl::render(step.migration.source, Engine::Sqlite)?;
        conn.batch(&text).map_err(|e| failed(step, &e))?;
        conn.raw()
            .execute(
                RECORD,
                rusqlite::params![
                    step.module,
                    step.migration.number,
                    step.migration.name,
                    step.checksum,
                    step.breaking,
                    now.as_micros()
                ],
            )
            .map_err(|e| DbError::Migration(e.to_string()))?;
    }
    Ok(pending.len())
}

/// `None` when the database has never been migrated.
pub(crate) fn sqlite_applied(conn: &SqliteConn) -> Result<Option<Vec<Applied>>, DbError> {
    let damaged = |e: rusqlite::Error| crate::sqlite::failure(&e);
    let raw = conn.raw();
    let known = raw
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE name = '_migrations'",
            (),
            |_| Ok(()),
        )
        .optional()
        .map_err(damaged)?;
    if known.is_none() {
        return Ok(None);
    }
    let mut statement = raw.prepare(READ).map_err(damaged)?;
    statement
        .query_map((), |row| {
            Ok(Applied {
                module: row.get(0)?,
                number: row.get(1)?,
                name: row.get(2)?,
                checksum: row.get(3)?,
                breaking: row.get(4)?,
            })
        })
        .and_then(Iterator::collect)
        .map(Some)
        .map_err(damaged)
}

/// Brings a PostgreSQL database to the plan; how many migrations were applied now.
pub(crate) async fn on_postgres(
    conn: &mut PgConn,
    plan: &Plan,
    now: Timestamp,
) -> Result<usize, DbError> {
    if let Some(applied) = postgres_applied(conn).await?
        && plan.pending(&applied)?.is_empty()
    {
        return Ok(0);
    }
    conn.batch(&format!("BEGIN; {UNBOUNDED}")).await?;
    let outcome = match postgres_steps(conn, plan, now).await {
        Ok(count) => conn.batch("COMMIT").await.map(|()| count),
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        conn.batch("ROLLBACK").await?;
    }
    outcome
}

async fn postgres_steps(conn: &mut PgConn, plan: &Plan, now: Timestamp) -> Result<usize, DbError> {
    conn.batch(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
        .await?;
    let applied = if let Some(applied) = postgres_applied(conn).await? {
        applied
    } else {
        conn.batch(&ddl::render(TABLE, Engine::Postgres)?).await?;
        Vec::new()
    };
    let pending = plan.pending(&applied)?;
    for step in &pending {
        let text = ddl::render(step.migration.source, Engine::Postgres)?;
        conn.batch(&text).await.map_err(|e| failed(step, &e))?;
        conn.raw_execute(
            RECORD,
            &[
                (&step.module, Type::TEXT),
                (&step.migration.number, Type::INT8),
                (&step.migration.name, Type::TEXT),
                (&step.checksum, Type::TEXT),
                (&step.breaking, Type::BOOL),
                (&now.as_micros(), Type::INT8),
            ],
        )
        .await?;
    }
    Ok(pending.len())
}

pub(crate) async fn postgres_applied(conn: &PgConn) -> Result<Option<Vec<Applied>>, DbError> {
    let known = conn
        .raw_query("SELECT to_regclass('_migrations') IS NOT NULL", &[])
        .await?;
    if !known.first().is_some_and(|row| row.get::<_, bool>(0)) {
        return Ok(None);
    }
    let rows = conn.raw_query(READ, &[]).await?;
    Ok(Some(
        rows.iter()
            .map(|row| Applied {
                module: row.get(0),
                number: row.get(1),
                name: row.get(2),
                checksum: row.get(3),
                breaking: row.get(4),
            })
            .collect(),
    ))
}

fn failed(step: &Step, error: &DbError) -> DbError {
    DbError::Migration(format!("{}/{}: {error}", step.module, step.migration.name))
}
