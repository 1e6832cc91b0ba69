//! What Gantry itself records of tenants' databases: where they are, how far their schema is, when they
//! were written to.

use gantry_kernel::{TenantId, Timestamp};

use crate::{ControlTx, DbError, Home, Tx, args, from_row, sql};

/// A tenant that could not be brought to the schema of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laggard {
    /// The tenant.
    pub tenant_id: TenantId,
    /// How many migrations the program has that tried.
    pub wanted: i64,
    /// How often it tried in vain.
    pub failures: i64,
    /// Why the last attempt failed.
    pub error: String,
    /// When it did.
    pub failed_at: Timestamp,
}

from_row!(Laggard {
    tenant_id,
    wanted,
    failures,
    error,
    failed_at
});

/// How far the tenants' databases are with the schema of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaProgress {
    /// How many migrations this program has for a tenant.
    pub wanted: i64,
    /// Tenants that have a database.
    pub tenants: i64,
    /// Those of them that were last seen with fewer migrations.
    pub behind: i64,
    /// Those of them that failed to follow.
    pub failed: i64,
}

/// When a tenant was last written to.
pub type Activity = (TenantId, Timestamp);

/// Where a tenant's database is.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) engine: &'static str,
    pub(crate) cluster: String,
    pub(crate) database: String,
}

/// Chooses where the database of a tenant will be; who was placed already stays there.
pub(crate) async fn place(
    tx: &mut ControlTx,
    id: TenantId,
    engine: &str,
    cluster: &str,
) -> Result<(), DbError> {
    tx.execute(
        sql!("UPDATE tenants SET engine = $2, cluster = $3 WHERE id = $1 AND cluster = ''"),
        &args![id, engine, cluster],
    )
    .await
    .map(drop)
}

/// How many tenants each server of an engine has.
pub(crate) async fn count_by_cluster(
    tx: &mut Tx,
    engine: &str,
) -> Result<Vec<(String, i64)>, DbError> {
    tx.all(
        sql!(
            "SELECT cluster, count(*) FROM tenants WHERE engine = $1 \
             AND (database <> '' OR state = 'provisioning') GROUP BY cluster"
        ),
        &args![engine],
    )
    .await
}

/// Records where the tenant's database is and with how many migrations. An older program beside a
/// newer one does not take back the newer one's number.
pub(crate) async fn set_address(
    tx: &mut ControlTx,
    id: TenantId,
    database: &str,
    schema_version: i64,
) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "UPDATE tenants SET database = $2, schema_version = \
             CASE WHEN schema_version > $3 THEN schema_version ELSE $3 END, \
             cluster = CASE WHEN cluster = '' THEN 'default' ELSE cluster END WHERE id = $1"
        ),
        &args![id, database, schema_version],
    )
    .await
    .map(drop)
}

/// Forgets where a tenant's database is, because it is to be removed.
pub async fn release(tx: &mut ControlTx, id: TenantId) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "UPDATE tenants SET database = '', version = version + 1, updated_at = $2 WHERE id = $1"
        ),
        &args![id, now],
    )
    .await
    .map(drop)
}

/// How many tenants have their database in each home.
pub async fn count_by_home(tx: &mut Tx) -> Result<Vec<(Home, i64)>, DbError> {
    let rows: Vec<(String, String, i64)> = tx
        .all(
            sql!(
                "SELECT engine, cluster, count(*) FROM tenants WHERE database <> '' \
                 GROUP BY engine, cluster ORDER BY engine, cluster"
            ),
            &args![],
        )
        .await?;
    let counted = rows.into_iter();
    Ok(counted
        .map(|(engine, cluster, count)| (Home::new(&engine, cluster), count))
        .collect())
}

/// Makes the directory point to the database of a tenant's next life; [`DbError::Stale`] when it has
/// begun another one since.
pub(crate) async fn move_to(
    tx: &mut ControlTx,
    id: TenantId,
    before: i64,
    incarnation: i64,
    to: &Address,
    schema_version: i64,
) -> Result<(), DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "UPDATE tenants SET incarnation = $3, given_up = 0, engine = $4, cluster = $5, \
                 database = $6, schema_version = $7, version = version + 1, updated_at = $8 \
                 WHERE id = $1 AND incarnation = $2 AND incarnation + given_up + 1 = $3"
            ),
            &args![
                id,
                before,
                incarnation,
                to.engine,
                to.cluster,
                to.database,
                schema_version,
                now
            ],
        )
        .await?;
    if changed == 1 {
        Ok(())
    } else {
        Err(DbError::Stale)
    }
}

