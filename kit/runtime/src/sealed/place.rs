//! One database with sealed values, control or a tenant's.

use gantry_audit::chain::{self, SealKeys};
use gantry_db::{ControlDb, ControlTx, DbError, TenantDb, TenantTx, Tx, args, from_row};

use super::SealedColumn;

#[derive(Clone)]
pub(super) struct Value {
    pub(super) key: String,
    pub(super) sealed: Vec<u8>,
}

from_row!(Value { key, sealed });

/// A value to write in place of the one that was read.
pub(super) type Change = (Value, Vec<u8>);

/// A database with sealed columns.
#[derive(Clone)]
pub(super) enum Place {
    Control(ControlDb),
    Tenant(TenantDb),
}

impl Place {
    pub(super) async fn page(
        &self,
        column: SealedColumn,
        after: &str,
    ) -> Result<Vec<Value>, DbError> {
        let after = after.to_owned();
        match self {
            Self::Control(db) => {
                db.read(async move |tx: &mut ControlTx| tx.all(column.page, &args![after]).await)
                    .await
            }
            Self::Tenant(db) => {
                db.read(async move |tx: &mut TenantTx| tx.all(column.page, &args![after]).await)
                    .await
            }
        }
    }

    pub(super) async fn replace(
        &self,
        column: SealedColumn,
        changes: Vec<Change>,
    ) -> Result<u64, DbError> {
        match self {
            Self::Control(db) => {
                db.write(async move |tx: &mut ControlTx| replace(tx, column, &changes).await)
                    .await
            }
            Self::Tenant(db) => {
                db.write(async move |tx: &mut TenantTx| replace(tx, column, &changes).await)
                    .await
            }
        }
    }

    pub(super) async fn countersign(&self, keys: SealKeys) -> Result<u64, DbError> {
        match self {
            Self::Control(db) => {
                db.write(async move |tx: &mut ControlTx| chain::countersign(tx, &keys).await)
                    .await
            }
            Self::Tenant(db) => {
                db.write(async move |tx: &mut TenantTx| chain::countersign(tx, &keys).await)
                    .await
            }
        }
    }

    pub(super) async fn older_seals(&self, keys: SealKeys) -> Result<Vec<String>, DbError> {
        match self {
            Self::Control(db) => {
                db.read(async move |tx: &mut ControlTx| chain::older_keys(tx, &keys).await)
                    .await
            }
            Self::Tenant(db) => {
                db.read(async move |tx: &mut TenantTx| chain::older_keys(tx, &keys).await)
                    .await
            }
        }
    }
}

/// A value that somebody changed since it was read is left as it is.
async fn replace(tx: &mut Tx, column: SealedColumn, changes: &[Change]) -> Result<u64, DbError> {
    let mut replaced = 0;
    for (Value { key, sealed }, fresh) in changes {
        replaced += tx
            .execute(column.replace, &args![key, sealed, fresh])
            .await?;
    }
    Ok(replaced)
}
