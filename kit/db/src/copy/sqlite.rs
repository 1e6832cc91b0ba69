//! Copying out of and into a SQLite file.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use gantry_kernel::column::Value;
use gantry_kernel::{Slug, TenantId, Timestamp};
use rusqlite::config::DbConfig as Switch;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OptionalExtension};

use super::format::{Header, Summary, Table};
use super::read::{Event, Reader};
use super::write::Writer;
use super::{CopyError, ROWS, Subject, model};
use crate::DbError;
use crate::migrate::{self, Plan};
use crate::sqlite::{SqliteConn, column, failure};

/// Writes what the connection's transaction sees.
pub(super) fn dump<W: Write>(
    conn: &SqliteConn,
    plan: &Plan,
    now: Timestamp,
    out: W,
) -> Result<(W, Summary), CopyError> {
    let applied =
        migrate::sqlite_applied(conn)?.ok_or_else(|| CopyError::unfit("it was never migrated"))?;
    let applied: Vec<_> = applied.into_iter().map(Into::into).collect();
    let plan = plan.cut_to(&applied)?;
    let tables = model::of(&plan)?;
    let raw = conn.raw();
    model::fits(&tables, &found(raw)?)?;
    let header = Header::new(subject(raw)?, now, plan.schema());
    let mut writer = Writer::new(out, header)?;
    for table in &tables {
        let mut open = writer.open(table)?;
        let mut statement = raw
            .prepare(&model::select(table))
            .map_err(|e| failure(&e))?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|e| failure(&e))? {
            writer.row(&mut open, |at| column(row, at))?;
        }
        writer.close(open)?;
    }
    writer.finish()
}

/// Tables and their columns.
fn found(raw: &Connection) -> Result<BTreeSet<(String, String)>, DbError> {
    let mut statement = raw
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_xinfo(t.name) c \
             WHERE t.type = 'table' AND t.name NOT GLOB 'sqlite_*'",
        )
        .map_err(|e| failure(&e))?;
    statement
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(|e| failure(&e))
}

/// A tenant's database says whose it is; control has no such table.
fn subject(raw: &Connection) -> Result<Subject, CopyError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = '_meta'";
    let known = raw
        .query_row(sql, (), |_| Ok(()))
        .optional()
        .map_err(|e| failure(&e))?;
    if known.is_none() {
        return Ok(Subject::Control);
    }
    let sql = "SELECT tenant_id, slug, incarnation, created_at FROM _meta";
    let (id, slug, incarnation, created_at): (String, String, i64, i64) = raw
        .query_row(sql, (), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .map_err(|e| failure(&e))?;
    super::tenant_subject(&id, &slug, incarnation, created_at)
}

/// Fills a database that a plan has just made, with triggers and foreign keys at rest: triggers would
/// do again what is in the copy already, and rows come by table, not by what they refer to. Then the
/// foreign keys and the file are checked.
pub(super) fn load<R: Read>(
    conn: &SqliteConn,
    tables: &[Table],
    reader: &mut Reader<R>,
) -> Result<Summary, CopyError> {
    let raw = conn.raw();
    conn.batch("PRAGMA foreign_keys = OFF")?;
    raw.set_db_config(Switch::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .map_err(|e| failure(&e))?;
    conn.batch("BEGIN IMMEDIATE")?;
    empty(raw, tables)?;
    let summary = fill(conn, tables, reader)?;
    conn.batch("COMMIT")?;
    raw.set_db_config(Switch::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)
        .map_err(|e| failure(&e))?;
    conn.batch("PRAGMA foreign_keys = ON")?;
    check(raw)?;
    Ok(summary)
}

/// A migration may have put rows into its table; the copy has them as they are by now.
fn empty(raw: &Connection, tables: &[Table]) -> Result<(), CopyError> {
    for table in tables {
        raw.execute(&format!("DELETE FROM {}", model::quoted(&table.name)), ())
            .map_err(|e| failure(&e))?;
    }
    Ok(())
}

fn fill<R: Read>(
    conn: &SqliteConn,
    tables: &[Table],
    reader: &mut Reader<R>,
) -> Result<Summary, CopyError> {
    let raw = conn.raw();
    let (mut text, mut waiting) = (None, 0);
    loop {
        match reader.next()? {
            Event::Table(table) => {
                text = Some(inserting(super::known(tables, &table)?));
            }
            Event::Row(values) => {
                let Some(text) = &text else {
                    return Err(CopyError::unfit("a row without a table"));
                };
                raw.prepare_cached(text)
                    .and_then(|mut insert| {
                        insert.execute(rusqlite::params_from_iter(values.into_iter().map(cell)))
                    })
                    .map_err(|e| failure(&e))?;
                waiting += 1;
                if waiting == ROWS {
                    waiting = 0;
                    conn.batch("COMMIT; BEGIN IMMEDIATE")?;
                }
            }
            Event::End => text = None,
            Event::Over(summary) => return Ok(summary),
        }
    }
}

/// The statement that adds a row.
pub(super) fn inserting(table: &Table) -> String {
    let places: Vec<String> = (1..=table.columns.len())
        .map(|number| format!("?{number}"))
        .collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        model::quoted(&table.name),
        model::columns(table),
        places.join(", ")
    )
}

pub(super) fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Int(n) => Cell::Integer(n),
        Value::Bool(b) => Cell::Integer(i64::from(b)),
        Value::Text(text) => Cell::Text(text),
        Value::Bytes(bytes) => Cell::Blob(bytes),
        Value::Date(date) => Cell::Text(date.to_string()),
    }
}

/// Foreign keys, pages and indexes.
fn check(raw: &Connection) -> Result<(), CopyError> {
    let broken: Option<(String, String)> = raw
        .query_row(
            "SELECT \"table\", \"parent\" FROM pragma_foreign_key_check LIMIT 1",
            (),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(|e| failure(&e))?;
    if let Some((table, parent)) = broken {
        return Err(CopyError::Differs(format!(
            "a row of {table} refers to a row of {parent} that is not there"
        )));
    }
    let said: String = raw
        .query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))
        .map_err(|e| failure(&e))?;
    if said == "ok" {
        Ok(())
    } else {
        Err(DbError::Corrupt(said).into())
    }
}

/// Writes down whose database this is.
pub(super) fn stamp(conn: &SqliteConn, owner: &super::Stamp) -> Result<(), DbError> {
    conn.raw()
        .execute(
            "INSERT INTO _meta (one, tenant_id, slug, incarnation, created_at) \
             VALUES (1, ?1, ?2, ?3, ?4)",
            rusqlite::params![
                TenantId::to_string(&owner.id),
                Slug::as_str(&owner.slug),
                owner.incarnation,
                owner.created_at
            ],
        )
        .map(drop)
        .map_err(|e| failure(&e))
}
