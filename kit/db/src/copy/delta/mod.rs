//! What changed between two copies of one database, row by row, and doing the same to a third.
//!
//! The rows of a copy come in the order of their keys, so two copies are compared by reading them side by
//! side. What is changed is then checked by the hashes of the whole, not taken on trust.

mod postgres;
mod sqlite;

use std::io::Read;

use gantry_kernel::column::Value;

pub(super) use postgres::apply as on_postgres;
pub(super) use sqlite::apply as on_sqlite;

use super::CopyError;
use super::format::{Table, precedes};
use super::read::{Event, Reader};

/// What changed in one table; a row that changed is gone and new.
pub(super) struct Change {
    pub(super) table: Table,
    /// Rows to remove, in full; their keys name them.
    pub(super) gone: Vec<Vec<Value>>,
    /// Rows to add after that.
    pub(super) new: Vec<Vec<Value>>,
}

/// The changes by table, tables without any left out.
pub(super) fn between<A: Read, B: Read>(
    mut before: Reader<A>,
    mut after: Reader<B>,
) -> Result<Vec<Change>, CopyError> {
    let mut changes = Vec::new();
    loop {
        match (before.next()?, after.next()?) {
            (Event::Table(one), Event::Table(other)) if one == other => {
                let change = in_table(&mut before, &mut after, one)?;
                if !(change.gone.is_empty() && change.new.is_empty()) {
                    changes.push(change);
                }
            }
            (Event::Over(_), Event::Over(_)) => return Ok(changes),
            _ => {
                return Err(CopyError::Differs(
                    "its schema changed between two copies".to_owned(),
                ));
            }
        }
    }
}

fn in_table<A: Read, B: Read>(
    before: &mut Reader<A>,
    after: &mut Reader<B>,
    table: Table,
) -> Result<Change, CopyError> {
    let mut change = Change {
        table,
        gone: Vec::new(),
        new: Vec::new(),
    };
    let (mut old, mut new) = (row(before)?, row(after)?);
    loop {
        let key = &change.table.key;
        (old, new) = match (old, new) {
            (None, None) => return Ok(change),
            (Some(one), Some(other)) if one == other => (row(before)?, row(after)?),
            (Some(one), Some(other)) if precedes(key, &one, &other) => {
                change.gone.push(one);
                (row(before)?, Some(other))
            }
            (Some(one), Some(other)) if precedes(key, &other, &one) => {
                change.new.push(other);
                (Some(one), row(after)?)
            }
            (one, other) => {
                change.gone.extend(one);
                change.new.extend(other);
                (row(before)?, row(after)?)
            }
        };
    }
}

/// The next row of the open table. A copy that has ended it says so once.
fn row<R: Read>(reader: &mut Reader<R>) -> Result<Option<Vec<Value>>, CopyError> {
    if !reader.in_table() {
        return Ok(None);
    }
    match reader.next()? {
        Event::Row(values) => Ok(Some(values)),
        Event::End => Ok(None),
        Event::Table(_) | Event::Over(_) => Err(CopyError::unfit("a table without an end")),
    }
}

/// The values of a row's key, in its order.
fn key<'a>(table: &'a Table, row: &'a [Value]) -> impl Iterator<Item = &'a Value> {
    table.key.iter().filter_map(|at| row.get(*at))
}

/// The condition that names a row by its key, with places written by `place`.
fn condition(table: &Table, place: impl Fn(usize) -> String) -> String {
    let columns = table.key.iter().filter_map(|at| table.columns.get(*at));
    let parts = columns.enumerate().map(|(at, column)| {
        let name = super::model::quoted(&column.name);
        format!("{name} = {}", place(at + 1))
    });
    parts.collect::<Vec<_>>().join(" AND ")
}
