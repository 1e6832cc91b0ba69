//! Lists over the directory of tenants.

use gantry_db::{DbError, TenantState, Tx, args, directory, sql};
use gantry_kernel::TenantId;

/// Tenants newest first: in `state` if one is given, whose slug begins with `prefix`, made before
/// the one with the id `before`.
pub(super) async fn page(
    tx: &mut Tx,
    state: Option<TenantState>,
    prefix: Option<&str>,
    before: Option<TenantId>,
    limit: i64,
) -> Result<Vec<directory::Tenant>, DbError> {
    tx.all(
        sql!(
            "select * from tenants
             where (cast($1 as text) is null or state = $1)
               and (cast($2 as text) is null or substr(slug, 1, length($2)) = $2)
               and (cast($3 as text) is null or id < $3)
             order by id desc limit $4"
        ),
        &args![state, prefix, before, limit],
    )
    .await
}
