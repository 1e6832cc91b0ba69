//! Changing a SQLite database as another one was changed.

use rusqlite::config::DbConfig as Switch;

use super::{Change, condition, key};
use crate::copy::sqlite::{cell, inserting};
use crate::copy::{CopyError, model};
use crate::sqlite::{SqliteConn, failure};

/// All of it in one transaction, with triggers and foreign keys at rest: they had their say where the
/// changes were made.
pub(in crate::copy) fn apply(conn: &SqliteConn, changes: Vec<Change>) -> Result<(), CopyError> {
    let raw = conn.raw();
    conn.batch("PRAGMA foreign_keys = OFF")?;
    raw.set_db_config(Switch::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .map_err(|e| failure(&e))?;
    conn.batch("BEGIN IMMEDIATE")?;
    for change in changes {
        let table = &change.table;
        let text = format!(
            "DELETE FROM {} WHERE {}",
            model::quoted(&table.name),
            condition(table, |at| format!("?{at}"))
        );
        let mut delete = raw.prepare(&text).map_err(|e| failure(&e))?;
        for row in &change.gone {
            let values = key(table, row).cloned().map(cell);
            let removed = delete
                .execute(rusqlite::params_from_iter(values))
                .map_err(|e| failure(&e))?;
            if removed != 1 {
                return Err(CopyError::Differs(format!(
                    "a row of {} is not where it was",
                    table.name
                )));
            }
        }
        let mut insert = raw.prepare(&inserting(table)).map_err(|e| failure(&e))?;
        for row in change.new {
            insert
                .execute(rusqlite::params_from_iter(row.into_iter().map(cell)))
                .map_err(|e| failure(&e))?;
        }
    }
    conn.batch("COMMIT")?;
    Ok(())
}
