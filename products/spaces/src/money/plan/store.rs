//! The tables `fee_plans` and `fee_plan_versions`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Scope, UnitId, fold};

use super::model::{Plan, PlanFields, PlanId};
use crate::money::to_json;

/// Makes a plan.
pub async fn insert(tx: &mut Tx, branch: UnitId, fields: &PlanFields) -> Result<Plan, DbError> {
    let id: PlanId = tx.kernel().id();
    let now = tx.now();
    let plan: Plan = tx
        .one(
            sql!(
                "insert into fee_plans (id, branch_id, name, name_folded, active, terms, version, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, 1, $7, $7)
                 returning id, branch_id, name, active, terms, version, created_at, updated_at"
            ),
            &args![
                id,
                branch,
                fields.name,
                fold(fields.name.as_str()),
                fields.active,
                to_json(&fields.terms)?,
                now
            ],
        )
        .await?;
    keep_version(tx, &plan).await?;
    Ok(plan)
}

/// Writes a plan over the version the caller saw.
pub async fn update(
    tx: &mut Tx,
    scope: &Scope,
    (id, version): (PlanId, i64),
    fields: &PlanFields,
) -> Result<Option<Plan>, DbError> {
    let now = tx.now();
    let plan: Option<Plan> = tx
        .opt(
            sql!(
                "update fee_plans set name = $4, name_folded = $5, active = $6, terms = $7, version = version + 1,
                                      updated_at = $8
                 where id = $1 and version = $3 and ($2 = '*' or $2 like '%' || branch_id || '%')
                 returning id, branch_id, name, active, terms, version, created_at, updated_at"
            ),
            &args![
                id,
                scope.unit_filter(),
                version,
                fields.name,
                fold(fields.name.as_str()),
                fields.active,
                to_json(&fields.terms)?,
                now
            ],
        )
        .await?;
    if let Some(plan) = &plan {
        keep_version(tx, plan).await?;
    }
    Ok(plan)
}

async fn keep_version(tx: &mut Tx, plan: &Plan) -> Result<(), DbError> {
    tx.execute(
        sql!("insert into fee_plan_versions (plan_id, version, name, terms, at) values ($1, $2, $3, $4, $5)"),
        &args![plan.id, plan.version, plan.name, to_json(&plan.terms)?, plan.updated_at],
    )
    .await?;
    Ok(())
}

/// One plan within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: PlanId) -> Result<Option<Plan>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, name, active, terms, version, created_at, updated_at from fee_plans
             where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// A plan as it was in a version.
pub async fn version(tx: &mut Tx, id: PlanId, version: i64) -> Result<Option<Plan>, DbError> {
    tx.opt(
        sql!(
            "select p.id, p.branch_id, v.name, p.active, v.terms, v.version, p.created_at, v.at as updated_at
             from fee_plans p join fee_plan_versions v on v.plan_id = p.id
             where p.id = $1 and v.version = $2"
        ),
        &args![id, version],
    )
    .await
}

/// Plans within the scope by name, from after a place.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    branch: Option<UnitId>,
    active: Option<bool>,
    after: Option<&(String, PlanId)>,
    limit: i64,
) -> Result<Vec<Plan>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, name, active, terms, version, created_at, updated_at from fee_plans
             where ($1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id = $2)
               and (cast($3 as text) is null or (case when active then 'yes' else 'no' end) = $3)
               and (cast($4 as text) is null or (name_folded, id) > ($4, $5))
             order by name_folded, id limit $6"
        ),
        &args![
            scope.unit_filter(),
            branch,
            active.map(|active| if active { "yes" } else { "no" }),
            after.map(|place| place.0.as_str()),
            after.map(|place| place.1),
            limit
        ],
    )
    .await
}
