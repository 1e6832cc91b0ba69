//! The table `seats`. Whoever finds one passes the scope: a seat of a branch beyond it is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Scope, UnitId, fold};

use super::{Features, Seat, SeatId, SeatLabel};
use crate::seating::Error;
use crate::seating::zone::ZoneId;

fn label_taken(error: DbError, label: &SeatLabel) -> Error {
    if error.is_unique_on("seats", "label_folded") {
        Error::SeatLabelTaken(label.as_str().to_owned())
    } else {
        error.into()
    }
}

/// The seats of a branch by label, of one zone if one is named.
pub async fn all(tx: &mut Tx, branch: UnitId, zone: Option<ZoneId>) -> Result<Vec<Seat>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, zone_id, label, ac, power, window_side, locker, size, status,
                    version, created_at, updated_at
             from seats where branch_id = $1 and (cast($2 as text) is null or zone_id = $2)
             order by label_folded"
        ),
        &args![branch, zone],
    )
    .await
}

/// One seat within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: SeatId) -> Result<Option<Seat>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, zone_id, label, ac, power, window_side, locker, size, status,
                    version, created_at, updated_at
             from seats where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// How many seats a branch has.
pub async fn count(tx: &mut Tx, branch: UnitId) -> Result<i64, DbError> {
    tx.one(
        sql!("select count(*) from seats where branch_id = $1"),
        &args![branch],
    )
    .await
}

/// The numbers of so many new seats, the first of them.
pub async fn lanes(tx: &mut Tx, seats: i64) -> Result<i64, DbError> {
    let next: i64 = tx
        .one(
            sql!(
                "insert into spaces_numbers (kind, next_number) values ('lane', $1)
                 on conflict (kind) do update
                     set next_number = spaces_numbers.next_number + excluded.next_number
                 returning next_number"
            ),
            &args![seats],
        )
        .await?;
    Ok(next - seats)
}

/// A new seat.
///
/// Errors: [`Error::SeatLabelTaken`].
pub async fn insert(
    tx: &mut Tx,
    branch: UnitId,
    lane: i64,
    label: &SeatLabel,
    features: Features,
) -> Result<Seat, Error> {
    let (id, now): (SeatId, _) = (tx.kernel().id(), tx.now());
    let inserted = tx
        .one(
            sql!(
                "insert into seats (id, branch_id, zone_id, lane, label, label_folded, ac, power,
                                    window_side, locker, size, status, version, created_at,
                                    updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $13)
                 returning id, branch_id, zone_id, label, ac, power, window_side, locker, size,
                           status, version, created_at, updated_at"
            ),
            &args![
                id,
                branch,
                features.zone_id,
                lane,
                label,
                fold(label.as_str()),
                features.ac,
                features.power,
                features.window_side,
                features.locker,
                features.size,
                features.status,
                now,
            ],
        )
        .await;
    inserted.map_err(|error| label_taken(error, label))
}

/// Writes a seat over the version the caller saw; `None` when it moved on.
///
/// Errors: [`Error::SeatLabelTaken`].
pub async fn update(
    tx: &mut Tx,
    id: SeatId,
    version: i64,
    label: &SeatLabel,
    features: Features,
) -> Result<Option<Seat>, Error> {
    let now = tx.now();
    let updated = tx
        .opt(
            sql!(
                "update seats set zone_id = $3, label = $4, label_folded = $5, ac = $6, power = $7,
                                  window_side = $8, locker = $9, size = $10, status = $11,
                                  version = version + 1, updated_at = $12
                 where id = $1 and version = $2
                 returning id, branch_id, zone_id, label, ac, power, window_side, locker, size,
                           status, version, created_at, updated_at"
            ),
            &args![
                id,
                version,
                features.zone_id,
                label,
                fold(label.as_str()),
                features.ac,
                features.power,
                features.window_side,
                features.locker,
                features.size,
                features.status,
                now,
            ],
        )
        .await;
    updated.map_err(|error| label_taken(error, label))
}

/// Removes a seat of this version; whether there was one.
///
/// Errors: [`Error::SeatInUse`].
pub async fn delete(tx: &mut Tx, id: SeatId, version: i64) -> Result<bool, Error> {
    let removed = tx
        .execute(
            sql!("delete from seats where id = $1 and version = $2"),
            &args![id, version],
        )
        .await;
    match removed {
        Ok(rows) => Ok(rows > 0),
        Err(DbError::ForeignKey { .. }) => Err(Error::SeatInUse),
        Err(error) => Err(error.into()),
    }
}
