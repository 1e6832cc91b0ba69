//! Which tables a schema has, found out by SQLite from the migrations themselves.
//!
//! Neither engine's catalogue knows our kinds: on SQLite a date is text and a boolean an integer. So the
//! migrations are run in an empty database in memory whose columns are declared with the names of the
//! placeholders. The same model serves both engines, which is why their copies are equal.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::CopyError;
use super::format::{Column, Kind, Table};
use crate::migrate::Plan;
use crate::sqlite::failure;

/// Tables whose rows are in the header: whose database it is, and the migrations applied.
pub(super) const IN_HEADER: [&str; 2] = ["_meta", "_migrations"];

/// The tables of a plan by name, without those whose contents are in the header.
pub(super) fn of(plan: &Plan) -> Result<Vec<Table>, CopyError> {
    let conn = Connection::open_in_memory().map_err(|e| failure(&e))?;
    conn.execute_batch(&plan.kinds()?)
        .map_err(|e| CopyError::unfit(format!("its kinds cannot be found out: {e}")))?;
    let mut statement = conn
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .map_err(|e| failure(&e))?;
    let names: Vec<(String, Option<String>)> = statement
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(|e| failure(&e))?;
    let mut tables = Vec::new();
    for (name, sql) in names {
        let ordinary = sql.is_some_and(|sql| !sql.to_ascii_lowercase().contains("virtual table"));
        if !ordinary || name.starts_with("sqlite_") {
            return Err(CopyError::unfit(format!("{name} is not an ordinary table")));
        }
        if !IN_HEADER.contains(&name.as_str()) {
            tables.push(table(&conn, name)?);
        }
    }
    Ok(tables)
}

fn table(conn: &Connection, name: String) -> Result<Table, CopyError> {
    let mut statement = conn
        .prepare("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid")
        .map_err(|e| failure(&e))?;
    let rows: Vec<(String, String, i64, i64)> = statement
        .query_map([&name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .and_then(Iterator::collect)
        .map_err(|e| failure(&e))?;
    let mut key = BTreeMap::new();
    let mut columns = Vec::new();
    for (at, (column, declared, place, hidden)) in rows.into_iter().enumerate() {
        if hidden != 0 {
            return Err(CopyError::unfit(format!("{name}.{column} is generated")));
        }
        if place > 0 {
            key.insert(place, at);
        }
        let kind = kind(&declared).ok_or_else(|| {
            CopyError::unfit(format!("{name}.{column} is declared without a placeholder"))
        })?;
        columns.push(Column { name: column, kind });
    }
    if key.is_empty() {
        return Err(CopyError::unfit(format!("{name} has no primary key")));
    }
    Ok(Table {
        name,
        columns,
        key: key.into_values().collect(),
    })
}

fn kind(declared: &str) -> Option<Kind> {
    Some(match declared.to_ascii_lowercase().as_str() {
        "id" => Kind::Id,
        "int" => Kind::Int,
        "time" => Kind::Time,
        "date" => Kind::Date,
        "bool" => Kind::Bool,
        "json" => Kind::Json,
        "bytes" => Kind::Bytes,
        "text" => Kind::Text,
        _ => return None,
    })
}

/// A database's tables and columns must be the model's: what is not copied would be lost in silence.
pub(super) fn fits(tables: &[Table], found: &BTreeSet<(String, String)>) -> Result<(), CopyError> {
    let wanted: BTreeSet<(String, String)> = tables
        .iter()
        .flat_map(|table| {
            let columns = table.columns.iter();
            columns.map(|column| (table.name.clone(), column.name.clone()))
        })
        .collect();
    let found: BTreeSet<(String, String)> = found
        .iter()
        .filter(|(table, _)| !IN_HEADER.contains(&table.as_str()))
        .cloned()
        .collect();
    if let Some((table, column)) = found.difference(&wanted).next() {
        return Err(CopyError::unfit(format!("{table}.{column} is unknown")));
    }
    if let Some((table, column)) = wanted.difference(&found).next() {
        return Err(CopyError::unfit(format!("{table}.{column} is missing")));
    }
    Ok(())
}

/// The columns of a table as SQL.
pub(super) fn columns(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
    names.join(", ")
}

/// All rows in the order of their keys. Text sorts by bytes on both engines.
pub(super) fn select(table: &Table) -> String {
    let key: Vec<String> = table
        .key
        .iter()
        .filter_map(|at| table.columns.get(*at))
        .map(|column| quoted(&column.name))
        .collect();
    format!(
        "SELECT {} FROM {} ORDER BY {}",
        columns(table),
        quoted(&table.name),
        key.join(", ")
    )
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
