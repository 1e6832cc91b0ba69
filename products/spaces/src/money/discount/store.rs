//! The table `discounts`. How often one was used is counted, never kept.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Scope, UnitId};

use super::{Discount, DiscountFields, DiscountId};
use crate::money::to_json;

/// Makes a discount.
pub async fn insert(
    tx: &mut Tx,
    branch: UnitId,
    fields: &DiscountFields,
) -> Result<Discount, DbError> {
    let id: DiscountId = tx.kernel().id();
    let now = tx.now();
    tx.one(
        sql!(
            "insert into discounts (id, branch_id, code, code_folded, off, valid_from, valid_until, most_uses, active,
                                    version, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10)
             returning id, branch_id, code, off, valid_from, valid_until, most_uses, cast(0 as bigint) as uses,
                       active, version, created_at"
        ),
        &args![
            id,
            branch,
            fields.code,
            fields.code.key(),
            to_json(&fields.off)?,
            fields.valid_from,
            fields.valid_until,
            fields.most_uses,
            fields.active,
            now
        ],
    )
    .await
}

/// Writes a discount over the version the caller saw; whether it was that one.
pub async fn update(
    tx: &mut Tx,
    scope: &Scope,
    (id, version): (DiscountId, i64),
    fields: &DiscountFields,
) -> Result<bool, DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update discounts set code = $4, code_folded = $5, off = $6, valid_from = $7, valid_until = $8,
                                      most_uses = $9, active = $10, version = version + 1, updated_at = $11
                 where id = $1 and version = $3 and ($2 = '*' or $2 like '%' || branch_id || '%')"
            ),
            &args![
                id,
                scope.unit_filter(),
                version,
                fields.code,
                fields.code.key(),
                to_json(&fields.off)?,
                fields.valid_from,
                fields.valid_until,
                fields.most_uses,
                fields.active,
                now
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// One discount within the scope.
pub async fn by_id(
    tx: &mut Tx,
    scope: &Scope,
    id: DiscountId,
) -> Result<Option<Discount>, DbError> {
    tx.opt(
        sql!(
            "select d.id, d.branch_id, d.code, d.off, d.valid_from, d.valid_until, d.most_uses,
                    (select count(*) from dues where discount_id = d.id) as uses, d.active, d.version, d.created_at
             from discounts d where d.id = $1 and ($2 = '*' or $2 like '%' || d.branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// The discount of a branch with this code.
pub async fn by_code(tx: &mut Tx, branch: UnitId, key: &str) -> Result<Option<Discount>, DbError> {
    tx.opt(
        sql!(
            "select d.id, d.branch_id, d.code, d.off, d.valid_from, d.valid_until, d.most_uses,
                    (select count(*) from dues where discount_id = d.id) as uses, d.active, d.version, d.created_at
             from discounts d where d.branch_id = $1 and d.code_folded = $2"
        ),
        &args![branch, key],
    )
    .await
}

/// Discounts within the scope by code, from after a place.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    branch: Option<UnitId>,
    after: Option<&(String, DiscountId)>,
    limit: i64,
) -> Result<Vec<Discount>, DbError> {
    tx.all(
        sql!(
            "select d.id, d.branch_id, d.code, d.off, d.valid_from, d.valid_until, d.most_uses,
                    (select count(*) from dues where discount_id = d.id) as uses, d.active, d.version, d.created_at
             from discounts d
             where ($1 = '*' or $1 like '%' || d.branch_id || '%')
               and (cast($2 as text) is null or d.branch_id = $2)
               and (cast($3 as text) is null or (d.code_folded, d.id) > ($3, $4))
             order by d.code_folded, d.id limit $5"
        ),
        &args![
            scope.unit_filter(),
            branch,
            after.map(|place| place.0.as_str()),
            after.map(|place| place.1),
            limit
        ],
    )
    .await
}
