//! Making, changing and using discounts.

use gantry_audit::Facts;
use gantry_db::{DbError, Tx};
use gantry_kernel::{CivilDate, UnitId};

use super::{Discount, DiscountFields, DiscountId, store};
use crate::branch;
use crate::money::error::Error;
use crate::money::permission::FEE_READ;
use crate::money::record::{Noun, record};
use crate::student::flow::By;

const NOUN: Noun = Noun {
    target: "discount",
    event: "spaces.discount.changed",
    permission: FEE_READ,
};

/// Makes a discount of a branch.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    fields: &DiscountFields,
) -> Result<Discount, Error> {
    check(fields)?;
    branch::store::by_id(tx, &by.scope, branch)
        .await?
        .ok_or(Error::BranchUnknown)?;
    let discount = store::insert(tx, branch, fields).await.map_err(taken)?;
    told(tx, by, "spaces.discount.created", &discount).await?;
    Ok(discount)
}

/// Changes a discount over the version the caller saw.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    (id, version): (DiscountId, i64),
    change: impl FnOnce(&mut DiscountFields),
) -> Result<Discount, Error> {
    let stored = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    let mut fields = DiscountFields {
        code: stored.code,
        off: stored.off,
        valid_from: stored.valid_from,
        valid_until: stored.valid_until,
        most_uses: stored.most_uses,
        active: stored.active,
    };
    change(&mut fields);
    check(&fields)?;
    let updated = store::update(tx, &by.scope, (id, version), &fields).await;
    if !updated.map_err(taken)? {
        return Err(Error::Stale);
    }
    let discount = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    told(tx, by, "spaces.discount.updated", &discount).await?;
    Ok(discount)
}

/// The discount of this code, if it can be used on this day once more. Uses are counted from dues, so a use that is taken back by a
/// rolled back transaction never was, and two at once cannot both be the last.
pub async fn usable(
    tx: &mut Tx,
    branch: UnitId,
    code: &str,
    today: CivilDate,
) -> Result<Discount, Error> {
    let key = code.trim().to_lowercase();
    let discount = store::by_code(tx, branch, &key)
        .await?
        .ok_or(Error::DiscountUnusable("does not exist in this branch"))?;
    if !discount.active {
        return Err(Error::DiscountUnusable("is inactive"));
    }
    if today < discount.valid_from {
        return Err(Error::DiscountUnusable("is not valid yet"));
    }
    if today > discount.valid_until {
        return Err(Error::DiscountUnusable("is not valid any more"));
    }
    if discount.most_uses.is_some_and(|most| discount.uses >= most) {
        return Err(Error::DiscountUnusable("is used up"));
    }
    Ok(discount)
}

fn check(fields: &DiscountFields) -> Result<(), Error> {
    if fields.valid_until < fields.valid_from {
        return Err(Error::Terms(
            "/valid_until",
            "the last day lies before the first",
        ));
    }
    if fields
        .most_uses
        .is_some_and(|most| !(1..=1_000_000).contains(&most))
    {
        return Err(Error::Terms(
            "/most_uses",
            "between 1 and 1000000, or absent",
        ));
    }
    Ok(())
}

fn taken(error: DbError) -> Error {
    if error.is_unique_on("discounts", "code_folded") {
        Error::DiscountCodeTaken
    } else {
        error.into()
    }
}

async fn told(
    tx: &mut Tx,
    by: &By,
    action: &'static str,
    discount: &Discount,
) -> Result<(), Error> {
    let facts = Facts::new()
        .with("code", discount.code.as_str())
        .with("active", discount.active)
        .with("version", discount.version);
    Ok(record(
        tx,
        by,
        (NOUN, action),
        (discount.id, Some(discount.branch_id)),
        facts,
    )
    .await?)
}
