//! Closing a branch or a zone for some dates, in the caller's transaction.

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_kernel::UnitId;

use super::{Closure, ClosureId, MAX_DAYS, Reason, store};
use crate::seating::error::BadDates;
use crate::seating::permission::SEAT_READ;
use crate::seating::time::Dates;
use crate::seating::zone::{self, ZoneId};
use crate::seating::{Change, Error, hall, record};
use crate::student::flow::By;

/// Closes a branch, or one zone of it.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    zone: Option<ZoneId>,
    dates: Dates,
    reason: &Reason,
) -> Result<Closure, Error> {
    hall(tx, &by.scope, branch).await?;
    if dates.count() > MAX_DAYS {
        return Err(Error::Dates(BadDates::TooLong(MAX_DAYS)));
    }
    if let Some(zone) = zone {
        let found = zone::store::by_id(tx, &by.scope, zone).await?;
        if found.is_none_or(|found| found.branch_id != branch) {
            return Err(Error::ZoneUnknown);
        }
    }
    let closure = store::insert(tx, branch, zone, dates, reason).await?;
    note(tx, by, "spaces.closure.created", &closure).await?;
    Ok(closure)
}

/// Opens again.
pub async fn delete(tx: &mut Tx, by: &By, id: ClosureId, version: i64) -> Result<(), Error> {
    let closure = store::by_id(tx, &by.scope, id).await?;
    let closure = closure.ok_or(Error::NotFound)?;
    if !store::delete(tx, id, version).await? {
        return Err(Error::Stale);
    }
    note(tx, by, "spaces.closure.deleted", &closure).await
}

async fn note(tx: &mut Tx, by: &By, action: &'static str, closure: &Closure) -> Result<(), Error> {
    let change = Change {
        action,
        target: ("closure", closure.id.to_string()),
        branch: closure.branch_id,
        event: ("spaces.closure.changed", SEAT_READ),
        facts: Facts::new()
            .with("from", closure.from)
            .with("until", closure.until),
    };
    record(tx, by, change).await
}
