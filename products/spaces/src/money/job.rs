//! Late fees, on the clock: each due has a job that looks at it when it is late.

use gantry_db::Tx;
use gantry_invoices::{Pricing, Rate};
use gantry_jobs::{JobCx, JobError, JobKind, NewJob, enqueue};
use gantry_kernel::{Actor, CivilDate, Money, Origin, Scope, Timestamp};
use serde::{Deserialize, Serialize};

use super::due::flow::{Charge, When, charge};
use super::due::{Due, DueId, store as dues};
use super::error::Error;
use super::quote::{LineKind, line};
use super::{Positive, settings};
use crate::branch;
use crate::student::flow::By;

/// Kind of the job that looks whether a due is late.
pub const LATE_FEE: &str = "spaces.late_fee";

/// The payload.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Late {
    /// The due.
    pub due_id: DueId,
}

/// The kinds of job about money.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind::new(LATE_FEE, look)]
}

/// Asks for a look at a due. Asked for twice, it is done once.
pub fn late_fee(due_id: DueId, at: Timestamp) -> NewJob {
    NewJob::new(LATE_FEE, &Late { due_id })
        .at(at)
        .dedupe(format!("{LATE_FEE}:{due_id}"))
}

/// The first instant at which a due is late, by what the tenant has decided now.
pub(crate) async fn late_at(tx: &mut Tx, due: &Due) -> Result<Timestamp, Error> {
    let days = settings::store::settings(tx).await?.late_days;
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let branch = branch::store::by_id(tx, &Scope::All, due.branch_id).await?;
    let zone = branch.ok_or(Error::BranchUnknown)?.time_zone;
    let last = due.due_on.days_since_epoch().saturating_add(days);
    let late = last
        .checked_add(1)
        .and_then(CivilDate::from_days_since_epoch);
    Ok(late.map_or(Timestamp::from_micros(i64::MAX), |day| zone.begin_of(day)))
}

async fn look(cx: JobCx) -> Result<(), JobError> {
    let Late { due_id } = cx.payload()?;
    let db = cx.tenant_db()?.clone();
    let lease = cx.lease.clone();
    db.write(async move |tx| {
        let again = raise(tx, due_id).await.map_err(|error| match error {
            Error::Db(error) => error.into(),
            other => JobError::retry(other.to_string()),
        })?;
        lease.finish(tx).await?;
        if let Some(at) = again {
            enqueue(tx, late_fee(due_id, at)).await?;
        }
        Ok::<_, JobError>(())
    })
    .await
}

/// Charges the fee if the due is late; the answer is when to look again if it is not late yet.
pub async fn raise(tx: &mut Tx, id: DueId) -> Result<Option<Timestamp>, Error> {
    let Some(due) = dues::by_id(tx, &Scope::All, id).await? else {
        return Ok(None);
    };
    if !due.open || dues::has_late_fee(tx, id).await? {
        return Ok(None);
    }
    let at = late_at(tx, &due).await?;
    if at > tx.now() {
        return Ok(Some(at));
    }
    let Some(fee) = settings::store::settings(tx).await?.late_fee else {
        return Ok(None);
    };
    let by = By {
        scope: Scope::All,
        actor: Actor::System,
        origin: Origin::default(),
    };
    let today = settings::today(tx, &by.scope, due.branch_id).await?;
    let profile = settings::store::profile(tx, due.branch_id).await?;
    let price = Money::new(Positive::get(fee), due.currency);
    let none = Money::new(0, due.currency);
    let supply = settings::supply(profile.as_ref(), None);
    let line = line(
        LineKind::LateFee,
        format!("Late fee: {}", due.title),
        (Rate::STANDARD, Pricing::Inclusive, None),
        (price, none),
        supply,
    )?;
    let late = Charge {
        student: due.student_id,
        branch: due.branch_id,
        membership: due.membership_id,
        plan: None,
        discount: None,
        lines: vec![line],
        when: When::On(today),
        place_of_supply: None,
        late_for: Some(id),
    };
    charge(tx, &by, &late).await?;
    Ok(None)
}
