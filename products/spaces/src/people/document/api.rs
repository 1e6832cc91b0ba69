//! Documents over HTTP.

use std::sync::Arc;

use gantry_files::{FileId, Link, Opens, Variant};
use gantry_http::{Body, Created, Json, NoContent, Path, Query, TenantCx};
use gantry_kernel::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flow::{self, New};
use super::{Document, DocumentId, DocumentKind, Title};
use crate::people::People;
use crate::people::error::Error;
use crate::people::permission::DOCUMENT_REVEAL;
use crate::student::StudentId;
use crate::student::api::by;

/// A new document.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// What it is called.
    #[serde(default)]
    pub title: Option<Title>,
    /// One's own upload that nothing else holds.
    pub file_id: FileId,
}

/// Which form of the file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct LinkQuery {
    /// All of it when absent.
    #[serde(default)]
    pub variant: Option<Variant>,
}

/// All documents of a student.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Documents {
    /// Oldest first.
    pub items: Vec<Document>,
}

/// `GET /students/{student}/documents`
pub async fn list(
    _: Arc<People>,
    cx: TenantCx,
    Path(student): Path<StudentId>,
) -> Result<Json<Documents>, Error> {
    let scope = cx.scope.clone();
    let items = cx
        .db
        .read(async move |tx| flow::list(tx, &scope, student).await)
        .await?;
    Ok(Json(Documents { items }))
}

/// `POST /students/{student}/documents`
pub async fn add(
    _: Arc<People>,
    cx: TenantCx,
    (Path(student), Body(input)): (Path<StudentId>, Body<AddDocument>),
) -> Result<Created<Document>, Problem> {
    let (by, person) = (by(&cx), cx.principal.identity);
    let new = New {
        kind: input.kind,
        title: input.title,
        file_id: input.file_id,
    };
    let document = cx
        .write_once(async move |tx| flow::add(tx, &by, person, student, &new).await)
        .await?;
    Ok(Created::at(String::new(), document))
}

/// `GET /documents/{document}/link`
pub async fn link(
    people: Arc<People>,
    cx: TenantCx,
    (Path(id), Query(query)): (Path<DocumentId>, Query<LinkQuery>),
) -> Result<Json<Link>, Error> {
    let (scope, reveals) = (cx.scope.clone(), cx.access.scope_for(DOCUMENT_REVEAL));
    let variant = query.variant.unwrap_or(Variant::Full);
    let row = cx
        .db
        .read(async move |tx| flow::open(tx, &scope, reveals.as_ref(), id, variant).await)
        .await?;
    let file = row.file_id;
    if row.kind == DocumentKind::Identity {
        let by = by(&cx);
        // Written before anybody gets the link.
        cx.db
            .write(async move |tx| flow::opened(tx, &by, &row).await)
            .await?;
    }
    let opens = Opens {
        tenant: cx.tenant(),
        file,
        variant,
    };
    Ok(Json(people.links.make(opens, people.kernel.now())))
}

/// `DELETE /documents/{document}`
pub async fn remove(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<DocumentId>,
) -> Result<NoContent, Error> {
    let by = by(&cx);
    cx.db
        .write(async move |tx| flow::remove(tx, &by, id).await)
        .await?;
    Ok(NoContent)
}
