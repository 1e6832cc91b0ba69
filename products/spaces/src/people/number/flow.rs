//! Entering, revealing and removing numbers, in the caller's transaction.

use gantry_audit::{Facts, Target};
use gantry_db::{DbError, Tx};
use gantry_kernel::{IdentityId, Scope, Text};

use super::store;
use super::{IdentityNumber, MOST, NumberId, NumberKind, Row};
use crate::people::document::Title;
use crate::people::error::Error;
use crate::people::permission::DOCUMENT_READ;
use crate::people::record::{Act, note, record};
use crate::student::flow::By;
use crate::student::{self, StudentId};

/// A number that was checked and sealed.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub(super) id: NumberId,
    pub(super) kind: NumberKind,
    pub(super) title: Option<Title>,
    pub(super) last: String,
    pub(super) sealed_number: Vec<u8>,
}

pub(super) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    student: StudentId,
) -> Result<Vec<IdentityNumber>, Error> {
    let found = student::store::by_id(tx, scope, student).await?;
    found.ok_or(Error::NotFound)?;
    let rows = store::of_student(tx, student).await?;
    Ok(rows.into_iter().map(IdentityNumber::from).collect())
}

pub(super) async fn add(
    tx: &mut Tx,
    by: &By,
    person: IdentityId,
    student: StudentId,
    new: &New,
) -> Result<IdentityNumber, Error> {
    let student = student::store::by_id(tx, &by.scope, student).await?;
    let student = student.ok_or(Error::NotFound)?;
    let (all, of_kind) = store::count(tx, student.id, new.kind).await?;
    if of_kind > 0 && new.kind != NumberKind::Other {
        return Err(Error::NumberExists);
    }
    if all >= MOST {
        return Err(Error::TooMany(MOST));
    }
    let row = Row {
        id: new.id,
        student_id: student.id,
        branch_id: student.branch_id,
        kind: new.kind,
        title: new.title.clone(),
        last: new.last.clone(),
        sealed_number: new.sealed_number.clone(),
        created_by: person,
        created_at: tx.now(),
    };
    store::insert(tx, &row).await?;
    told(tx, by, "spaces.number.added", &row).await?;
    Ok(row.into())
}

/// The sealed number, for somebody who says why; that they did is noted first.
pub(super) async fn reveal(
    tx: &mut Tx,
    by: &By,
    id: NumberId,
    reason: &Text<3, 200>,
) -> Result<Vec<u8>, Error> {
    let row = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    let facts = Facts::new()
        .with("student_id", row.student_id.to_string())
        .with("kind", row.kind.as_str())
        .with("reason", reason);
    let target = Target::new("number", id);
    note(
        tx,
        by,
        "spaces.number.revealed",
        target,
        Some(row.branch_id),
        facts,
    )
    .await?;
    Ok(row.sealed_number)
}

pub(super) async fn remove(tx: &mut Tx, by: &By, id: NumberId) -> Result<(), Error> {
    let row = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    store::delete(tx, id).await?;
    told(tx, by, "spaces.number.removed", &row).await
}

/// A student goes, and so do their numbers.
pub(crate) async fn forget(tx: &mut Tx, student: StudentId) -> Result<(), DbError> {
    store::delete_of(tx, student).await
}

async fn told(tx: &mut Tx, by: &By, action: &'static str, row: &Row) -> Result<(), Error> {
    let facts = Facts::new()
        .with("student_id", row.student_id.to_string())
        .with("kind", row.kind.as_str());
    let act = Act {
        action,
        event: "spaces.document.changed",
        target: Target::new("number", row.id),
        subject: row.student_id.to_string(),
        readers: DOCUMENT_READ,
        branch: Some(row.branch_id),
    };
    Ok(record(tx, by, act, facts).await?)
}
