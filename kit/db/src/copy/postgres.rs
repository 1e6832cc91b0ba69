//! Copying out of and into a PostgreSQL database.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::pin::pin;

use gantry_kernel::Timestamp;
use gantry_kernel::column::Value;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::format::{Header, Kind, Summary, Table};
use super::read::{Event, Reader};
use super::write::{Open, Writer};
use super::{CopyError, ROWS, Subject, model};
use crate::DbError;
use crate::migrate::{self, Plan};
use crate::postgres::{Param, PgConn, UNBOUNDED, column, failure};

/// What a fetch should bring, in bytes, and at most in rows.
const FETCH: u64 = 1 << 20;
const MOST: u64 = 2_000;
/// Rows of one COPY are kept in memory up to this size.
const CHUNK: usize = 4 << 20;

/// Writes what the connection's transaction sees.
pub(crate) async fn dump<W: Write>(
    conn: &PgConn,
    plan: &Plan,
    now: Timestamp,
    out: W,
) -> Result<(W, Summary), CopyError> {
    let applied = migrate::postgres_applied(conn)
        .await?
        .ok_or_else(|| CopyError::unfit("it was never migrated"))?;
    let applied: Vec<_> = applied.into_iter().map(Into::into).collect();
    let plan = plan.cut_to(&applied)?;
    let tables = model::of(&plan)?;
    model::fits(&tables, &found(conn).await?)?;
    let header = Header::new(subject(conn).await?, now, plan.schema());
    let mut writer = Writer::new(out, header)?;
    for table in &tables {
        let mut open = writer.open(table)?;
        batch(
            conn,
            &format!(
                "DECLARE copied NO SCROLL CURSOR FOR {}",
                model::select(table)
            ),
        )
        .await?;
        rows(conn, &mut writer, &mut open).await?;
        batch(conn, "CLOSE copied").await?;
        writer.close(open)?;
    }
    writer.finish()
}

/// Fetches so many rows at a time that they take about the same memory, whatever their size.
async fn rows<W: Write>(
    conn: &PgConn,
    writer: &mut Writer<W>,
    open: &mut Open<'_>,
) -> Result<(), CopyError> {
    let mut wanted = 16;
    loop {
        let fetched = conn
            .raw_query(&format!("FETCH FORWARD {wanted} FROM copied"), &[])
            .await?;
        let before = writer.bytes();
        for row in &fetched {
            writer.row(open, |at| column(row, at))?;
        }
        let got = fetched.len() as u64;
        if got < wanted {
            return Ok(());
        }
        let each = (writer.bytes() - before) / got.max(1);
        wanted = (FETCH / each.max(1)).clamp(1, MOST);
    }
}

pub(super) async fn batch(conn: &PgConn, text: &str) -> Result<(), DbError> {
    conn.raw_batch(text).await.map_err(|e| failure(&e))
}

/// Tables and their columns.
async fn found(conn: &PgConn) -> Result<BTreeSet<(String, String)>, DbError> {
    let rows = conn
        .raw_query(
            "SELECT c.relname::text, a.attname::text FROM pg_class c \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relnamespace = current_schema()::regnamespace \
             AND c.relkind IN ('r', 'p', 'm', 'f')",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn subject(conn: &PgConn) -> Result<Subject, CopyError> {
    let known = conn
        .raw_query("SELECT to_regclass('_meta') IS NOT NULL", &[])
        .await?;
    if !known.first().is_some_and(|row| row.get::<_, bool>(0)) {
        return Ok(Subject::Control);
    }
    let rows = conn
        .raw_query(
            "SELECT tenant_id, slug, incarnation, created_at FROM _meta",
            &[],
        )
        .await?;
    let Some(row) = rows.first() else {
        return Err(CopyError::unfit("it has no owner"));
    };
    let (id, slug): (String, String) = (row.get(0), row.get(1));
    super::tenant_subject(&id, &slug, row.get(2), row.get(3))
}

/// Fills a database that a plan has just made and that nobody else knows, in one transaction. Triggers are off, because
/// they would do again what is in the copy already; foreign keys are taken away and put back, which
/// checks all rows at once. Both need no more than to own the tables.
pub(super) async fn load<R: Read>(
    conn: &PgConn,
    tables: &[Table],
    reader: &mut Reader<R>,
) -> Result<Summary, CopyError> {
    batch(conn, &format!("BEGIN; {UNBOUNDED}")).await?;
    let keys = foreign_keys(conn).await?;
    for key in &keys {
        batch(
            conn,
            &format!("ALTER TABLE {} DROP CONSTRAINT {}", key.table, key.name),
        )
        .await?;
    }
    for table in tables {
        let name = model::quoted(&table.name);
        batch(
            conn,
            &format!("ALTER TABLE {name} DISABLE TRIGGER USER; DELETE FROM {name}"),
        )
        .await?;
    }
    let summary = fill(conn, tables, reader).await?;
    for table in tables {
        let name = model::quoted(&table.name);
        batch(conn, &format!("ALTER TABLE {name} ENABLE TRIGGER USER")).await?;
    }
    for key in &keys {
        let text = format!(
            "ALTER TABLE {} ADD CONSTRAINT {} {}",
            key.table, key.name, key.definition
        );
        batch(conn, &text).await?;
    }
    batch(conn, "ANALYZE; COMMIT").await?;
    Ok(summary)
}

/// A foreign key, its names written as identifiers.
pub(super) struct ForeignKey {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) definition: String,
}

pub(super) async fn foreign_keys(conn: &PgConn) -> Result<Vec<ForeignKey>, DbError> {
    let rows = conn
        .raw_query(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) \
             FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 \
             AND connamespace = current_schema()::regnamespace ORDER BY 1, 2",
            &[],
        )
        .await?;
    let keys = rows.iter().map(|row| ForeignKey {
        table: row.get(0),
        name: row.get(1),
        definition: row.get(2),
    });
    Ok(keys.collect())
}

