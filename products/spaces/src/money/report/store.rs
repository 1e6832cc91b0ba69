//! Sums over dues, and rows for files.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, Scope, UnitId};

/// What is left of open dues by the day they were due.
pub async fn left_by_day(
    tx: &mut Tx,
    scope: &Scope,
    branch: Option<UnitId>,
) -> Result<Vec<(UnitId, CivilDate, i64)>, DbError> {
    tx.all(
        sql!(
            "select d.branch_id, d.due_on,
                    cast(sum(d.amount - coalesce((select sum(m.amount) from due_moves m
                                                  where m.due_id = d.id and m.kind <> 'returned'), 0)) as bigint)
             from dues d
             where d.open and ($1 = '*' or $1 like '%' || d.branch_id || '%')
               and (cast($2 as text) is null or d.branch_id = $2)
             group by d.branch_id, d.due_on order by d.branch_id, d.due_on"
        ),
        &args![scope.unit_filter(), branch],
    )
    .await
}

/// What was due in these days after what was taken back, and what was paid of it after what was returned.
pub async fn due_and_paid(
    tx: &mut Tx,
    scope: &Scope,
    branch: Option<UnitId>,
    (from, until): (CivilDate, CivilDate),
) -> Result<(i64, i64), DbError> {
    let (amount, taken_back, paid, returned): (i64, i64, i64, i64) = tx
        .one(
            sql!(
                "with chosen as (
                     select id, amount from dues
                     where due_on >= $3 and due_on <= $4 and ($1 = '*' or $1 like '%' || branch_id || '%')
                       and (cast($2 as text) is null or branch_id = $2)
                 ), moved as (
                     select m.kind, m.amount from due_moves m join chosen c on c.id = m.due_id
                 )
                 select cast(coalesce((select sum(amount) from chosen), 0) as bigint),
                        cast(coalesce((select sum(amount) from moved where kind in ('waived', 'credited', 'returned')), 0) as bigint),
                        cast(coalesce((select sum(amount) from moved where kind in ('paid', 'advance')), 0) as bigint),
                        cast(coalesce((select sum(amount) from moved where kind = 'returned'), 0) as bigint)"
            ),
            &args![scope.unit_filter(), branch, from, until],
        )
        .await?;
    Ok((amount - taken_back, paid - returned))
}

/// Names of students and codes of branches for files, by their ids.
pub async fn names(tx: &mut Tx, scope: &Scope) -> Result<Vec<(String, String, String)>, DbError> {
    tx.all(
        sql!(
            "select id, code, name from students where ($1 = '*' or $1 like '%' || branch_id || '%')"
        ),
        &args![scope.unit_filter()],
    )
    .await
}
