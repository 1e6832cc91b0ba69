//! `GET /students/export.csv`

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gantry_audit::{Entry, Facts, Target, append};
use gantry_db::Tx;
use gantry_http::{Download, Query, RequestContext, TenantCx};
use gantry_kernel::{Problem, Scope, UnitId};

use super::Table;
use crate::branch;
use crate::error::Error;
use crate::student::api::ListStudents;
use crate::student::list::{self, Filter, Order};

/// Students read at a time.
const CHUNK: i64 = 1_000;
/// Longest that writing a file may take.
pub const LONGEST: Duration = Duration::from_mins(1);

/// All students within the scope that pass the filters of the list.
pub async fn students<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListStudents>,
) -> Result<Download, Problem> {
    let filter = query.filter();
    let order = Order::parse(query.page.order_by.as_deref()).ok_or(Error::UnknownOrder)?;
    let scope = cx.scope.clone();
    let (students, bytes) = cx
        .db
        .read_blocking(LONGEST, async move |tx| {
            export(tx, &scope, &filter, order).await
        })
        .await?;
    // Written before anybody gets the file: a list that leaves unnoticed is what the row is for.
    let entry = Entry::new(
        cx.actor(),
        "spaces.students.exported",
        Target::new("tenant", cx.tenant()),
    );
    let facts = Facts::new()
        .with("students", students)
        .with("reach", cx.scope.kind().as_str());
    let entry = entry.after(facts).origin(&cx.origin());
    cx.db
        .write(async move |tx| append(tx, entry.clone()).await)
        .await?;
    Ok(Download::new(
        "students.csv",
        "text/csv; charset=utf-8",
        bytes,
    ))
}

/// The document, and how many students are in it. One transaction, so that it shows one moment.
pub async fn export(
    tx: &mut Tx,
    scope: &Scope,
    filter: &Filter,
    order: Order,
) -> Result<(u64, Vec<u8>), Error> {
    let branches = branch::store::all(tx, scope).await?;
    let codes: HashMap<UnitId, String> = branches
        .into_iter()
        .map(|branch| (branch.id, branch.code.to_string()))
        .collect();
    let mut table = Table::of_students()?;
    let (mut count, mut after) = (0, None);
    loop {
        let students = list::page(tx, scope, filter, order, after.as_ref(), CHUNK).await?;
        for student in &students {
            let branch = codes.get(&student.branch_id).map_or("", String::as_str);
            table.student(student, branch)?;
            count += 1;
        }
        after = students.last().map(|student| order.cursor(student));
        let full = i64::try_from(students.len()).is_ok_and(|read| read == CHUNK);
        if !full {
            return Ok((count, table.finish()?));
        }
    }
}
