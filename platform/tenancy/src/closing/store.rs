//! Rows of `tenancy_closures`.

use gantry_db::{DbError, TenantState, Tx, args, from_row, sql};
use gantry_kernel::{TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// That a tenant is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Closure {
    /// Since when.
    pub closed_at: Timestamp,
    /// Until then it can be called off; afterwards the database is removed.
    pub remove_at: Timestamp,
    /// When the database was removed.
    pub removed_at: Option<Timestamp>,
}

from_row!(Closure {
    closed_at,
    remove_at,
    removed_at
});

/// What a closure that is called off gives back.
pub(super) struct Before {
    pub(super) state: TenantState,
    pub(super) reason: Option<String>,
    pub(super) former: Option<String>,
}

from_row!(Before {
    state,
    reason,
    former
});

/// A database on its way out.
pub(super) struct Leaving {
    pub(super) tenant_id: TenantId,
    pub(super) former_home: Option<String>,
    pub(super) former: Option<String>,
}

from_row!(Leaving {
    tenant_id,
    former_home,
    former
});

pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    before: TenantState,
    reason: Option<&str>,
    remove_at: Timestamp,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into tenancy_closures (tenant_id, state_before, reason_before, closed_at, remove_at)
             values ($1, $2, $3, $4, $5)"
        ),
        &args![tenant, before, reason, now, remove_at],
    )
    .await
    .map(drop)
}

pub(super) async fn before(tx: &mut Tx, tenant: TenantId) -> Result<Option<Before>, DbError> {
    tx.opt(
        sql!(
            "select state_before as state, reason_before as reason, former
             from tenancy_closures where tenant_id = $1"
        ),
        &args![tenant],
    )
    .await
}

pub(super) async fn delete(tx: &mut Tx, tenant: TenantId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from tenancy_closures where tenant_id = $1"),
        &args![tenant],
    )
    .await
    .map(drop)
}

pub(crate) async fn by_tenant(tx: &mut Tx, tenant: TenantId) -> Result<Option<Closure>, DbError> {
    tx.opt(
        sql!("select closed_at, remove_at, removed_at from tenancy_closures where tenant_id = $1"),
        &args![tenant],
    )
    .await
}

/// Closed tenants whose grace is over and whose database is still there.
pub(super) async fn due(
    tx: &mut Tx,
    after: Option<TenantId>,
    limit: i64,
) -> Result<Vec<Leaving>, DbError> {
    let now = tx.now();
    tx.all(
        sql!(
            "select tenant_id, former_home, former from tenancy_closures
             where remove_at <= $1 and removed_at is null
               and (cast($2 as text) is null or tenant_id > $2)
             order by tenant_id limit $3"
        ),
        &args![now, after, limit],
    )
    .await
}

/// Notes where the database was when its removal begins.
pub(super) async fn leave(
    tx: &mut Tx,
    tenant: TenantId,
    home: &str,
    database: &str,
) -> Result<(), DbError> {
    tx.execute(
        sql!("update tenancy_closures set former_home = $2, former = $3 where tenant_id = $1"),
        &args![tenant, home, database],
    )
    .await
    .map(drop)
}

/// Forgets what was kept for a tenant that is no more: who asked for it, and what it was allowed. Its moves stay, as its
/// closure does: they say what became of its databases.
pub(super) async fn forget(tx: &mut Tx, tenant: TenantId) -> Result<(), DbError> {
    for statement in [
        sql!("delete from tenancy_provisionings where tenant_id = $1"),
        sql!("delete from tenancy_limits where tenant_id = $1"),
    ] {
        tx.execute(statement, &args![tenant]).await?;
    }
    Ok(())
}

pub(super) async fn removed(tx: &mut Tx, tenant: TenantId) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!("update tenancy_closures set removed_at = $2 where tenant_id = $1"),
        &args![tenant, now],
    )
    .await
    .map(drop)
}
