//! The second person: approving and rejecting payments above the limit.

use gantry_db::Tx;

use super::flow::{answerable, count, stored};
use super::{Decision, Payment, PaymentId, Reason, store};
use crate::money::error::Error;
use crate::student::flow::By;

/// The payment counts from now on.
///
/// Errors: [`Error::NotFound`], [`Error::Decided`], [`Error::SamePerson`].
pub async fn approve(tx: &mut Tx, by: &By, id: PaymentId) -> Result<Payment, Error> {
    let payment = pending(tx, by, id).await?;
    let second = answerable(by)?;
    if payment.taken_by == second {
        return Err(Error::SamePerson);
    }
    count(tx, by, &payment, Some(second)).await?;
    stored(tx, by, id, "spaces.payment.approved").await
}

/// The payment never counts. Whoever took it may reject it too, as what was entered wrongly.
pub async fn reject(
    tx: &mut Tx,
    by: &By,
    id: PaymentId,
    reason: &Reason,
) -> Result<Payment, Error> {
    pending(tx, by, id).await?;
    store::reject(tx, id, answerable(by)?, reason).await?;
    stored(tx, by, id, "spaces.payment.rejected").await
}

async fn pending(tx: &mut Tx, by: &By, id: PaymentId) -> Result<Payment, Error> {
    let payment = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    match payment.state {
        Decision::Pending => Ok(payment),
        decided => Err(Error::Decided(decided.as_str())),
    }
}
