//! Rows of `tenancy_provisionings`.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the set-up of a tenant goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Provisioning {
    /// `requested`, `done` or `failed`.
    pub(crate) state: String,
    /// Attempts that failed.
    pub(crate) failures: i64,
    /// Why the last one did.
    pub(crate) last_error: Option<String>,
    /// When it was asked for.
    pub(crate) requested_at: Timestamp,
    /// When something last happened.
    pub(crate) updated_at: Timestamp,
}

from_row!(Provisioning {
    state,
    failures,
    last_error,
    requested_at,
    updated_at
});

/// Begins one.
pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    owner: IdentityId,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into tenancy_provisionings
                (tenant_id, owner_id, state, failures, requested_at, updated_at)
             values ($1, $2, 'requested', 0, $3, $3)"
        ),
        &args![tenant, owner, now],
    )
    .await
    .map(drop)
}

/// How it stands.
pub(crate) async fn by_tenant(
    tx: &mut Tx,
    tenant: TenantId,
) -> Result<Option<Provisioning>, DbError> {
    tx.opt(
        sql!(
            "select state, failures, last_error, requested_at, updated_at
             from tenancy_provisionings where tenant_id = $1"
        ),
        &args![tenant],
    )
    .await
}

/// The future owner, while the set-up is wanted and not finished.
pub(super) async fn unfinished(
    tx: &mut Tx,
    tenant: TenantId,
) -> Result<Option<IdentityId>, DbError> {
    let found = tx
        .opt::<(IdentityId,)>(
            sql!(
                "select p.owner_id from tenancy_provisionings p
                 join tenants t on t.id = p.tenant_id
                 where p.tenant_id = $1 and p.state = 'requested' and t.state = 'provisioning'"
            ),
            &args![tenant],
        )
        .await?;
    Ok(found.map(|(owner,)| owner))
}

/// Ends it, or begins it again.
pub(super) async fn set_state(tx: &mut Tx, tenant: TenantId, state: &str) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!("update tenancy_provisionings set state = $2, updated_at = $3 where tenant_id = $1"),
        &args![tenant, state, now],
    )
    .await
    .map(drop)
}

/// Notes a failed attempt.
pub(super) async fn failed_once(tx: &mut Tx, tenant: TenantId, error: &str) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update tenancy_provisionings
             set failures = failures + 1, last_error = $2, updated_at = $3
             where tenant_id = $1 and state = 'requested'"
        ),
        &args![tenant, error, now],
    )
    .await
    .map(drop)
}
