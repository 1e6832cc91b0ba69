//! The table `zones`. Whoever finds one passes the scope: a zone of a branch beyond it is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Scope, UnitId, fold};

use super::{Zone, ZoneId, ZoneLabel};
use crate::seating::Error;

fn name_taken(error: DbError) -> Error {
    if error.is_unique_on("zones", "name_folded") {
        Error::ZoneNameTaken
    } else {
        error.into()
    }
}

/// The zones of a branch in their order.
pub async fn all(tx: &mut Tx, branch: UnitId) -> Result<Vec<Zone>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, name, position, version, created_at, updated_at
             from zones where branch_id = $1 order by position, name_folded"
        ),
        &args![branch],
    )
    .await
}

/// One zone within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: ZoneId) -> Result<Option<Zone>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, name, position, version, created_at, updated_at
             from zones where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// A new zone.
///
/// Errors: [`Error::ZoneNameTaken`].
pub async fn insert(
    tx: &mut Tx,
    branch: UnitId,
    name: &ZoneLabel,
    position: i32,
) -> Result<Zone, Error> {
    let (id, now): (ZoneId, _) = (tx.kernel().id(), tx.now());
    let inserted = tx
        .one(
            sql!(
                "insert into zones (id, branch_id, name, name_folded, position, version, created_at,
                                    updated_at)
                 values ($1, $2, $3, $4, $5, 1, $6, $6)
                 returning id, branch_id, name, position, version, created_at, updated_at"
            ),
            &args![id, branch, name, fold(name.as_str()), position, now],
        )
        .await;
    inserted.map_err(name_taken)
}

/// Writes a zone over the version the caller saw; `None` when it moved on.
///
/// Errors: [`Error::ZoneNameTaken`].
pub async fn update(
    tx: &mut Tx,
    id: ZoneId,
    version: i64,
    name: &ZoneLabel,
    position: i64,
) -> Result<Option<Zone>, Error> {
    let now = tx.now();
    let updated = tx
        .opt(
            sql!(
                "update zones set name = $3, name_folded = $4, position = $5, version = version + 1,
                                  updated_at = $6
                 where id = $1 and version = $2
                 returning id, branch_id, name, position, version, created_at, updated_at"
            ),
            &args![id, version, name, fold(name.as_str()), position, now],
        )
        .await;
    updated.map_err(name_taken)
}

/// Removes a zone of this version; whether there was one.
///
/// Errors: [`Error::ZoneNotEmpty`].
pub async fn delete(tx: &mut Tx, id: ZoneId, version: i64) -> Result<bool, Error> {
    let removed = tx
        .execute(
            sql!("delete from zones where id = $1 and version = $2"),
            &args![id, version],
        )
        .await;
    match removed {
        Ok(rows) => Ok(rows > 0),
        Err(DbError::ForeignKey { .. }) => Err(Error::ZoneNotEmpty),
        Err(error) => Err(error.into()),
    }
}
