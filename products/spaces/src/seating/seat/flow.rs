//! Adding, changing and removing seats, in the caller's transaction.

use gantry_audit::Facts;
use gantry_contracts::within_limit;
use gantry_db::Tx;
use gantry_kernel::UnitId;

use super::{Features, MAX_SEATS, Seat, SeatId, SeatLabel, store};
use crate::seating::permission::SEAT_READ;
use crate::seating::zone::{self, ZoneId};
use crate::seating::{Change, Error, hall, record};
use crate::student::flow::By;

/// The limit on seats of one branch, which is the program's own.
const SEATS: &str = "spaces.seats";

/// Adds seats of one kind to a branch, one for each label.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    labels: &[SeatLabel],
    features: Features,
) -> Result<Vec<Seat>, Error> {
    hall(tx, &by.scope, branch).await?;
    zone_of(tx, by, branch, features.zone_id).await?;
    let added = i64::try_from(labels.len()).unwrap_or(i64::MAX);
    let wanted = store::count(tx, branch).await?.saturating_add(added);
    within_limit(SEATS, Some(MAX_SEATS), wanted)?;
    let first = store::lanes(tx, added).await?;
    let mut seats = Vec::with_capacity(labels.len());
    for (lane, label) in (first..).zip(labels) {
        let seat = store::insert(tx, branch, lane, label, features).await?;
        seats.push(seat);
    }
    let change = Change {
        action: "spaces.seat.created",
        target: ("zone", features.zone_id.to_string()),
        branch,
        event: ("spaces.seat.changed", SEAT_READ),
        facts: Facts::new().with("seats", added),
    };
    record(tx, by, change).await?;
    Ok(seats)
}

/// Changes a seat over the version the caller saw.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: SeatId,
    version: i64,
    label: Option<&SeatLabel>,
    change: impl FnOnce(&mut Features),
) -> Result<Seat, Error> {
    let stored = store::by_id(tx, &by.scope, id).await?;
    let stored = stored.ok_or(Error::NotFound)?;
    let mut features = Features {
        zone_id: stored.zone_id,
        ac: stored.ac,
        power: stored.power,
        window_side: stored.window_side,
        locker: stored.locker,
        size: stored.size,
        status: stored.status,
    };
    change(&mut features);
    zone_of(tx, by, stored.branch_id, features.zone_id).await?;
    let label = label.unwrap_or(&stored.label);
    let seat = store::update(tx, id, version, label, features).await?;
    let seat = seat.ok_or(Error::Stale)?;
    note(tx, by, "spaces.seat.updated", &seat).await?;
    Ok(seat)
}

/// Removes a seat that nobody ever held.
pub async fn delete(tx: &mut Tx, by: &By, id: SeatId, version: i64) -> Result<(), Error> {
    let seat = store::by_id(tx, &by.scope, id).await?;
    let seat = seat.ok_or(Error::NotFound)?;
    if !store::delete(tx, id, version).await? {
        return Err(Error::Stale);
    }
    note(tx, by, "spaces.seat.deleted", &seat).await
}

async fn zone_of(tx: &mut Tx, by: &By, branch: UnitId, zone: ZoneId) -> Result<(), Error> {
    let found = zone::store::by_id(tx, &by.scope, zone).await?;
    match found {
        Some(zone) if zone.branch_id == branch => Ok(()),
        _ => Err(Error::ZoneUnknown),
    }
}

async fn note(tx: &mut Tx, by: &By, action: &'static str, seat: &Seat) -> Result<(), Error> {
    let change = Change {
        action,
        target: ("seat", seat.id.to_string()),
        branch: seat.branch_id,
        event: ("spaces.seat.changed", SEAT_READ),
        facts: Facts::new()
            .with("status", seat.status.as_str())
            .with("version", seat.version),
    };
    record(tx, by, change).await
}
