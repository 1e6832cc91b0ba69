//! Adding, changing and removing shifts, in the caller's transaction.

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_kernel::UnitId;

use super::{Shift, ShiftFields, ShiftId, store};
use crate::seating::permission::SEAT_READ;
use crate::seating::{Change, Error, hall, record};
use crate::student::flow::By;

/// Adds a shift to a branch.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    fields: &ShiftFields,
) -> Result<Shift, Error> {
    hall(tx, &by.scope, branch).await?;
    let shift = store::insert(tx, branch, fields).await?;
    note(tx, by, "spaces.shift.created", &shift).await?;
    Ok(shift)
}

/// Changes a shift over the version the caller saw. What was sold keeps its hours, so these cannot change while a seat is
/// claimed in it.
///
/// Errors: [`Error::ShiftInUse`].
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: ShiftId,
    version: i64,
    change: impl FnOnce(&mut ShiftFields, &Shift),
) -> Result<Shift, Error> {
    let stored = store::by_id(tx, &by.scope, id).await?;
    let stored = stored.ok_or(Error::NotFound)?;
    let mut fields = ShiftFields {
        name: stored.name.clone(),
        pattern: stored.pattern(),
        active: stored.active,
    };
    change(&mut fields, &stored);
    if fields.pattern != stored.pattern() {
        let hall = hall(tx, &by.scope, stored.branch_id).await?;
        let today = hall.time_zone.date_at(tx.now());
        if store::is_claimed(tx, id, today).await? {
            return Err(Error::ShiftInUse);
        }
    }
    let shift = store::update(tx, id, version, &fields).await?;
    let shift = shift.ok_or(Error::Stale)?;
    note(tx, by, "spaces.shift.updated", &shift).await?;
    Ok(shift)
}

/// Removes a shift in which no seat was ever claimed.
pub async fn delete(tx: &mut Tx, by: &By, id: ShiftId, version: i64) -> Result<(), Error> {
    let shift = store::by_id(tx, &by.scope, id).await?;
    let shift = shift.ok_or(Error::NotFound)?;
    if !store::delete(tx, id, version).await? {
        return Err(Error::Stale);
    }
    note(tx, by, "spaces.shift.deleted", &shift).await
}

async fn note(tx: &mut Tx, by: &By, action: &'static str, shift: &Shift) -> Result<(), Error> {
    let change = Change {
        action,
        target: ("shift", shift.id.to_string()),
        branch: shift.branch_id,
        event: ("spaces.shift.changed", SEAT_READ),
        facts: Facts::new()
            .with("start_minute", i64::from(shift.start_minute))
            .with("end_minute", i64::from(shift.end_minute))
            .with("active", shift.active)
            .with("version", shift.version),
    };
    record(tx, by, change).await
}