async fn fill<R: Read>(
    conn: &PgConn,
    tables: &[Table],
    reader: &mut Reader<R>,
) -> Result<Summary, CopyError> {
    let mut open: Option<Table> = None;
    let (mut waiting, mut size) = (Vec::new(), 0);
    loop {
        match reader.next()? {
            Event::Table(table) => open = Some(super::known(tables, &table)?.clone()),
            Event::Row(values) => {
                size += values.iter().map(weight).sum::<usize>();
                waiting.push(values);
                if waiting.len() >= ROWS || size >= CHUNK {
                    put(conn, open.as_ref(), &mut waiting).await?;
                    size = 0;
                }
            }
            Event::End => {
                put(conn, open.as_ref(), &mut waiting).await?;
                (open, size) = (None, 0);
            }
            Event::Over(summary) => return Ok(summary),
        }
    }
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => 8 + text.len(),
        Value::Bytes(bytes) => 8 + bytes.len(),
        _ => 8,
    }
}

/// Writes the waiting rows with one COPY.
pub(super) async fn put(
    conn: &PgConn,
    table: Option<&Table>,
    waiting: &mut Vec<Vec<Value>>,
) -> Result<(), CopyError> {
    let rows = std::mem::take(waiting);
    let (Some(table), false) = (table, rows.is_empty()) else {
        return Ok(());
    };
    let types: Vec<Type> = table.columns.iter().map(|c| type_of(c.kind)).collect();
    let text = format!(
        "COPY {} ({}) FROM STDIN BINARY",
        model::quoted(&table.name),
        model::columns(table)
    );
    let sink = conn
        .client()
        .copy_in(&text)
        .await
        .map_err(|e| failure(&e))?;
    let mut sink = pin!(BinaryCopyInWriter::new(sink, &types));
    for row in &rows {
        let cells: Vec<Param<'_>> = row.iter().map(Param).collect();
        let cells: Vec<&(dyn ToSql + Sync)> = cells
            .iter()
            .map(|cell| cell as &(dyn ToSql + Sync))
            .collect();
        sink.as_mut().write(&cells).await.map_err(|e| failure(&e))?;
    }
    sink.finish().await.map_err(|e| failure(&e))?;
    Ok(())
}

const fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Id | Kind::Json | Kind::Text => Type::TEXT,
        Kind::Int | Kind::Time => Type::INT8,
        Kind::Date => Type::DATE,
        Kind::Bool => Type::BOOL,
        Kind::Bytes => Type::BYTEA,
    }
}

/// Writes down whose database this is.
pub(super) async fn stamp(conn: &PgConn, owner: &super::Stamp) -> Result<(), DbError> {
    conn.raw_execute(
        "INSERT INTO _meta (one, tenant_id, slug, incarnation, created_at) \
         VALUES (1, $1, $2, $3, $4)",
        &[
            (&owner.id.to_string(), Type::TEXT),
            (&owner.slug.as_str(), Type::TEXT),
            (&owner.incarnation, Type::INT8),
            (&owner.created_at, Type::INT8),
        ],
    )
    .await
    .map(drop)
}
