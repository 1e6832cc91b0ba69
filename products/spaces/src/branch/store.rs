//! The table `branches`. Every function takes the scope: a branch beyond it is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Scope, UnitId, fold};

use super::model::{Branch, BranchFields};
use crate::error::Error;

/// A new branch. Whoever may create one reaches the whole tenant, so no scope is asked.
///
/// Errors: [`Error::BranchCodeTaken`].
pub async fn insert(tx: &mut Tx, fields: &BranchFields) -> Result<Branch, Error> {
    let id: UnitId = tx.kernel().id();
    let now = tx.now();
    let inserted = tx
        .one(
            sql!(
                "insert into branches (id, code, code_folded, name, name_folded, city, address,
                                       time_zone, active, version, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10)
                 returning id, code, name, city, address, time_zone, active, version, created_at,
                           updated_at"
            ),
            &args![
                id,
                fields.code,
                fields.code.key(),
                fields.name,
                fold(fields.name.as_str()),
                fields.city,
                fields.address,
                fields.time_zone,
                fields.active,
                now,
            ],
        )
        .await;
    inserted.map_err(code_taken)
}

fn code_taken(error: DbError) -> Error {
    if error.is_unique_on("branches", "code_folded") {
        Error::BranchCodeTaken
    } else {
        error.into()
    }
}

/// One branch within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: UnitId) -> Result<Option<Branch>, DbError> {
    tx.opt(
        sql!(
            "select id, code, name, city, address, time_zone, active, version, created_at, updated_at
             from branches
             where id = $1 and ($2 = '*' or $2 like '%' || id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// The branches within the scope by name, from after `after` (folded name and id).
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    active: Option<bool>,
    after: Option<&(String, UnitId)>,
    limit: i64,
) -> Result<Vec<Branch>, DbError> {
    tx.all(
        sql!(
            "select id, code, name, city, address, time_zone, active, version, created_at, updated_at
             from branches
             where ($1 = '*' or $1 like '%' || id || '%')
               and (cast($2 as boolean) is null or active = $2)
               and (cast($3 as text) is null or (name_folded, id) > ($3, $4))
             order by name_folded, id
             limit $5"
        ),
        &args![
            scope.unit_filter(),
            active,
            after.map(|(name, _)| name),
            after.map(|(_, id)| id),
            limit,
        ],
    )
    .await
}

/// Every branch within the scope: a tenant has tens of them.
pub async fn all(tx: &mut Tx, scope: &Scope) -> Result<Vec<Branch>, DbError> {
    tx.all(
        sql!(
            "select id, code, name, city, address, time_zone, active, version, created_at, updated_at
             from branches
             where ($1 = '*' or $1 like '%' || id || '%')
             order by name_folded, id"
        ),
        &args![scope.unit_filter()],
    )
    .await
}

/// Those of these branches that there are.
pub async fn known(tx: &mut Tx, asked: &Scope) -> Result<Vec<UnitId>, DbError> {
    let rows: Vec<(UnitId,)> = tx
        .all(
            sql!("select id from branches where $1 like '%' || id || '%'"),
            &args![asked.unit_filter()],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// How many branches there are.
pub async fn count(tx: &mut Tx) -> Result<i64, DbError> {
    tx.one(sql!("select count(*) from branches"), &args![])
        .await
}

/// Writes a branch over the version the caller saw; `None` when it moved on or is not there.
///
/// Errors: [`Error::BranchCodeTaken`].
pub async fn update(
    tx: &mut Tx,
    scope: &Scope,
    id: UnitId,
    version: i64,
    fields: &BranchFields,
) -> Result<Option<Branch>, Error> {
    let now = tx.now();
    let updated = tx
        .opt(
            sql!(
                "update branches
                 set code = $4, code_folded = $5, name = $6, name_folded = $7, city = $8,
                     address = $9, time_zone = $10, active = $11, version = version + 1,
                     updated_at = $12
                 where id = $1 and version = $3 and ($2 = '*' or $2 like '%' || id || '%')
                 returning id, code, name, city, address, time_zone, active, version, created_at,
                           updated_at"
            ),
            &args![
                id,
                scope.unit_filter(),
                version,
                fields.code,
                fields.code.key(),
                fields.name,
                fold(fields.name.as_str()),
                fields.city,
                fields.address,
                fields.time_zone,
                fields.active,
                now,
            ],
        )
        .await;
    updated.map_err(code_taken)
}

/// Removes an empty branch of this version; whether there was one.
pub async fn delete(tx: &mut Tx, scope: &Scope, id: UnitId, version: i64) -> Result<bool, DbError> {
    let removed = tx
        .execute(
            sql!(
                "delete from branches
                 where id = $1 and version = $3 and ($2 = '*' or $2 like '%' || id || '%')"
            ),
            &args![id, scope.unit_filter(), version],
        )
        .await?;
    Ok(removed > 0)
}
