//! The table `shifts`. Whoever finds one passes the scope: a shift of a branch beyond it is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, Scope, UnitId, fold};

use super::{Shift, ShiftFields, ShiftId};
use crate::seating::Error;

fn name_taken(error: DbError) -> Error {
    if error.is_unique_on("shifts", "name_folded") {
        Error::ShiftNameTaken
    } else {
        error.into()
    }
}

/// The shifts of a branch by their beginning.
pub async fn all(tx: &mut Tx, branch: UnitId) -> Result<Vec<Shift>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, name, start, minutes, days, active, version, created_at, updated_at
             from shifts where branch_id = $1 order by start, minutes, name_folded"
        ),
        &args![branch],
    )
    .await
}

/// One shift within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: ShiftId) -> Result<Option<Shift>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, name, start, minutes, days, active, version, created_at, updated_at
             from shifts where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// A new shift.
///
/// Errors: [`Error::ShiftNameTaken`].
pub async fn insert(tx: &mut Tx, branch: UnitId, fields: &ShiftFields) -> Result<Shift, Error> {
    let (id, now): (ShiftId, _) = (tx.kernel().id(), tx.now());
    let inserted = tx
        .one(
            sql!(
                "insert into shifts (id, branch_id, name, name_folded, start, minutes, days, active,
                                     version, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)
                 returning id, branch_id, name, start, minutes, days, active, version, created_at,
                           updated_at"
            ),
            &args![
                id,
                branch,
                fields.name,
                fold(fields.name.as_str()),
                fields.pattern.start,
                fields.pattern.minutes,
                i32::from(fields.pattern.days.bits()),
                fields.active,
                now,
            ],
        )
        .await;
    inserted.map_err(name_taken)
}

/// Writes a shift over the version the caller saw; `None` when it moved on.
///
/// Errors: [`Error::ShiftNameTaken`].
pub async fn update(
    tx: &mut Tx,
    id: ShiftId,
    version: i64,
    fields: &ShiftFields,
) -> Result<Option<Shift>, Error> {
    let now = tx.now();
    let updated = tx
        .opt(
            sql!(
                "update shifts set name = $3, name_folded = $4, start = $5, minutes = $6, days = $7,
                                   active = $8, version = version + 1, updated_at = $9
                 where id = $1 and version = $2
                 returning id, branch_id, name, start, minutes, days, active, version, created_at,
                           updated_at"
            ),
            &args![
                id,
                version,
                fields.name,
                fold(fields.name.as_str()),
                fields.pattern.start,
                fields.pattern.minutes,
                i32::from(fields.pattern.days.bits()),
                fields.active,
                now,
            ],
        )
        .await;
    updated.map_err(name_taken)
}

/// Whether any seat is claimed in the shift today or later.
pub async fn is_claimed(tx: &mut Tx, id: ShiftId, today: CivilDate) -> Result<bool, DbError> {
    tx.one(
        sql!("select exists (select 1 from seat_claims where shift_id = $1 and until_date > $2)"),
        &args![id, today],
    )
    .await
}

/// Removes a shift of this version; whether there was one.
///
/// Errors: [`Error::ShiftInUse`].
pub async fn delete(tx: &mut Tx, id: ShiftId, version: i64) -> Result<bool, Error> {
    let removed = tx
        .execute(
            sql!("delete from shifts where id = $1 and version = $2"),
            &args![id, version],
        )
        .await;
    match removed {
        Ok(rows) => Ok(rows > 0),
        Err(DbError::ForeignKey { .. }) => Err(Error::ShiftInUse),
        Err(error) => Err(error.into()),
    }
}
