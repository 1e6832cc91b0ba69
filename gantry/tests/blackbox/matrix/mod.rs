//! Who may do what, generated: every operation of the OpenAPI document, called by everybody there is.
//!
//! What each caller is to be told follows from the document (`x-permission`, `x-scopes`, ...) and from the role
//! catalogue; only how to call an operation is written down, in [`table`]. An operation without a row fails the
//! test by name, so none can be added whose refusals nobody has seen.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod acts;
mod allowed;
mod cast;
mod casting;
mod denied;
mod desk;
mod digest;
mod document;
mod fresh;
mod halls;
mod report;
mod row;
mod smuggled;
mod stage;
mod suspended;
mod table;

use std::collections::BTreeSet;

use gantry_testkit::both_engines;

use document::{Document, Operation};
use report::Report;
use row::Row;
use stage::Stage;

/// Operations that no refused caller has called yet. It only ever shrinks.
const LACKING_DENIED_CASE: &[&str] = &[];

both_engines! {
    async fn everybody_gets_what_the_document_promises_and_nothing_else(engine: Engine) {
        let stage = Stage::set(engine).await;
        let table = table::table();
        let mut report = Report::default();
        let rows = paired(&stage.document, &table, &mut report);
        denied::check(&stage, &rows, &mut report).await;
        smuggled::check(&stage, &rows, &mut report).await;
        suspended::check(&stage, &rows, &mut report).await;
        acts::check(&stage, &rows, &mut report).await;
        allowed::check(&stage, &rows, &mut report).await;
        report.finish();
    }
}

/// Operations with their rows. The document and the table must name the same operations.
fn paired<'a>(
    document: &'a Document,
    table: &'a [Row],
    report: &mut Report,
) -> Vec<(&'a Operation, &'a Row)> {
    let mut pairs = Vec::new();
    for row in table {
        match document
            .operations
            .iter()
            .find(|operation| operation.id == row.id)
        {
            Some(operation) => pairs.push((operation, row)),
            None => report.fact(
                false,
                row.id,
                "-",
                "an operation",
                "a row in the table only",
            ),
        }
        let excused = LACKING_DENIED_CASE.contains(&row.id);
        report.fact(!excused, row.id, "-", "one of row and excuse", "both");
    }
    let rows: BTreeSet<&str> = table.iter().map(|row| row.id).collect();
    report.fact(
        rows.len() == table.len(),
        "table",
        "-",
        "one row per operation",
        "two of some",
    );
    for operation in &document.operations {
        let id = operation.id.as_str();
        let known = rows.contains(id) || LACKING_DENIED_CASE.contains(&id);
        report.fact(known, id, "-", "a row in table.rs", "none");
    }
    for id in LACKING_DENIED_CASE {
        let there = document
            .operations
            .iter()
            .any(|operation| operation.id == *id);
        report.fact(there, id, "-", "an operation", "an excuse only");
    }
    pairs
}
