//! Rows of `tenant_security`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::TenantId;

/// Whether members need a second factor.
pub(super) async fn second_factor(tx: &mut Tx, tenant: TenantId) -> Result<bool, DbError> {
    let found: Option<(bool,)> = tx
        .opt(
            sql!("select require_second_factor from tenant_security where tenant_id = $1"),
            &args![tenant],
        )
        .await?;
    Ok(found.is_some_and(|(required,)| required))
}

pub(super) async fn set_second_factor(
    tx: &mut Tx,
    tenant: TenantId,
    required: bool,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into tenant_security (tenant_id, require_second_factor, updated_at)
             values ($1, $2, $3)
             on conflict (tenant_id) do update set
                 require_second_factor = excluded.require_second_factor,
                 updated_at = excluded.updated_at"
        ),
        &args![tenant, required, now],
    )
    .await
    .map(drop)
}
