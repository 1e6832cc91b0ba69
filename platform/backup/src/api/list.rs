//! What operators see.

use std::sync::Arc;

use gantry_http::{Json, Page, PageQuery, Path, PlatformCx, Query, RequestContext};
use gantry_kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::views::{BackupView, DatabaseView, WorkView};
use crate::error::Refusal;
use crate::store::Kind;
use crate::works::{WorkId, store as works};
use crate::{BackupId, Backups, State, evidence};

/// Which backups are listed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ListBackups {
    /// Only those in this state.
    state: Option<State>,
    #[serde(flatten)]
    page: PageQuery,
}

pub(crate) async fn backups(
    backups: Arc<Backups>,
    cx: PlatformCx,
    Query(ListBackups { state, page }): Query<ListBackups>,
) -> Result<Page<BackupView>, Refusal> {
    let before = cx.cursor::<BackupId>(&page, &state)?;
    let rows = backups
        .control
        .read(async |tx| {
            let rows = evidence::page(tx, state, before, page.limit()).await?;
            BackupView::of(tx, rows).await
        })
        .await?;
    Ok(cx.page(&page, &state, rows, |row| row.id)?)
}

/// The backup in a path.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct BackupPath {
    /// Its id.
    pub(crate) backup: BackupId,
}

pub(crate) async fn backup(
    backups: Arc<Backups>,
    _: PlatformCx,
    Path(BackupPath { backup }): Path<BackupPath>,
) -> Result<Json<BackupView>, Refusal> {
    let found = backups
        .control
        .read(async |tx| {
            let found = evidence::by_id(tx, backup).await?;
            BackupView::of(tx, found.into_iter().collect()).await
        })
        .await?;
    Ok(Json(found.into_iter().next().ok_or(Refusal::NotFound)?))
}

/// Which databases of a backup are listed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ListDatabases {
    /// Only those that were proven, or only those that were not.
    proven: Option<bool>,
    #[serde(flatten)]
    page: PageQuery,
}

pub(crate) async fn databases(
    backups: Arc<Backups>,
    cx: PlatformCx,
    (Path(BackupPath { backup }), Query(ListDatabases { proven, page })): (
        Path<BackupPath>,
        Query<ListDatabases>,
    ),
) -> Result<Page<DatabaseView>, Refusal> {
    let filters = (backup, proven);
    let after = cx.cursor::<String>(&page, &filters)?;
    let rows = backups
        .control
        .read(async |tx| {
            evidence::by_id(tx, backup)
                .await?
                .ok_or(Refusal::NotFound)?;
            let wanted = proven.map(|proven| if proven { "proven" } else { "failed" });
            Ok::<_, Refusal>(
                evidence::places_page(tx, backup, wanted, after.as_deref(), page.limit()).await?,
            )
        })
        .await?;
    let rows: Vec<DatabaseView> = rows.into_iter().map(Into::into).collect();
    Ok(cx.page(&page, &filters, rows, |row| row.place.clone())?)
}

pub(crate) async fn works(
    backups: Arc<Backups>,
    cx: PlatformCx,
    Query(page): Query<PageQuery>,
) -> Result<Page<WorkView>, Refusal> {
    let before = cx.cursor::<WorkId>(&page, &())?;
    let rows = backups
        .control
        .read(async |tx| works::page(tx, before, page.limit()).await)
        .await?;
    let rows: Vec<WorkView> = rows.into_iter().map(Into::into).collect();
    Ok(cx.page(&page, &(), rows, |row| row.id)?)
}

/// The work in a path.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct WorkPath {
    /// Its id.
    work: WorkId,
}

pub(crate) async fn work(
    backups: Arc<Backups>,
    _: PlatformCx,
    Path(WorkPath { work }): Path<WorkPath>,
) -> Result<Json<WorkView>, Refusal> {
    let found = backups
        .control
        .read(async |tx| works::by_id(tx, work).await)
        .await?;
    Ok(Json(found.ok_or(Refusal::NotFound)?.into()))
}

/// How the installation is backed up.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BackupStatus {
    /// Whether there is a place for backups; without one none are taken.
    configured: bool,
    /// The stores: backups are taken in the first, the others hold copies.
    stores: Vec<Kind>,
    /// The seconds between two scheduled backups.
    every_seconds: u64,
    /// The newest backup.
    last: Option<BackupView>,
    /// The newest of which every database was proven and that is still there.
    last_done: Option<BackupView>,
    /// When any database of a backup was last restored to scratch and found equal.
    last_proof_at: Option<Timestamp>,
    /// What is being done or waits to be.
    under_way: Vec<WorkView>,
}

pub(crate) async fn status(
    backups: Arc<Backups>,
    _: PlatformCx,
    (): (),
) -> Result<Json<BackupStatus>, Refusal> {
    let (last, last_done, last_proof_at, works) = backups
        .control
        .read(async |tx| {
            let last = evidence::page(tx, None, None, 1).await?;
            let last = BackupView::of(tx, last).await?;
            let done = evidence::last_done(tx).await?;
            let done = BackupView::of(tx, done.into_iter().collect()).await?;
            let proof = evidence::last_proof(tx).await?;
            Ok::<_, Refusal>((last, done, proof, works::all_under_way(tx).await?))
        })
        .await?;
    Ok(Json(BackupStatus {
        configured: backups.config.is_configured(),
        every_seconds: backups.config.every.get().as_secs(),
        stores: backups.config.stores(),
        last: last.into_iter().next(),
        last_done: last_done.into_iter().next(),
        last_proof_at,
        under_way: works.into_iter().map(Into::into).collect(),
    }))
}
