//! Announcements over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, CreatedVersion, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    Versioned,
};
use gantry_kernel::{Problem, Timestamp, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow::{self, New};
use super::store::{self, Place};
use super::{Announcement, AnnouncementId, Headline, Words};
use crate::patch;
use crate::people::People;
use crate::people::error::Error;
use crate::student::api::by;

/// A new announcement.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAnnouncement {
    /// At whose desk; at every desk when absent, which only who reaches the whole workspace may say.
    #[serde(default)]
    pub branch_id: Option<UnitId>,
    /// What is said, in one line.
    pub title: Headline,
    /// More words.
    #[serde(default)]
    pub body: Option<Words>,
    /// Since when it is shown; now when absent.
    #[serde(default)]
    pub from_at: Option<Timestamp>,
    /// Until when; for good when absent.
    #[serde(default)]
    pub until_at: Option<Timestamp>,
    /// Whether it stands above the others.
    #[serde(default)]
    pub pinned: bool,
}

/// Changes of an announcement: what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateAnnouncement {
    /// What is said, in one line.
    pub title: Option<Headline>,
    /// More words.
    #[serde(deserialize_with = "patch::given")]
    pub body: Option<Option<Words>>,
    /// Since when it is shown.
    pub from_at: Option<Timestamp>,
    /// Until when.
    #[serde(deserialize_with = "patch::given")]
    pub until_at: Option<Option<Timestamp>>,
    /// Whether it stands above the others.
    pub pinned: Option<bool>,
}

impl UpdateAnnouncement {
    fn apply(&self, row: &mut Announcement) {
        if let Some(title) = &self.title {
            row.title = title.clone();
        }
        if let Some(body) = &self.body {
            row.body.clone_from(body);
        }
        row.from_at = self.from_at.unwrap_or(row.from_at);
        row.until_at = self.until_at.unwrap_or(row.until_at);
        row.pinned = self.pinned.unwrap_or(row.pinned);
    }
}

/// Which announcements; what is pinned first, then what began last.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListAnnouncements {
    /// Only those at the desk of this branch, with those at every desk.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only those that are shown at this moment: now, or as of another.
    #[serde(default)]
    pub shown_at: Option<Timestamp>,
    /// Paging.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// `GET /announcements`
pub async fn list(
    _: Arc<People>,
    cx: TenantCx,
    Query(query): Query<ListAnnouncements>,
) -> Result<Page<Announcement>, Problem> {
    if query.page.order_by.is_some() {
        return Err(Error::UnknownOrder.into());
    }
    let filter = (query.branch, query.shown_at);
    let before: Option<Place> = cx.cursor(&query.page, &filter)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| Ok::<_, Error>(store::page(tx, &scope, filter, before, limit).await?))
        .await?;
    cx.page(&query.page, &filter, rows, |row| Place {
        pinned: row.pinned,
        from_at: row.from_at,
        id: row.id,
    })
}

/// `POST /announcements`
pub async fn create(
    _: Arc<People>,
    cx: TenantCx,
    Body(input): Body<CreateAnnouncement>,
) -> Result<CreatedVersion<Announcement>, Problem> {
    let (by, person) = (by(&cx), cx.principal.identity);
    let new = New {
        branch_id: input.branch_id,
        title: input.title,
        body: input.body,
        from_at: input.from_at,
        until_at: input.until_at,
        pinned: input.pinned,
    };
    let row = cx
        .write_once(async move |tx| flow::create(tx, &by, person, &new).await)
        .await?;
    Ok(CreatedVersion {
        location: format!("{}/{}", cx.request().path(), row.id),
        version: row.version,
        body: row,
    })
}

/// `GET /announcements/{announcement}`
pub async fn get(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<AnnouncementId>,
) -> Result<Versioned<Announcement>, Error> {
    let scope = cx.scope.clone();
    let row = cx
        .db
        .read(async move |tx| flow::find(tx, &scope, id).await)
        .await?;
    Ok(Versioned {
        version: row.version,
        body: row,
    })
}

/// `PATCH /announcements/{announcement}`
pub async fn update(
    _: Arc<People>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<AnnouncementId>, Body<UpdateAnnouncement>),
) -> Result<Versioned<Announcement>, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    let row = cx
        .db
        .write(async move |tx| flow::update(tx, &by, id, version, |row| input.apply(row)).await)
        .await?;
    Ok(Versioned {
        version: row.version,
        body: row,
    })
}

/// `DELETE /announcements/{announcement}`
pub async fn delete(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<AnnouncementId>,
) -> Result<NoContent, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    cx.db
        .write(async move |tx| flow::delete(tx, &by, id, version).await)
        .await?;
    Ok(NoContent)
}
