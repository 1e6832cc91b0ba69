//! Rows of `tenancy_limits`.

use std::collections::BTreeMap;
use std::fmt;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A limit set for one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LimitRow {
    /// What is limited.
    pub(crate) name: String,
    /// The most there may be.
    pub(crate) value: i64,
}

from_row!(LimitRow { name, value });

impl fmt::Display for LimitRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// What is set for a tenant, by name.
pub(crate) async fn overrides(tx: &mut Tx, tenant: TenantId) -> Result<Vec<LimitRow>, DbError> {
    tx.all(
        sql!("select name, value from tenancy_limits where tenant_id = $1 order by name"),
        &args![tenant],
    )
    .await
}

/// One of them.
pub(super) async fn one(tx: &mut Tx, tenant: TenantId, name: &str) -> Result<Option<i64>, DbError> {
    tx.opt(
        sql!("select value from tenancy_limits where tenant_id = $1 and name = $2"),
        &args![tenant, name],
    )
    .await
}

/// Sets values, and gives back to the default what is `None`.
pub(crate) async fn change(
    tx: &mut Tx,
    tenant: TenantId,
    changes: &BTreeMap<String, Option<i64>>,
) -> Result<(), DbError> {
    let now = tx.now();
    for (name, value) in changes {
        if let Some(value) = value {
            tx.execute(
                sql!(
                    "insert into tenancy_limits (tenant_id, name, value, updated_at)
                     values ($1, $2, $3, $4)
                     on conflict (tenant_id, name) do update set
                         value = excluded.value, updated_at = excluded.updated_at"
                ),
                &args![tenant, name, value, now],
            )
            .await?;
        } else {
            tx.execute(
                sql!("delete from tenancy_limits where tenant_id = $1 and name = $2"),
                &args![tenant, name],
            )
            .await?;
        }
    }
    Ok(())
}
