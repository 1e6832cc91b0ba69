//! The tables that the migrations make, for people: found out by running them once in memory.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{MigrationSet, Plan, ddl};
use crate::DbError;
use crate::sqlite::failure;

/// A table of the finished schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// The module whose migration made it.
    pub module: &'static str,
    /// Its columns, in order.
    pub columns: Vec<ColumnShape>,
    /// Its foreign keys.
    pub references: Vec<ReferenceShape>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// The word for what it holds, as migrations write it: `id`, `text`, `time`, ..
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether it belongs to the primary key.
    pub key: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceShape {
    /// The columns, in order.
    pub columns: Vec<String>,
    /// The table they point to.
    pub table: String,
    /// What happens to the row when the one it points to is removed, in the words of SQL.
    pub on_delete: String,
}

impl MigrationSet {
    /// The tables of control, in the order in which they are made.
    pub fn control_tables(&self) -> Result<Vec<TableShape>, DbError> {
        tables(self.control())
    }

    /// The tables of every tenant.
    pub fn tenant_tables(&self) -> Result<Vec<TableShape>, DbError> {
        tables(self.tenant())
    }
}

fn tables(plan: &Plan) -> Result<Vec<TableShape>, DbError> {
    let scratch = Connection::open_in_memory().map_err(|e| failure(&e))?;
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut made: Vec<(String, &'static str)> = Vec::new();
    for step in &plan.steps {
        let text = ddl::render_kinds(step.migration.source)?;
        scratch.execute_batch(&text).map_err(|e| failure(&e))?;
        for name in names(&scratch).map_err(|e| failure(&e))? {
            if known.insert(name.clone()) {
                made.push((name, step.module));
            }
        }
    }
    // A later migration may have dropped or renamed what an earlier one made.
    let present: BTreeSet<String> = names(&scratch)
        .map_err(|e| failure(&e))?
        .into_iter()
        .collect();
    made.into_iter()
        .filter(|(name, _)| present.contains(name))
        .map(|(name, module)| shape(&scratch, name, module).map_err(|e| failure(&e)))
        .collect()
}

/// In the order in which they were made.
fn names(scratch: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = scratch.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid",
    )?;
    let names = statement.query_map((), |row| row.get(0))?;
    names.collect()
}

fn shape(scratch: &Connection, name: String, module: &'static str) -> rusqlite::Result<TableShape> {
    let mut statement = scratch
        .prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let columns = statement
        .query_map([&name], |row| {
            let key = row.get::<_, i64>(3)? > 0;
            Ok(ColumnShape {
                name: row.get(0)?,
                kind: row.get::<_, String>(1)?.to_ascii_lowercase(),
                nullable: row.get::<_, i64>(2)? == 0 && !key,
                key,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut statement = scratch.prepare(
        "SELECT id, \"table\", \"from\", on_delete FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq",
    )?;
    let rows = statement
        .query_map([&name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<Vec<(i64, String, String, String)>>>()?;
    let mut references: Vec<(i64, ReferenceShape)> = Vec::new();
    for (id, table, column, on_delete) in rows {
        match references.iter_mut().find(|(known, _)| *known == id) {
            Some((_, reference)) => reference.columns.push(column),
            None => references.push((
                id,
                ReferenceShape {
                    columns: vec![column],
                    table,
                    on_delete: on_delete.to_ascii_lowercase(),
                },
            )),
        }
    }
    Ok(TableShape {
        name,
        module,
        columns,
        references: references.into_iter().map(|(_, one)| one).collect(),
    })
}
