//! The table `day_closes`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, IdentityId, Scope, UnitId};

use super::{DayClose, DayCloseId};
use crate::money::to_json;

/// The last day that somebody closed in a branch.
pub async fn last(
    tx: &mut Tx,
    (branch, staff): (UnitId, IdentityId),
) -> Result<Option<CivilDate>, DbError> {
    let last: Option<(CivilDate,)> = tx
        .opt(
            sql!(
                "select on_day from day_closes where branch_id = $1 and staff_id = $2 order by on_day desc limit 1"
            ),
            &args![branch, staff],
        )
        .await?;
    Ok(last.map(|(day,)| day))
}

/// The day that what happens now at a desk counts for: today, or the day after the last closed one.
pub async fn open_day(
    tx: &mut Tx,
    desk: (UnitId, IdentityId),
    today: CivilDate,
) -> Result<CivilDate, DbError> {
    let Some(last) = last(tx, desk).await? else {
        return Ok(today);
    };
    let next = CivilDate::from_days_since_epoch(last.days_since_epoch() + 1);
    Ok(next.unwrap_or(last).max(today))
}

/// Keeps a close.
pub async fn insert(tx: &mut Tx, close: &DayClose) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into day_closes (id, branch_id, staff_id, on_day, currency, counts, left_in, reason, closed_by, closed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        ),
        &args![
            close.id,
            close.branch_id,
            close.staff_id,
            close.on_day,
            close.currency.as_str(),
            to_json(&close.counts)?,
            close.left_in,
            close.reason,
            close.closed_by,
            close.closed_at
        ],
    )
    .await?;
    Ok(())
}

/// What somebody took that waits for a second person.
pub async fn pending(tx: &mut Tx, (branch, staff): (UnitId, IdentityId)) -> Result<i64, DbError> {
    tx.one(
        sql!(
            "select cast(coalesce(sum(amount), 0) as bigint) from payments
             where state = 'pending' and branch_id = $1 and taken_by = $2"
        ),
        &args![branch, staff],
    )
    .await
}

/// Closes within the scope, newest first, from after a place.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    (branch, staff): (Option<UnitId>, Option<IdentityId>),
    after: Option<DayCloseId>,
    limit: i64,
) -> Result<Vec<DayClose>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, staff_id, on_day, currency, counts, left_in, reason, closed_by, closed_at from day_closes
             where ($1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id = $2)
               and (cast($3 as text) is null or staff_id = $3)
               and (cast($4 as text) is null or id < $4)
             order by id desc limit $5"
        ),
        &args![scope.unit_filter(), branch, staff, after, limit],
    )
    .await
}
