//! The table `payments`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, IdentityId, Scope, UnitId};
use serde::Serialize;

use super::{Decision, Payment, PaymentId, Reason};
use crate::money::document::DocumentId;
use crate::money::to_json;
use crate::student::StudentId;

/// Keeps a payment that waits.
pub async fn insert(tx: &mut Tx, payment: &Payment) -> Result<(), DbError> {
    let chosen = payment.due_ids.as_ref().map(to_json).transpose()?;
    let key = payment
        .reference
        .as_ref()
        .map(|reference| payment.method.reference_key(reference));
    tx.execute(
        sql!(
            "insert into payments (id, branch_id, student_id, method, amount, currency, reference, reference_key, chosen,
                                   state, taken_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        ),
        &args![
            payment.id,
            payment.branch_id,
            payment.student_id,
            payment.method,
            payment.amount,
            payment.currency.as_str(),
            payment.reference,
            key,
            chosen,
            payment.state,
            payment.taken_by,
            payment.created_at
        ],
    )
    .await?;
    Ok(())
}

/// The payment counts from now on, for this day.
pub async fn count(
    tx: &mut Tx,
    id: PaymentId,
    day: CivilDate,
    receipt: DocumentId,
    by: Option<IdentityId>,
) -> Result<(), DbError> {
    let at = by.map(|_| tx.now());
    tx.execute(
        sql!(
            "update payments set state = 'counted', on_day = $2, receipt_id = $3, decided_by = $4, decided_at = $5
             where id = $1"
        ),
        &args![id, day, receipt, by, at],
    )
    .await?;
    Ok(())
}

/// The payment never counts; its reference is free again.
pub async fn reject(
    tx: &mut Tx,
    id: PaymentId,
    by: IdentityId,
    reason: &Reason,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update payments set state = 'rejected', reference_key = null, decided_by = $2, decided_at = $3, reason = $4
             where id = $1"
        ),
        &args![id, by, now, reason],
    )
    .await?;
    Ok(())
}

/// One payment within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: PaymentId) -> Result<Option<Payment>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, student_id, method, amount, currency, reference, chosen, state, taken_by, on_day,
                    receipt_id, decided_by, decided_at, reason, created_at
             from payments where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// Which payments or refunds a list holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// One branch.
    pub branch: Option<UnitId>,
    /// One student.
    pub student: Option<StudentId>,
    /// One state.
    pub state: Option<Decision>,
    /// Counted on this day or later.
    pub from: Option<CivilDate>,
    /// Counted on this day or earlier.
    pub until: Option<CivilDate>,
}

/// Payments within the scope, newest first, from after a place.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    filter: Filter,
    after: Option<PaymentId>,
    limit: i64,
) -> Result<Vec<Payment>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, student_id, method, amount, currency, reference, chosen, state, taken_by, on_day,
                    receipt_id, decided_by, decided_at, reason, created_at
             from payments
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
