//! Payments and dues as files for a spreadsheet.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target, append};
use gantry_db::Tx;
use gantry_http::{Download, Query, RequestContext, TenantCx};
use gantry_invoices::plain;
use gantry_kernel::{Problem, Scope, UnitId};

use super::store::names;
use crate::branch;
use crate::export::{LONGEST, Table};
use crate::money::due::api::ListDues;
use crate::money::due::store as dues;
use crate::money::error::{Error, money};
use crate::money::payment::api::ListPayments;
use crate::money::payment::store as payments;

/// Rows read at a time.
const CHUNK: i64 = 1_000;

struct Names {
    students: HashMap<String, (String, String)>,
    branches: HashMap<UnitId, String>,
}

impl Names {
    async fn read(tx: &mut Tx, scope: &Scope) -> Result<Self, Error> {
        let students = names(tx, scope).await?;
        let branches = branch::store::all(tx, scope).await?;
        Ok(Self {
            students: students
                .into_iter()
                .map(|(id, code, name)| (id, (code, name)))
                .collect(),
            branches: branches
                .into_iter()
                .map(|branch| (branch.id, branch.code.to_string()))
                .collect(),
        })
    }

    /// Code of the branch, code and name of the student.
    fn of(&self, branch: UnitId, student: &str) -> [String; 3] {
        let (code, name) = self.students.get(student).cloned().unwrap_or_default();
        [
            self.branches.get(&branch).cloned().unwrap_or_default(),
            code,
            name,
        ]
    }
}

/// Writes down that a file left, before anybody gets it.
async fn told(cx: &TenantCx, action: &'static str, rows: u64) -> Result<(), Problem> {
    let facts = Facts::new()
        .with("rows", rows)
        .with("reach", cx.scope.kind().as_str());
    let entry = Entry::new(cx.actor(), action, Target::new("tenant", cx.tenant()))
        .after(facts)
        .origin(&cx.origin());
    cx.db
        .write(async move |tx| append(tx, entry.clone()).await)
        .await?;
    Ok(())
}

/// `GET /payments/export.csv`
pub async fn payments_file<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListPayments>,
) -> Result<Download, Problem> {
    let (scope, filter) = (cx.scope.clone(), query.filter());
    let written = cx
        .db
        .read_blocking(LONGEST, async move |tx| {
            payments_table(tx, &scope, filter).await
        })
        .await;
    let (rows, bytes) = written?;
    told(&cx, "spaces.payments.exported", rows).await?;
    Ok(Download::new(
        "payments.csv",
        "text/csv; charset=utf-8",
        bytes,
    ))
}

async fn payments_table(
    tx: &mut Tx,
    scope: &Scope,
    filter: payments::Filter,
) -> Result<(u64, Vec<u8>), Error> {
    let names = Names::read(tx, scope).await?;
    let mut table = Table::with_header(&[
        "branch",
        "student_code",
        "student_name",
        "day",
        "method",
        "amount",
        "currency",
        "reference",
        "state",
        "taken_by",
        "taken_at",
    ])?;
    let (mut count, mut after) = (0, None);
    loop {
        let rows = payments::page(tx, scope, filter, after, CHUNK).await?;
        for row in &rows {
            let [branch, code, name] = names.of(row.branch_id, &row.student_id.to_string());
            let cells = [
                branch,
                code,
                name,
                row.on_day.map(|day| day.to_string()).unwrap_or_default(),
                row.method.to_string(),
                plain(money(row.amount, row.currency)),
                row.currency.to_string(),
                row.reference
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                row.state.to_string(),
                row.taken_by.to_string(),
                row.created_at.to_string(),
            ];
            table.row(cells.iter().map(String::as_str))?;
            count += 1;
        }
        after = rows.last().map(|row| row.id);
        if i64::try_from(rows.len()).is_ok_and(|read| read < CHUNK) {
            return Ok((count, table.finish()?));
        }
    }
}

/// `GET /dues/export.csv`
pub async fn dues_file<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListDues>,
) -> Result<Download, Problem> {
    let (scope, filter) = (cx.scope.clone(), query.filter());
    let written = cx
        .db
        .read_blocking(LONGEST, async move |tx| {
            dues_table(tx, &scope, filter).await
        })
        .await;
    let (rows, bytes) = written?;
    told(&cx, "spaces.dues.exported", rows).await?;
    Ok(Download::new("dues.csv", "text/csv; charset=utf-8", bytes))
}

async fn dues_table(
    tx: &mut Tx,
    scope: &Scope,
    filter: dues::Filter,
) -> Result<(u64, Vec<u8>), Error> {
    let names = Names::read(tx, scope).await?;
    let mut table = Table::with_header(&[
        "branch",
        "student_code",
        "student_name",
        "kind",
        "title",
        "due_on",
        "amount",
        "left",
        "currency",
        "charged_on",
        "settled_on",
    ])?;
    let (mut count, mut after) = (0, None);
    loop {
        let rows = dues::page(tx, scope, filter, after, CHUNK).await?;
        for row in &rows {
            let [branch, code, name] = names.of(row.branch_id, &row.student_id.to_string());
            let cells = [
                branch,
                code,
                name,
                row.kind.to_string(),
                row.title.clone(),
                row.due_on.to_string(),
                plain(money(row.amount, row.currency)),
                plain(money(row.left, row.currency)),
                row.currency.to_string(),
                row.charged_on.to_string(),
                row.settled_on
                    .map(|day| day.to_string())
                    .unwrap_or_default(),
            ];
            table.row(cells.iter().map(String::as_str))?;
            count += 1;
        }
        after = rows.last().map(|row| (row.due_on, row.id));
        if i64::try_from(rows.len()).is_ok_and(|read| read < CHUNK) {
            return Ok((count, table.finish()?));
        }
    }
}
