//! The tables `billing_documents` and `number_series`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_invoices::{Document, FiscalYear, Kind};
use gantry_kernel::{Scope, UnitId};

use super::{DocumentId, Issued, Whole};
use crate::money::to_json;
use crate::student::StudentId;

/// Takes the next number of a series. The row stays locked until the transaction ends, and what is rolled back was never taken: so the
/// series has no gaps.
pub async fn next_number(
    tx: &mut Tx,
    branch: UnitId,
    kind: Kind,
    year: FiscalYear,
) -> Result<i64, DbError> {
    tx.one(
        sql!(
            "insert into number_series (branch_id, kind, year, next_number) values ($1, $2, $3, 2)
             on conflict (branch_id, kind, year) do update set next_number = number_series.next_number + 1
             returning next_number - 1"
        ),
        &args![branch, kind, i64::from(year.begins())],
    )
    .await
}

/// Keeps a document.
pub async fn insert(
    tx: &mut Tx,
    (branch, student): (UnitId, StudentId),
    (year, number): (FiscalYear, i64),
    document: &Document,
    refers_to: Option<DocumentId>,
) -> Result<Issued, DbError> {
    let id: DocumentId = tx.kernel().id();
    let now = tx.now();
    tx.one(
        sql!(
            "insert into billing_documents (id, branch_id, student_id, kind, year, number, full_number, issued_on, total,
                                            currency, refers_to, body, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             returning id, branch_id, student_id, kind, full_number, issued_on, total, currency, refers_to, created_at"
        ),
        &args![
            id,
            branch,
            student,
            document.kind,
            i64::from(year.begins()),
            number,
            document.number,
            document.issued_on,
            document.totals.total,
            document.currency.as_str(),
            refers_to,
            to_json(document)?,
            now
        ],
    )
    .await
}

/// One document within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: DocumentId) -> Result<Option<Whole>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, student_id, kind, full_number, issued_on, total, currency, refers_to, created_at, body
             from billing_documents where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// Which documents a list holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Filter {
    /// One branch.
    pub branch: Option<UnitId>,
    /// One student.
    pub student: Option<StudentId>,
    /// One kind.
    pub kind: Option<Kind>,
}

/// Documents within the scope, newest first, from after a place.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    filter: Filter,
    after: Option<DocumentId>,
    limit: i64,
) -> Result<Vec<Issued>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, student_id, kind, full_number, issued_on, total, currency, refers_to, created_at
             from billing_documents
             where ($1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id = $2)
               and (cast($3 as text) is null or student_id = $3)
               and (cast($4 as text) is null or kind = $4)
               and (cast($5 as text) is null or id < $5)
             order by id desc limit $6"
        ),
        &args![
            scope.unit_filter(),
            filter.branch,
            filter.student,
            filter.kind,
            after,
            limit
        ],
    )
    .await
}
