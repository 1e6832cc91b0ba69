//! Imports over HTTP: upload, mapping, dry run, run, outcome, undo.

use std::sync::Arc;

use gantry_http::{
    Accepted, Body, Created, Download, Json, Page, PageQuery, Path, Query, RequestContext,
    TenantCx, Upload,
};
use gantry_kernel::{Problem, Text, Timestamp, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flow;
use super::model::{Import, ImportId, ImportRow, Outcome, UploadFault};
use super::read::Mapping;
use super::store::{self, Viewer};
use crate::error::Error;
use crate::export;
use crate::patch;
use crate::student::api::by;

/// What comes with an upload.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct UploadQuery {
    /// The branch of rows that name none; without it such rows need a tenant with one branch.
    #[serde(default)]
    pub default_branch: Option<UnitId>,
    /// The file's name, to recognise it by.
    #[serde(default)]
    pub file_name: Option<Text<1, 200>>,
}

/// Changes of a draft: what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateImport {
    /// Column numbers (the first is 1) by field, replacing the whole mapping.
    pub mapping: Option<Mapping>,
    /// The branch of rows that name none; `null` for none.
    #[serde(deserialize_with = "patch::given")]
    pub default_branch: Option<Option<UnitId>>,
}

/// Which rows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListRows {
    /// Only rows with this outcome.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// Paging; rows come in the order of the file.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// A place in the list of imports.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Before {
    at: Timestamp,
    id: ImportId,
}

fn viewer(cx: &TenantCx) -> Viewer {
    Viewer::new(&cx.scope, cx.principal.identity)
}

/// `POST /imports`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Query(query), upload): (Query<UploadQuery>, Upload),
) -> Result<Created<Import>, Problem> {
    if upload
        .content_type
        .is_some_and(|kind| kind.starts_with("multipart/"))
    {
        return Err(UploadFault::Form.into());
    }
    let file_name = query.file_name.map(|name| name.to_string());
    let default_branch = query.default_branch;
    let bytes = upload.bytes;
    let new = tokio::task::spawn_blocking(move || {
        flow::recognise(bytes.to_vec(), file_name, default_branch)
    })
    .await
    .map_err(Problem::internal)??;
    let (by, identity) = (by(&cx), cx.principal.identity);
    let import = cx
        .write_once(async move |tx| flow::create(tx, &by, identity, &new).await)
        .await?;
    Ok(Created::at(
        format!("{}/{}", cx.request().path(), import.id),
        import,
    ))
}

/// `GET /imports`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<PageQuery>,
) -> Result<Page<Import>, Problem> {
    let before: Option<Before> = cx.cursor(&query, &())?;
    let (viewer, limit) = (viewer(&cx), query.limit());
    let rows = cx
        .db
        .read(async move |tx| {
            let before = before.map(|before| (before.at, before.id));
            Ok::<_, Error>(store::page(tx, viewer, before, limit).await?)
        })
        .await?;
    cx.page(&query, &(), rows, |import| Before {
        at: import.created_at,
        id: import.id,
    })
}

/// `GET /imports/{import}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ImportId>,
) -> Result<Json<Import>, Error> {
    let viewer = viewer(&cx);
    let import = cx
        .db
        .read(async move |tx| store::by_id(tx, viewer, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Json(import))
}

/// `PATCH /imports/{import}`
pub async fn update<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<ImportId>, Body<UpdateImport>),
) -> Result<Json<Import>, Error> {
    let (by, identity) = (by(&cx), cx.principal.identity);
    let import = cx
        .db
        .write(async move |tx| {
            let (mapping, branch) = (input.mapping.as_ref(), input.default_branch);
            flow::remap(tx, &by, identity, id, mapping, branch).await
        })
        .await?;
    Ok(Json(import))
}

/// `POST /imports/{import}/dry-run`
pub async fn dry_run<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ImportId>,
) -> Result<Accepted<Import>, Problem> {
    let (by, identity) = (by(&cx), cx.principal.identity);
    cx.write_once(async move |tx| flow::check(tx, &by, identity, id).await)
        .await
        .map(Accepted)
}

/// `POST /imports/{import}/run`
pub async fn run<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ImportId>,
) -> Result<Accepted<Import>, Problem> {
    let (by, identity) = (by(&cx), cx.principal.identity);
    cx.write_once(async move |tx| flow::start(tx, &by, identity, id).await)
        .await
        .map(Accepted)
}

/// `POST /imports/{import}/reversal`
pub async fn reverse<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ImportId>,
) -> Result<Accepted<Import>, Problem> {
    let (by, identity) = (by(&cx), cx.principal.identity);
    cx.write_once(async move |tx| flow::reverse(tx, &by, identity, id).await)
        .await
        .map(Accepted)
}

/// `GET /imports/{import}/rows`
pub async fn rows<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Query(query)): (Path<ImportId>, Query<ListRows>),
) -> Result<Page<ImportRow>, Problem> {
    let filters = (id, query.outcome);
    let after: Option<u32> = cx.cursor(&query.page, &filters)?;
    let (viewer, limit) = (viewer(&cx), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| {
            store::by_id(tx, viewer, id).await?.ok_or(Error::NotFound)?;
            Ok::<_, Error>(store::rows(tx, id, query.outcome, after, limit).await?)
        })
        .await?;
    cx.page(&query.page, &filters, rows, |row| row.line)
}

/// `GET /imports/{import}/errors.csv`
pub async fn errors<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ImportId>,
) -> Result<Download, Problem> {
    let viewer = viewer(&cx);
    let bytes = cx
        .db
        .read_blocking(export::LONGEST, async move |tx| {
            let import = store::by_id(tx, viewer, id).await?.ok_or(Error::NotFound)?;
            let rows = store::rows(tx, id, Some(Outcome::Rejected), None, i64::MAX).await?;
            Ok::<_, Error>(export::rejected_rows(&import, &rows)?)
        })
        .await?;
    Ok(Download::new(
        format!("errors-{id}.csv"),
        "text/csv; charset=utf-8",
        bytes,
    ))
}
