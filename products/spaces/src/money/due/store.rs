//! The tables `dues` and `due_moves`. What is left of a due is a sum, never a column.

use gantry_db::{DbError, Sql, Tx, args, sql};
use gantry_kernel::{CivilDate, IdentityId, Scope, UnitId};
use serde::Serialize;

use super::{Due, DueId, DueKind, MoveKind};
use crate::money::payment::PaymentId;
use crate::student::StudentId;

macro_rules! dues {
    ($rest:literal) => {
        sql!(concat!(
            "select d.id, d.branch_id, d.student_id, d.membership_id, d.kind, d.title, d.due_on, d.amount,
                    cast(d.amount - coalesce((select sum(m.amount) from due_moves m
                                              where m.due_id = d.id and m.kind <> 'returned'), 0) as bigint) as still_left,
                    d.currency, d.plan_id, d.plan_version, d.discount_id, d.invoice_id, d.late_for, d.open,
                    d.settled_on, d.charged_on, d.created_at
             from dues d ",
            $rest
        ))
    };
}

/// Keeps a due that was just charged. One of nothing is settled at once.
pub async fn insert(tx: &mut Tx, due: &Due) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into dues (id, branch_id, student_id, membership_id, kind, title, due_on, amount, currency, plan_id,
                               plan_version, discount_id, invoice_id, late_for, open, settled_on, charged_on, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
        ),
        &args![
            due.id,
            due.branch_id,
            due.student_id,
            due.membership_id,
            due.kind,
            due.title,
            due.due_on,
            due.amount,
            due.currency.as_str(),
            due.plan_id,
            due.plan_version,
            due.discount_id,
            due.invoice_id,
            due.late_for,
            due.open,
            due.settled_on,
            due.charged_on,
            due.created_at
        ],
    )
    .await?;
    Ok(())
}

/// One due within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: DueId) -> Result<Option<Due>, DbError> {
    tx.opt(
        dues!("where d.id = $1 and ($2 = '*' or $2 like '%' || d.branch_id || '%')"),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// What a student still owes a branch, the oldest first.
pub async fn open_of(tx: &mut Tx, branch: UnitId, student: StudentId) -> Result<Vec<Due>, DbError> {
    tx.all(
        dues!("where d.student_id = $1 and d.open and d.branch_id = $2 order by d.due_on, d.id"),
        &args![student, branch],
    )
    .await
}

/// Whether a due has its late fee.
pub async fn has_late_fee(tx: &mut Tx, id: DueId) -> Result<bool, DbError> {
    tx.one(
        sql!("select exists (select 1 from dues where late_for = $1)"),
        &args![id],
    )
    .await
}

/// Which dues a list holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// One branch.
    pub branch: Option<UnitId>,
    /// One student.
    pub student: Option<StudentId>,
    /// Only open ones, or only settled ones.
    pub open: Option<bool>,
    /// One kind.
    pub kind: Option<DueKind>,
    /// Due on this day or earlier.
    pub due_by: Option<CivilDate>,
}

fn of_state(open: Option<bool>) -> Sql {
    match open {
        Some(true) => dues!(
            "where ($1 = '*' or $1 like '%' || d.branch_id || '%')
               and (cast($2 as text) is null or d.branch_id = $2)
               and (cast($3 as text) is null or d.student_id = $3)
               and (cast($4 as text) is null or d.kind = $4)
               and d.due_on <= $5 and d.open
               and (cast($7 as text) is null or (d.due_on, d.id) > ($6, $7))
             order by d.due_on, d.id limit $8"
        ),
        Some(false) => dues!(
            "where ($1 = '*' or $1 like '%' || d.branch_id || '%')
               and (cast($2 as text) is null or d.branch_id = $2)
               and (cast($3 as text) is null or d.student_id = $3)
               and (cast($4 as text) is null or d.kind = $4)
               and d.due_on <= $5 and not d.open
               and (cast($7 as text) is null or (d.due_on, d.id) > ($6, $7))
             order by d.due_on, d.id limit $8"
        ),
        None => dues!(
            "where ($1 = '*' or $1 like '%' || d.branch_id || '%')
               and (cast($2 as text) is null or d.branch_id = $2)
               and (cast($3 as text) is null or d.student_id = $3)
               and (cast($4 as text) is null or d.kind = $4)
               and d.due_on <= $5
               and (cast($7 as text) is null or (d.due_on, d.id) > ($6, $7))
             order by d.due_on, d.id limit $8"
        ),
    }
}

/// Dues within the scope by the day they are due, from after a place.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    filter: Filter,
    after: Option<(CivilDate, DueId)>,
    limit: i64,
) -> Result<Vec<Due>, DbError> {
    let end = CivilDate::new(9999, 12, 31);
    tx.all(
        of_state(filter.open),
        &args![
            scope.unit_filter(),
            filter.branch,
            filter.student,
            filter.kind,
            filter.due_by.or(end),
            after.map_or(end, |place| Some(place.0)),
            after.map(|place| place.1),
            limit
        ],
    )
    .await
}

/// Something that becomes of a due.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    /// What.
    pub kind: MoveKind,
    /// How much.
    pub amount: i64,
    /// With which payment.
    pub payment: Option<PaymentId>,
    /// Why.
    pub reason: Option<&'a str>,
    /// Who did it.
    pub actor: Option<IdentityId>,
    /// On which day.
    pub day: CivilDate,
}

gantry_kernel::define_id! {
    /// A move.
    pub struct MoveId;
}

/// Notes a move; one that takes off all that is left settles the due.
pub async fn note(tx: &mut Tx, due: &mut Due, of: Move<'_>) -> Result<(), DbError> {
    let id: MoveId = tx.kernel().id();
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into due_moves (id, due_id, kind, amount, payment_id, reason, actor_id, on_day, at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        ),
        &args![
            id, due.id, of.kind, of.amount, of.payment, of.reason, of.actor, of.day, now
        ],
    )
    .await?;
    if of.kind == MoveKind::Returned {
        return Ok(());
    }
    due.left -= of.amount;
    if due.left == 0 {
        due.open = false;
        due.settled_on = Some(of.day);
        tx.execute(
            sql!("update dues set open = false, settled_on = $2 where id = $1"),
            &args![due.id, of.day],
        )
        .await?;
    }
    Ok(())
}

/// How much of a due was let off, credited or returned.
pub async fn taken_back(tx: &mut Tx, id: DueId) -> Result<i64, DbError> {
    tx.one(
        sql!(
            "select cast(coalesce(sum(amount), 0) as bigint) from due_moves
             where due_id = $1 and kind in ('waived', 'credited', 'returned')"
        ),
        &args![id],
    )
    .await
}
