//! `GET /students/export.csv`

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gantry_db::Tx;
use gantry_http::{Download, Query, TenantCx};
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
    let bytes = cx
        .db
        .read_blocking(LONGEST, async move |tx| {
            export(tx, &scope, &filter, order).await
        })
        .await?;
    Ok(Download::new(
        "students.csv",
        "text/csv; charset=utf-8",
        bytes,
    ))
}

/// The document. One transaction, so that it shows one moment.
pub async fn export(
    tx: &mut Tx,
    scope: &Scope,
    filter: &Filter,
    order: Order,
) -> Result<Vec<u8>, Error> {
    let branches = branch::store::all(tx, scope).await?;
    let codes: HashMap<UnitId, String> = branches
        .into_iter()
        .map(|branch| (branch.id, branch.code.to_string()))
        .collect();
    let mut table = Table::of_students()?;
    let mut after = None;
    loop {
        let students = list::page(tx, scope, filter, order, after.as_ref(), CHUNK).await?;
        for student in &students {
            let branch = codes.get(&student.branch_id).map_or("", String::as_str);
            table.student(student, branch)?;
        }
        after = students.last().map(|student| order.cursor(student));
        let full = i64::try_from(students.len()).is_ok_and(|read| read == CHUNK);
        if !full {
            return Ok(table.finish()?);
        }
    }
}
