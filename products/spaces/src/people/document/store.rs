//! The table `student_documents`. A document is where its student is: one in a branch beyond the scope is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::Scope;

use super::{DocumentId, Row};
use crate::student::StudentId;

pub(super) async fn of_student(tx: &mut Tx, student: StudentId) -> Result<Vec<Row>, DbError> {
    tx.all(
        sql!(
            "select d.id, d.student_id, s.branch_id, d.kind, d.title, d.file_id, d.created_by, d.created_at
             from student_documents d join students s on s.id = d.student_id
             where d.student_id = $1 order by d.created_at, d.id"
        ),
        &args![student],
    )
    .await
}

pub(super) async fn by_id(
    tx: &mut Tx,
    scope: &Scope,
    id: DocumentId,
) -> Result<Option<Row>, DbError> {
    tx.opt(
        sql!(
            "select d.id, d.student_id, s.branch_id, d.kind, d.title, d.file_id, d.created_by, d.created_at
             from student_documents d join students s on s.id = d.student_id
             where d.id = $1 and ($2 = '*' or $2 like '%' || s.branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

pub(super) async fn count(tx: &mut Tx, student: StudentId) -> Result<i64, DbError> {
    tx.one(
        sql!("select count(*) from student_documents where student_id = $1"),
        &args![student],
    )
    .await
}

pub(super) async fn insert(tx: &mut Tx, row: &Row) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into student_documents (id, student_id, kind, title, file_id, created_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)"
        ),
        &args![
            row.id,
            row.student_id,
            row.kind,
            row.title,
            row.file_id,
            row.created_by,
            row.created_at
        ],
    )
    .await
    .map(drop)
}

pub(super) async fn delete(tx: &mut Tx, id: DocumentId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from student_documents where id = $1"),
        &args![id],
    )
    .await
    .map(drop)
}
