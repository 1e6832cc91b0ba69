//! Rows of `service_accounts` and `service_grants`.

use gantry_db::{DbError, FromRow, Row, Tx, args, sql};
use gantry_kernel::{IdentityId, TenantId, Timestamp, fold};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::role::Grant;

/// A service account.
pub(crate) struct Service {
    pub(crate) id: IdentityId,
    pub(crate) name: String,
    pub(crate) disabled_at: Option<Timestamp>,
    pub(crate) version: i64,
    pub(crate) created_by: IdentityId,
    pub(crate) created_at: Timestamp,
    pub(crate) grants: Vec<Grant>,
}

impl FromRow for Service {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            disabled_at: row.get("disabled_at")?,
            version: row.get("version")?,
            created_by: row.get("created_by")?,
            created_at: row.get("created_at")?,
            grants: Vec::new(),
        })
    }
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    at: Timestamp,
    id: IdentityId,
}

impl From<&Service> for Cursor {
    fn from(service: &Service) -> Self {
        Self {
            at: service.created_at,
            id: service.id,
        }
    }
}

/// `None` when the stored scope is not known any more.
struct GrantRow(Option<Grant>);

impl FromRow for GrantRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let (scope, units): (String, String) = (row.get("scope")?, row.get("units")?);
        Ok(Self(Grant::from_columns(row.get("role")?, &scope, &units)))
    }
}

async fn grants(tx: &mut Tx, service: IdentityId) -> Result<Vec<Grant>, DbError> {
    let rows: Vec<GrantRow> = tx
        .all(
            sql!(
                "select role, scope, units from service_grants where service_id = $1 order by role"
            ),
            &args![service],
        )
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.0).collect())
}

/// Up to `limit` accounts in the order they were made.
pub(crate) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Service>, DbError> {
    let mut services: Vec<Service> = tx
        .all(
            sql!(
                "select id, name, disabled_at, version, created_by, created_at
                 from service_accounts
                 where tenant_id = $1
                   and (cast($2 as bigint) is null or created_at > $2
                        or (created_at = $2 and id > $3))
                 order by created_at, id
                 limit $4"
            ),
            &args![
                tenant,
                after.map(|after| after.at),
                after.map(|after| after.id),
                limit
            ],
        )
        .await?;
    for service in &mut services {
        service.grants = grants(tx, service.id).await?;
    }
    Ok(services)
}

/// How many a tenant has.
pub(crate) async fn count(tx: &mut Tx, tenant: TenantId) -> Result<i64, DbError> {
    tx.one(
        sql!("select count(*) from service_accounts where tenant_id = $1"),
        &args![tenant],
    )
    .await
}

/// One account of the tenant. Errors: [`Error::NotFound`].
pub(crate) async fn get(tx: &mut Tx, tenant: TenantId, id: IdentityId) -> Result<Service, Error> {
    let found: Option<Service> = tx
        .opt(
            sql!(
                "select id, name, disabled_at, version, created_by, created_at
                 from service_accounts where tenant_id = $1 and id = $2"
            ),
            &args![tenant, id],
        )
        .await?;
    let mut service = found.ok_or(Error::NotFound)?;
    service.grants = grants(tx, id).await?;
    Ok(service)
}

/// A new account. Errors: [`Error::ServiceNameTaken`].
pub(crate) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    name: &str,
    grants: &[Grant],
    by: IdentityId,
) -> Result<IdentityId, Error> {
    let (id, now): (IdentityId, _) = (tx.kernel().id(), tx.now());
    tx.execute(
        sql!(
            "insert into service_accounts (id, tenant_id, name, name_folded, version, created_by,
                                           created_at, updated_at)
             values ($1, $2, $3, $4, 1, $5, $6, $6)"
        ),
        &args![id, tenant, name, fold(name), by, now],
    )
    .await
    .map_err(name_taken)?;
    give(tx, id, grants).await?;
    Ok(id)
}

async fn give(tx: &mut Tx, id: IdentityId, grants: &[Grant]) -> Result<(), DbError> {
    let now = tx.now();
    for grant in grants {
        tx.execute(
            sql!(
                "insert into service_grants (service_id, role, scope, units, created_at)
                 values ($1, $2, $3, $4, $5)"
            ),
            &args![
                id,
                grant.role,
                grant.scope.as_str(),
                grant.units_text(),
                now
            ],
        )
        .await?;
    }
    Ok(())
}

/// Replaces name, state and grants. Errors: [`Error::Stale`], [`Error::ServiceNameTaken`].
pub(crate) async fn update(
    tx: &mut Tx,
    id: IdentityId,
    version: i64,
    name: &str,
    disabled: bool,
    grants: &[Grant],
) -> Result<(), Error> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update service_accounts
                 set name = $3, name_folded = $4,
                     disabled_at = case when $5 then coalesce(disabled_at, $6) end,
                     version = version + 1, updated_at = $6
                 where id = $1 and version = $2"
            ),
            &args![id, version, name, fold(name), disabled, now],
        )
        .await
        .map_err(name_taken)?;
    if changed == 0 {
        return Err(Error::Stale);
    }
    tx.execute(
        sql!("delete from service_grants where service_id = $1"),
        &args![id],
    )
    .await?;
    give(tx, id, grants).await?;
    Ok(())
}

/// Removes an account with its grants and keys.
pub(crate) async fn delete(tx: &mut Tx, id: IdentityId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from service_accounts where id = $1"),
        &args![id],
    )
    .await?;
    Ok(())
}

fn name_taken(error: DbError) -> Error {
    if error.is_unique_on("service_accounts", "name_folded") {
        Error::ServiceNameTaken
    } else {
        error.into()
    }
}
