//! Drawing the map of a branch, in the caller's transaction.

use std::collections::BTreeSet;

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_kernel::{Scope, UnitId};

use super::{Drawing, SeatMap, store};
use crate::seating::permission::SEAT_READ;
use crate::seating::seat::{self, SeatId};
use crate::seating::{Change, Error, hall, record};
use crate::student::flow::By;

/// The map of a branch, without seats that were removed since.
pub async fn read(tx: &mut Tx, scope: &Scope, branch: UnitId) -> Result<SeatMap, Error> {
    hall(tx, scope, branch).await?;
    let mut map = store::of(tx, branch).await?;
    let known = seats(tx, branch).await?;
    map.drawing
        .seats
        .retain(|placed| known.contains(&placed.seat_id));
    Ok(map)
}

/// Draws the map anew over the version the caller saw.
///
/// Errors: [`Error::SeatUnknown`], [`Error::SeatTwice`], [`Error::Stale`].
pub async fn replace(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    version: i64,
    drawing: &Drawing,
) -> Result<SeatMap, Error> {
    hall(tx, &by.scope, branch).await?;
    let known = seats(tx, branch).await?;
    let mut seen = BTreeSet::new();
    for placed in &drawing.seats {
        if !known.contains(&placed.seat_id) {
            return Err(Error::SeatUnknown);
        }
        if !seen.insert(placed.seat_id) {
            return Err(Error::SeatTwice);
        }
    }
    if !store::replace(tx, branch, version, drawing).await? {
        return Err(Error::Stale);
    }
    let change = Change {
        action: "spaces.seat_map.drawn",
        target: ("seat_map", branch.to_string()),
        branch,
        event: ("spaces.seat_map.changed", SEAT_READ),
        facts: Facts::new().with("version", version + 1),
    };
    record(tx, by, change).await?;
    Ok(store::of(tx, branch).await?)
}

async fn seats(tx: &mut Tx, branch: UnitId) -> Result<BTreeSet<SeatId>, Error> {
    let seats = seat::store::all(tx, branch, None).await?;
    Ok(seats.into_iter().map(|seat| seat.id).collect())
}
