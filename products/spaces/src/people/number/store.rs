//! The table `student_numbers`. A number is where its student is: one in a branch beyond the scope is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::Scope;

use super::{NumberId, NumberKind, Row};
use crate::student::StudentId;

pub(super) async fn of_student(tx: &mut Tx, student: StudentId) -> Result<Vec<Row>, DbError> {
    tx.all(
        sql!(
            "select n.id, n.student_id, s.branch_id, n.kind, n.title, n.last, n.sealed_number, n.created_by, n.created_at
             from student_numbers n join students s on s.id = n.student_id
             where n.student_id = $1 order by n.created_at, n.id"
        ),
        &args![student],
    )
    .await
}

pub(super) async fn by_id(
    tx: &mut Tx,
    scope: &Scope,
    id: NumberId,
) -> Result<Option<Row>, DbError> {
    tx.opt(
        sql!(
            "select n.id, n.student_id, s.branch_id, n.kind, n.title, n.last, n.sealed_number, n.created_by, n.created_at
             from student_numbers n join students s on s.id = n.student_id
             where n.id = $1 and ($2 = '*' or $2 like '%' || s.branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// How many there are of a student, and of this kind.
pub(super) async fn count(
    tx: &mut Tx,
    student: StudentId,
    kind: NumberKind,
) -> Result<(i64, i64), DbError> {
    tx.one(
        sql!(
            "select count(*), count(case when kind = $2 then 1 end) from student_numbers where student_id = $1"
        ),
        &args![student, kind],
    )
    .await
}

pub(super) async fn insert(tx: &mut Tx, row: &Row) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into student_numbers (id, student_id, kind, title, last, sealed_number, created_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)"
        ),
        &args![
            row.id,
            row.student_id,
            row.kind,
            row.title,
            row.last,
            row.sealed_number,
            row.created_by,
            row.created_at
        ],
    )
    .await
    .map(drop)
}

pub(super) async fn delete(tx: &mut Tx, id: NumberId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from student_numbers where id = $1"),
        &args![id],
    )
    .await
    .map(drop)
}

pub(super) async fn delete_of(tx: &mut Tx, student: StudentId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from student_numbers where student_id = $1"),
        &args![student],
    )
    .await
    .map(drop)
}
