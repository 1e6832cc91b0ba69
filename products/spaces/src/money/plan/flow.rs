//! Making and changing plans.

use gantry_audit::Facts;
use gantry_db::{DbError, Tx};
use gantry_kernel::UnitId;

use super::model::{Plan, PlanFields, PlanId};
use super::store;
use crate::branch;
use crate::money::error::Error;
use crate::money::permission::FEE_READ;
use crate::money::record::{Noun, record};
use crate::student::flow::By;

const NOUN: Noun = Noun {
    target: "fee_plan",
    event: "spaces.fee_plan.changed",
    permission: FEE_READ,
};

/// Makes a plan of a branch.
///
/// Errors: [`Error::BranchUnknown`], [`Error::Terms`], [`Error::PlanNameTaken`].
pub async fn create(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    fields: &PlanFields,
) -> Result<Plan, Error> {
    fields.terms.check()?;
    branch::store::by_id(tx, &by.scope, branch)
        .await?
        .ok_or(Error::BranchUnknown)?;
    let plan = store::insert(tx, branch, fields).await.map_err(taken)?;
    told(tx, by, "spaces.fee_plan.created", &plan).await?;
    Ok(plan)
}

/// Changes a plan over the version the caller saw. What was sold keeps its price.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: PlanId,
    version: i64,
    change: impl FnOnce(&mut PlanFields),
) -> Result<Plan, Error> {
    let stored = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    let mut fields = PlanFields {
        name: stored.name,
        active: stored.active,
        terms: stored.terms,
    };
    change(&mut fields);
    fields.terms.check()?;
    let updated = store::update(tx, &by.scope, (id, version), &fields).await;
    let plan = updated.map_err(taken)?.ok_or(Error::Stale)?;
    told(tx, by, "spaces.fee_plan.updated", &plan).await?;
    Ok(plan)
}

fn taken(error: DbError) -> Error {
    if error.is_unique_on("fee_plans", "name_folded") {
        Error::PlanNameTaken
    } else {
        error.into()
    }
}

async fn told(tx: &mut Tx, by: &By, action: &'static str, plan: &Plan) -> Result<(), Error> {
    let facts = Facts::new()
        .with("period", plan.terms.period.as_str())
        .with("price", plan.terms.price.get())
        .with("active", plan.active)
        .with("version", plan.version);
    Ok(record(
        tx,
        by,
        (NOUN, action),
        (plan.id, Some(plan.branch_id)),
        facts,
    )
    .await?)
}
