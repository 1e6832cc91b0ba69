//! The table `closures`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, Scope, UnitId};

use super::{Closure, ClosureId, Reason, Shut};
use crate::seating::time::Dates;
use crate::seating::zone::ZoneId;

/// The closures of a branch that end after `after`, from the earliest.
pub async fn all(tx: &mut Tx, branch: UnitId, after: CivilDate) -> Result<Vec<Closure>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, zone_id, from_date, until_date, reason, version, created_at
             from closures where branch_id = $1 and until_date > $2 order by from_date, id"
        ),
        &args![branch, after],
    )
    .await
}

/// What of these dates is closed in a branch.
pub async fn within(tx: &mut Tx, branch: UnitId, dates: Dates) -> Result<Vec<Shut>, DbError> {
    tx.all(
        sql!(
            "select zone_id, from_date, until_date from closures
             where branch_id = $1 and until_date > $2 and from_date < $3"
        ),
        &args![branch, dates.from(), dates.until()],
    )
    .await
}

/// One closure within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: ClosureId) -> Result<Option<Closure>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, zone_id, from_date, until_date, reason, version, created_at
             from closures where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// A new closure.
pub async fn insert(
    tx: &mut Tx,
    branch: UnitId,
    zone: Option<ZoneId>,
    dates: Dates,
    reason: &Reason,
) -> Result<Closure, DbError> {
    let (id, now): (ClosureId, _) = (tx.kernel().id(), tx.now());
    tx.one(
        sql!(
            "insert into closures (id, branch_id, zone_id, from_date, until_date, reason, version,
                                   created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, 1, $7, $7)
             returning id, branch_id, zone_id, from_date, until_date, reason, version, created_at"
        ),
        &args![id, branch, zone, dates.from(), dates.until(), reason, now],
    )
    .await
}

/// Removes a closure of this version; whether there was one.
pub async fn delete(tx: &mut Tx, id: ClosureId, version: i64) -> Result<bool, DbError> {
    let removed = tx
        .execute(
            sql!("delete from closures where id = $1 and version = $2"),
            &args![id, version],
        )
        .await?;
    Ok(removed > 0)
}
