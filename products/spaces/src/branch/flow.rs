//! Opening, changing and closing branches, in the caller's transaction.

use gantry_audit::{Entry, Facts, Target, append};
use gantry_contracts::within_limit;
use gantry_db::{DbError, Tx};
use gantry_kernel::UnitId;

use super::model::{Branch, BranchFields};
use super::store;
use crate::allowance::BRANCHES;
use crate::error::Error;
use crate::events::branch_changed;
use crate::people;
use crate::student::flow::By;

/// Opens a branch, of which there may be `limit`.
///
/// Errors: [`Error::BranchCodeTaken`], [`Error::Limit`].
pub async fn create(
    tx: &mut Tx,
    by: &By,
    fields: &BranchFields,
    limit: Option<i64>,
) -> Result<Branch, Error> {
    if limit.is_some() {
        within_limit(BRANCHES, limit, store::count(tx).await? + 1)?;
    }
    let branch = store::insert(tx, fields).await?;
    record(tx, by, "spaces.branch.created", &branch).await?;
    Ok(branch)
}

/// Changes a branch over the version the caller saw.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: UnitId,
    version: i64,
    change: impl FnOnce(&mut BranchFields),
) -> Result<Branch, Error> {
    let stored = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    let mut fields = BranchFields::from(stored);
    change(&mut fields);
    let branch = store::update(tx, &by.scope, id, version, &fields)
        .await?
        .ok_or(Error::Stale)?;
    record(tx, by, "spaces.branch.updated", &branch).await?;
    Ok(branch)
}

/// Removes a branch to which nothing belongs.
///
/// Errors: [`Error::BranchNotEmpty`]; such a branch can be made inactive instead.
pub async fn delete(tx: &mut Tx, by: &By, id: UnitId, version: i64) -> Result<(), Error> {
    let branch = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    if people::is_in_branch(tx, id).await? {
        return Err(Error::BranchNotEmpty);
    }
    let deleted = store::delete(tx, &by.scope, id, version).await;
    let deleted = deleted.map_err(|error| match error {
        DbError::ForeignKey { .. } => Error::BranchNotEmpty,
        other => other.into(),
    });
    if !deleted? {
        return Err(Error::Stale);
    }
    record(tx, by, "spaces.branch.deleted", &branch).await
}

async fn record(tx: &mut Tx, by: &By, action: &'static str, branch: &Branch) -> Result<(), Error> {
    let facts = Facts::new()
        .with("code", branch.code.as_str())
        .with("active", branch.active)
        .with("version", branch.version);
    let entry = Entry::new(by.actor, action, Target::new("branch", branch.id))
        .origin(&by.origin)
        .after(facts);
    append(tx, entry).await?;
    Ok(branch_changed(tx, branch.id).await?)
}
