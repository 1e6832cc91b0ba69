//! The statements on `backup_restores` and its places.

use gantry_db::{ControlTx, DbError, Tx, args, from_row, sql};
use gantry_kernel::{TenantId, Timestamp};

use super::{RestoreId, Unfinished};

/// Marks the installation as not whole, with the tenants whose databases are still to come.
pub(super) async fn insert(
    tx: &mut ControlTx,
    backup: &str,
    taken_at: Timestamp,
    tenants: &[TenantId],
) -> Result<RestoreId, DbError> {
    let (id, now): (RestoreId, _) = (tx.kernel().id(), tx.now());
    tx.execute(
        sql!(
            "insert into backup_restores (id, backup, state, taken_at, started_at)
             values ($1, $2, 'running', $3, $4)"
        ),
        &args![id, backup, taken_at, now],
    )
    .await?;
    for tenant in tenants {
        tx.execute(
            sql!(
                "insert into backup_restore_places (restore_id, tenant_id, state)
                 values ($1, $2, 'waiting')"
            ),
            &args![id, tenant],
        )
        .await?;
    }
    Ok(id)
}

/// The one that is not over.
pub(super) async fn unfinished(tx: &mut Tx) -> Result<Option<Unfinished>, DbError> {
    tx.opt(
        sql!("select id, backup, taken_at from backup_restores where state = 'running'"),
        &args![],
    )
    .await
}

/// The next tenants whose databases are still to come.
pub(super) async fn waiting(
    tx: &mut Tx,
    id: RestoreId,
    limit: i64,
) -> Result<Vec<(TenantId,)>, DbError> {
    tx.all(
        sql!(
            "select tenant_id from backup_restore_places
             where restore_id = $1 and state = 'waiting' order by tenant_id limit $2"
        ),
        &args![id, limit],
    )
    .await
}

/// A tenant's database is in place.
pub(super) async fn done(
    tx: &mut ControlTx,
    id: RestoreId,
    tenant: TenantId,
    rows: i64,
    held: i64,
) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "update backup_restore_places set state = 'done', row_count = $3, mails_held = $4
             where restore_id = $1 and tenant_id = $2"
        ),
        &args![id, tenant, rows, held],
    )
    .await
    .map(drop)
}

/// There is nothing of a tenant.
pub(super) async fn lost(
    tx: &mut ControlTx,
    id: RestoreId,
    tenant: TenantId,
    why: &str,
) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "update backup_restore_places set state = 'failed', error = $3
             where restore_id = $1 and tenant_id = $2"
        ),
        &args![id, tenant, why],
    )
    .await
    .map(drop)
}

/// What became of the tenants.
pub(super) struct Sums {
    pub(super) tenants: i64,
    pub(super) rows: i64,
    pub(super) held: i64,
}

from_row!(Sums {
    tenants,
    rows,
    held
});

/// What is in place by now.
pub(super) async fn sums(tx: &mut Tx, id: RestoreId) -> Result<Sums, DbError> {
    tx.one(
        sql!(
            "select count(*) as tenants, cast(coalesce(sum(row_count), 0) as bigint) as rows,
                    cast(coalesce(sum(mails_held), 0) as bigint) as held
             from backup_restore_places where restore_id = $1 and state = 'done'"
        ),
        &args![id],
    )
    .await
}

/// The tenants of which there is nothing, and why.
pub(super) async fn all_lost(
    tx: &mut Tx,
    id: RestoreId,
) -> Result<Vec<(TenantId, String)>, DbError> {
    tx.all(
        sql!(
            "select tenant_id, error from backup_restore_places
             where restore_id = $1 and state = 'failed' order by tenant_id"
        ),
        &args![id],
    )
    .await
}

/// The installation is whole again, as far as it can be.
pub(super) async fn end(tx: &mut ControlTx, id: RestoreId, whole: bool) -> Result<(), DbError> {
    let (state, now) = (if whole { "done" } else { "partial" }, tx.now());
    tx.execute(
        sql!("update backup_restores set state = $2, finished_at = $3 where id = $1"),
        &args![id, state, now],
    )
    .await
    .map(drop)
}
