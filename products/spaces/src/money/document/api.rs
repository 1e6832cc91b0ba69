//! Documents over HTTP.

use std::sync::Arc;

use gantry_http::{Json, Page, PageQuery, Path, Query, RequestContext, TenantCx};
use gantry_invoices::Kind;
use gantry_kernel::{Problem, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::store::{self, Filter};
use super::{DocumentId, Issued, Whole};
use crate::money::error::Error;
use crate::money::only_order;
use crate::student::StudentId;

/// Which documents.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListDocuments {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only this student.
    #[serde(default)]
    pub student: Option<StudentId>,
    /// Only this kind.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Paging; the newest come first.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// `GET /documents`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListDocuments>,
) -> Result<Page<Issued>, Problem> {
    only_order(&query.page, "-created_at")?;
    let filter = Filter {
        branch: query.branch,
        student: query.student,
        kind: query.kind,
    };
    let after: Option<DocumentId> = cx.cursor(&query.page, &filter)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| store::page(tx, &scope, filter, after, limit).await)
        .await?;
    cx.page(&query.page, &filter, rows, |document| document.id)
}

/// `GET /documents/{document}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<DocumentId>,
) -> Result<Json<Whole>, Error> {
    Ok(Json(find(&cx, id).await?))
}

/// One document that the caller reaches.
pub(crate) async fn find(cx: &TenantCx, id: DocumentId) -> Result<Whole, Error> {
    let scope = cx.scope.clone();
    cx.db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await
}
