//! What control remembers of the tenants' chains.

use gantry_db::{ControlTx, DbError, args, from_row, sql};
use gantry_kernel::TenantId;

use super::Link;

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its sequence; 0 for a chain without rows.
    pub seq: i64,
    /// Its link.
    pub link: Link,
}

from_row!(Head { seq, link });

/// Notes in control how far a tenant's chain has come. A head that comes late changes nothing.
pub async fn note_head(tx: &mut ControlTx, tenant: TenantId, head: Head) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into audit_heads (tenant_id, seq, link, at) values ($1, $2, $3, $4)
             on conflict (tenant_id) do update set seq = excluded.seq, link = excluded.link, at = excluded.at
             where audit_heads.seq < excluded.seq"
        ),
        &args![tenant, head.seq, head.link, now],
    )
    .await
    .map(drop)
}

/// The last head noted of a tenant's chain.
pub async fn noted_head(tx: &mut ControlTx, tenant: TenantId) -> Result<Option<Head>, DbError> {
    tx.opt(
        sql!("select seq, link from audit_heads where tenant_id = $1"),
        &args![tenant],
    )
    .await
}

/// Forgets the head of a chain that begins again from an earlier end, as after a restore from a backup;
/// answers what it was. The caller's own row says why.
pub async fn forget_head(tx: &mut ControlTx, tenant: TenantId) -> Result<Option<Head>, DbError> {
    tx.opt(
        sql!("delete from audit_heads where tenant_id = $1 returning seq, link"),
        &args![tenant],
    )
    .await
}
