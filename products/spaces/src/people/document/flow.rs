//! Adding, opening and removing documents, in the caller's transaction.

use gantry_audit::{Facts, Target};
use gantry_db::{DbError, Tx};
use gantry_files::{FileId, Holder, Variant, attach, detach};
use gantry_kernel::{IdentityId, Scope};

use super::store;
use super::{Document, DocumentId, DocumentKind, MOST, Row, Title};
use crate::people::error::Error;
use crate::people::permission::DOCUMENT_READ;
use crate::people::record::{Act, note, record};
use crate::student::flow::By;
use crate::student::{self, StudentId};

/// As files know who holds them.
const HOLDER: Holder = Holder("spaces.document");

/// What is added.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub(super) kind: DocumentKind,
    pub(super) title: Option<Title>,
    pub(super) file_id: FileId,
}

pub(super) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    student: StudentId,
) -> Result<Vec<Document>, Error> {
    known(tx, scope, student).await?;
    let mut documents = Vec::new();
    for row in store::of_student(tx, student).await? {
        documents.extend(with_file(tx, row).await?);
    }
    Ok(documents)
}

async fn known(tx: &mut Tx, scope: &Scope, id: StudentId) -> Result<student::Student, Error> {
    let found = student::store::by_id(tx, scope, id).await?;
    found.ok_or(Error::NotFound)
}

/// A row whose file is gone has nothing to show.
async fn with_file(tx: &mut Tx, row: Row) -> Result<Option<Document>, DbError> {
    let file = gantry_files::by_id(tx, row.file_id).await?;
    Ok(file.map(|file| Document {
        id: row.id,
        student_id: row.student_id,
        kind: row.kind,
        title: row.title,
        file,
        created_by: row.created_by,
        created_at: row.created_at,
    }))
}

/// Makes an upload of `person` a document of a student.
pub(super) async fn add(
    tx: &mut Tx,
    by: &By,
    person: IdentityId,
    student: StudentId,
    new: &New,
) -> Result<Document, Error> {
    let student = known(tx, &by.scope, student).await?;
    if store::count(tx, student.id).await? >= MOST {
        return Err(Error::TooMany(MOST));
    }
    let row = Row {
        id: tx.kernel().id(),
        student_id: student.id,
        branch_id: student.branch_id,
        kind: new.kind,
        title: new.title.clone(),
        file_id: new.file_id,
        created_by: person,
        created_at: tx.now(),
    };
    let file = attach(tx, new.file_id, person, HOLDER, row.id).await?;
    if new.kind == DocumentKind::Photo && !file.media.is_image() {
        return Err(Error::PhotoNotAPicture);
    }
    store::insert(tx, &row).await?;
    told(tx, by, "spaces.document.added", &row).await?;
    with_file(tx, row).await?.ok_or(Error::NotFound)
}

/// A document whose file may be opened: `reveals` is where the caller may open those of identity.
pub(super) async fn open(
    tx: &mut Tx,
    scope: &Scope,
    reveals: Option<&Scope>,
    id: DocumentId,
    variant: Variant,
) -> Result<Row, Error> {
    let row = store::by_id(tx, scope, id).await?.ok_or(Error::NotFound)?;
    let sealed = row.kind == DocumentKind::Identity;
    if sealed && !reveals.is_some_and(|scope| scope.covers_unit(row.branch_id)) {
        return Err(Error::Sealed);
    }
    let file = gantry_files::by_id(tx, row.file_id).await?;
    let file = file.ok_or(Error::NotFound)?;
    if !file.is_readable() {
        return Err(Error::FileNotReady(file.state));
    }
    if variant == Variant::Small && !file.media.is_image() {
        return Err(Error::NoSmaller);
    }
    Ok(row)
}

/// Somebody is about to see a document of identity.
pub(super) async fn opened(tx: &mut Tx, by: &By, row: &Row) -> Result<(), DbError> {
    let facts = Facts::new().with("student_id", row.student_id.to_string());
    let target = Target::new("document", row.id);
    note(
        tx,
        by,
        "spaces.document.opened",
        target,
        Some(row.branch_id),
        facts,
    )
    .await
}

pub(super) async fn remove(tx: &mut Tx, by: &By, id: DocumentId) -> Result<(), Error> {
    let row = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    store::delete(tx, id).await?;
    detach(tx, row.file_id).await?;
    told(tx, by, "spaces.document.removed", &row).await
}

/// A student goes, and so does what there is of them on paper.
pub(crate) async fn forget(tx: &mut Tx, student: StudentId) -> Result<(), DbError> {
    for row in store::of_student(tx, student).await? {
        store::delete(tx, row.id).await?;
        detach(tx, row.file_id).await?;
    }
    Ok(())
}

async fn told(tx: &mut Tx, by: &By, action: &'static str, row: &Row) -> Result<(), Error> {
    let facts = Facts::new()
        .with("student_id", row.student_id.to_string())
        .with("kind", row.kind.as_str())
        .with("file_id", row.file_id.to_string());
    let act = Act {
        action,
        event: "spaces.document.changed",
        target: Target::new("document", row.id),
        subject: row.student_id.to_string(),
        readers: DOCUMENT_READ,
        branch: Some(row.branch_id),
    };
    Ok(record(tx, by, act, facts).await?)
}
