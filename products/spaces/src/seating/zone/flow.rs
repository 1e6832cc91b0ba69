//! Adding, changing and removing zones, in the caller's transaction.

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_kernel::UnitId;

use super::{Zone, ZoneId, ZoneLabel, store};
use crate::seating::permission::SEAT_READ;
use crate::seating::{Change, Error, hall, record};
use crate::student::flow::By;

/// Adds a zone to a branch.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    name: &ZoneLabel,
    position: i32,
) -> Result<Zone, Error> {
    hall(tx, &by.scope, branch).await?;
    let zone = store::insert(tx, branch, name, position).await?;
    note(tx, by, "spaces.zone.created", &zone).await?;
    Ok(zone)
}

/// Changes a zone over the version the caller saw.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: ZoneId,
    version: i64,
    name: Option<&ZoneLabel>,
    position: Option<i32>,
) -> Result<Zone, Error> {
    let stored = store::by_id(tx, &by.scope, id).await?;
    let stored = stored.ok_or(Error::NotFound)?;
    let name = name.unwrap_or(&stored.name);
    let position = position.map_or(stored.position, i64::from);
    let zone = store::update(tx, id, version, name, position).await?;
    let zone = zone.ok_or(Error::Stale)?;
    note(tx, by, "spaces.zone.updated", &zone).await?;
    Ok(zone)
}

/// Removes a zone without seats.
pub async fn delete(tx: &mut Tx, by: &By, id: ZoneId, version: i64) -> Result<(), Error> {
    let zone = store::by_id(tx, &by.scope, id).await?;
    let zone = zone.ok_or(Error::NotFound)?;
    if !store::delete(tx, id, version).await? {
        return Err(Error::Stale);
    }
    note(tx, by, "spaces.zone.deleted", &zone).await
}

async fn note(tx: &mut Tx, by: &By, action: &'static str, zone: &Zone) -> Result<(), Error> {
    let change = Change {
        action,
        target: ("zone", zone.id.to_string()),
        branch: zone.branch_id,
        event: ("spaces.zone.changed", SEAT_READ),
        facts: Facts::new().with("version", zone.version),
    };
    record(tx, by, change).await
}