/// Uses up the number of a tenant's next life, so that nobody will ever adopt a database of that number; answers it.
pub(crate) async fn give_up_life(tx: &mut ControlTx, id: TenantId) -> Result<i64, DbError> {
    let given_up: Option<(i64,)> = tx
        .opt(
            sql!(
                "UPDATE tenants SET given_up = given_up + 1 WHERE id = $1 \
                 RETURNING incarnation + given_up"
            ),
            &args![id],
        )
        .await?;
    given_up
        .map(|(number,)| number)
        .ok_or(DbError::TenantMissing(id))
}

/// Whether a tenant's database is at this address.
pub(crate) async fn is_at(
    tx: &mut Tx,
    engine: &str,
    cluster: &str,
    database: &str,
) -> Result<bool, DbError> {
    let found: Option<(TenantId,)> = tx
        .opt(
            sql!(
                "SELECT id FROM tenants WHERE engine = $1 AND cluster = $2 AND database = $3 LIMIT 1"
            ),
            &args![engine, cluster, database],
        )
        .await?;
    Ok(found.is_some())
}

/// Provisioned tenants whose database was last seen with fewer migrations.
pub(crate) async fn outdated(
    tx: &mut Tx,
    schema_version: i64,
    after: Option<TenantId>,
    limit: i64,
) -> Result<Vec<(TenantId,)>, DbError> {
    tx.all(
        sql!(
            "SELECT id FROM tenants WHERE schema_version < $1 AND database <> '' \
             AND (cast($2 as text) IS NULL OR id > $2) ORDER BY id LIMIT $3"
        ),
        &args![schema_version, after, limit],
    )
    .await
}

/// Notes that a tenant could not follow.
pub(crate) async fn fall_behind(
    tx: &mut ControlTx,
    id: TenantId,
    wanted: i64,
    error: &str,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "INSERT INTO tenant_laggards (tenant_id, wanted, failures, error, failed_at) \
             VALUES ($1, $2, 1, $3, $4) ON CONFLICT (tenant_id) DO UPDATE SET \
             wanted = excluded.wanted, failures = tenant_laggards.failures + 1, \
             error = excluded.error, failed_at = excluded.failed_at"
        ),
        &args![id, wanted, error, now],
    )
    .await
    .map(drop)
}

/// Notes that a tenant has followed after all.
pub(crate) async fn catch_up(tx: &mut ControlTx, id: TenantId) -> Result<(), DbError> {
    tx.execute(
        sql!("DELETE FROM tenant_laggards WHERE tenant_id = $1"),
        &args![id],
    )
    .await
    .map(drop)
}

/// The tenants that could not follow, by id.
pub async fn laggards(
    tx: &mut Tx,
    after: Option<TenantId>,
    limit: i64,
) -> Result<Vec<Laggard>, DbError> {
    tx.all(
        sql!(
            "SELECT tenant_id, wanted, failures, error, failed_at FROM tenant_laggards \
             WHERE (cast($1 as text) IS NULL OR tenant_id > $1) ORDER BY tenant_id LIMIT $2"
        ),
        &args![after, limit],
    )
    .await
}

/// How many tenants have a database, are behind, and failed.
pub(crate) async fn progress(tx: &mut Tx, wanted: i64) -> Result<SchemaProgress, DbError> {
    let (tenants, behind, failed) = tx
        .one(
            sql!(
                "SELECT (SELECT count(*) FROM tenants WHERE database <> ''), \
                 (SELECT count(*) FROM tenants WHERE database <> '' AND schema_version < $1), \
                 (SELECT count(*) FROM tenant_laggards l JOIN tenants t ON t.id = l.tenant_id \
                  WHERE t.database <> '' AND t.schema_version < $1)"
            ),
            &args![wanted],
        )
        .await?;
    Ok(SchemaProgress {
        wanted,
        tenants,
        behind,
        failed,
    })
}

/// When the tenants with ids from `first` to `last` were last written to, as far as is known.
pub async fn activity(
    tx: &mut Tx,
    first: TenantId,
    last: TenantId,
) -> Result<Vec<Activity>, DbError> {
    tx.all(
        sql!(
            "SELECT tenant_id, written_at FROM tenant_activity \
             WHERE tenant_id >= $1 AND tenant_id <= $2"
        ),
        &args![first, last],
    )
    .await
}
