//! The table `refunds`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, IdentityId, Scope};

use super::{Refund, RefundId};
use crate::money::payment::Reason;
use crate::money::payment::store::Filter;

/// Keeps a refund that waits.
pub async fn insert(tx: &mut Tx, refund: &Refund) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into refunds (id, branch_id, student_id, source, method, amount, currency, reference, reason, state,
                                  asked_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        ),
        &args![
            refund.id,
            refund.branch_id,
            refund.student_id,
            refund.source,
            refund.method,
            refund.amount,
            refund.currency.as_str(),
            refund.reference,
            refund.reason,
            refund.state,
            refund.asked_by,
            refund.created_at
        ],
    )
    .await?;
    Ok(())
}

/// The refund counts from now on, for this day.
pub async fn count(
    tx: &mut Tx,
    id: RefundId,
    day: CivilDate,
    by: Option<IdentityId>,
) -> Result<(), DbError> {
    let at = by.map(|_| tx.now());
    tx.execute(
        sql!("update refunds set state = 'counted', on_day = $2, decided_by = $3, decided_at = $4 where id = $1"),
        &args![id, day, by, at],
    )
    .await?;
    Ok(())
}

/// The refund never counts.
pub async fn reject(
    tx: &mut Tx,
    id: RefundId,
    by: IdentityId,
    reason: &Reason,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update refunds set state = 'rejected', decided_by = $2, decided_at = $3, decided_reason = $4 where id = $1"
        ),
        &args![id, by, now, reason],
    )
    .await?;
    Ok(())
}

/// One refund within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: RefundId) -> Result<Option<Refund>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, student_id, source, method, amount, currency, reference, reason, state, asked_by,
                    on_day, decided_by, decided_at, decided_reason, created_at
             from refunds where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// Refunds within the scope, newest first, from after a place.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    filter: Filter,
    after: Option<RefundId>,
    limit: i64,
) -> Result<Vec<Refund>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, student_id, source, method, amount, currency, reference, reason, state, asked_by,
                    on_day, decided_by, decided_at, decided_reason, created_at
             from refunds
             where ($1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id = $2)
               and (cast($3 as text) is null or student_id = $3)
               and (cast($4 as text) is null or state = $4)
               and (cast($5 as date) is null or on_day >= $5)
               and (cast($6 as date) is null or on_day <= $6)
               and (cast($7 as text) is null or id < $7)
             order by id desc limit $8"
        ),
        &args![
            scope.unit_filter(),
            filter.branch,
            filter.student,
            filter.state,
            filter.from,
            filter.until,
            after,
            limit
        ],
    )
    .await
}
