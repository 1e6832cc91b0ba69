//! Changing a PostgreSQL database as another one was changed.

use std::collections::BTreeSet;

use super::{Change, condition, key};
use crate::copy::postgres::{batch, foreign_keys, put};
use crate::copy::{CopyError, ROWS, model};
use crate::postgres::{Param, PgConn, UNBOUNDED, failure};

/// All of it in one transaction, without triggers and foreign keys, which come back at its end and are
/// checked then.
pub(in crate::copy) async fn apply(conn: &PgConn, changes: Vec<Change>) -> Result<(), CopyError> {
    batch(conn, &format!("BEGIN; {UNBOUNDED}")).await?;
    let keys = foreign_keys(conn).await?;
    for key in &keys {
        batch(
            conn,
            &format!("ALTER TABLE {} DROP CONSTRAINT {}", key.table, key.name),
        )
        .await?;
    }
    let names: BTreeSet<String> = changes
        .iter()
        .map(|change| model::quoted(&change.table.name))
        .collect();
    for name in &names {
        batch(conn, &format!("ALTER TABLE {name} DISABLE TRIGGER USER")).await?;
    }
    for change in changes {
        in_table(conn, change).await?;
    }
    for name in &names {
        batch(conn, &format!("ALTER TABLE {name} ENABLE TRIGGER USER")).await?;
    }
    for key in &keys {
        let text = format!(
            "ALTER TABLE {} ADD CONSTRAINT {} {}",
            key.table, key.name, key.definition
        );
        batch(conn, &text).await?;
    }
    batch(conn, "COMMIT").await?;
    Ok(())
}

async fn in_table(conn: &PgConn, change: Change) -> Result<(), CopyError> {
    let table = &change.table;
    let text = format!(
        "DELETE FROM {} WHERE {}",
        model::quoted(&table.name),
        condition(table, |at| format!("${at}"))
    );
    let client = conn.client();
    let delete = client.prepare(&text).await.map_err(|e| failure(&e))?;
    for row in &change.gone {
        let removed = client
            .execute_raw(&delete, key(table, row).map(Param).collect::<Vec<_>>())
            .await
            .map_err(|e| failure(&e))?;
        if removed != 1 {
            return Err(CopyError::Differs(format!(
                "a row of {} is not where it was",
                table.name
            )));
        }
    }
    let mut waiting = Vec::new();
    for row in change.new {
        waiting.push(row);
        if waiting.len() >= ROWS {
            put(conn, Some(table), &mut waiting).await?;
        }
    }
    put(conn, Some(table), &mut waiting).await
}
