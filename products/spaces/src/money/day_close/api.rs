//! Closing the day over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Created, Json, Page, PageQuery, Path, Query, RequestContext, TenantCx};
use gantry_kernel::{CivilDate, IdentityId, Problem, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow::{self, Close};
use super::{DayClose, DayCloseId, Drawer, store};
use crate::money::error::Error;
use crate::money::payment::{Method, Reason};
use crate::money::{Amount, Positive, only_order};
use crate::student::api::by;

/// Whose drawer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct WhoseDrawer {
    /// Whose; the caller's own when absent.
    #[serde(default)]
    pub staff: Option<IdentityId>,
}

/// One method as it was counted.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The method.
    pub method: Method,
    /// What was counted. Below nothing it says that more was sent from the bank than came in; there is no such cash.
    #[schemars(range(min = -1_000_000_000_000_i64, max = 1_000_000_000_000_i64))]
    pub amount: i64,
}

/// What was counted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseDay {
    /// Whose drawer; the caller's own when absent.
    #[serde(default)]
    pub staff_id: Option<IdentityId>,
    /// Through which day; today when absent.
    #[serde(default)]
    pub on_day: Option<CivilDate>,
    /// By method; one that is left out was counted as nothing.
    #[schemars(length(max = 4))]
    pub counted: Vec<Counted>,
    /// The cash that stays in the drawer; the rest is handed over.
    #[serde(default)]
    pub left_in: Amount,
    /// Why something differs; needed when something does.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// Change for a drawer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutFloat {
    /// Whose drawer; the caller's own when absent.
    #[serde(default)]
    pub staff_id: Option<IdentityId>,
    /// How much, in minor units.
    pub amount: Positive,
}

/// Which closes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListDayCloses {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only this person's.
    #[serde(default)]
    pub staff: Option<IdentityId>,
    /// Paging; the newest come first.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// `GET /branches/{branch}/drawer`
pub async fn drawer<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Query(query)): (Path<UnitId>, Query<WhoseDrawer>),
) -> Result<Json<Drawer>, Error> {
    let by = by(&cx);
    let drawer = cx
        .db
        .read(async move |tx| reached(flow::drawer(tx, &by, branch, query.staff).await))
        .await?;
    Ok(Json(drawer))
}

/// `POST /branches/{branch}/drawer/floats`
pub async fn put_float<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(input)): (Path<UnitId>, Body<PutFloat>),
) -> Result<Json<Drawer>, Problem> {
    let by = by(&cx);
    let whose = (branch, input.staff_id);
    let amount = input.amount.get();
    let drawer = cx
        .write_once(async move |tx| reached(flow::put_float(tx, &by, whose, amount).await))
        .await?;
    Ok(Json(drawer))
}

/// `GET /day-closes`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListDayCloses>,
) -> Result<Page<DayClose>, Problem> {
    only_order(&query.page, "-closed_at")?;
    let filter = (query.branch, query.staff);
    let after: Option<DayCloseId> = cx.cursor(&query.page, &filter)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| store::page(tx, &scope, filter, after, limit).await)
        .await?;
    cx.page(&query.page, &filter, rows, |close| close.id)
}

/// `POST /branches/{branch}/day-closes`
pub async fn close<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(input)): (Path<UnitId>, Body<CloseDay>),
) -> Result<Created<DayClose>, Problem> {
    const MOST: i64 = 1_000_000_000_000;
    let by = by(&cx);
    if input
        .counted
        .iter()
        .any(|count| !(-MOST..=MOST).contains(&count.amount))
    {
        return Err(Error::Terms("/counted", "an amount is out of range").into());
    }
    let what = Close {
        branch,
        staff: input.staff_id,
        day: input.on_day,
        counted: input
            .counted
            .iter()
            .map(|count| (count.method, count.amount))
            .collect(),
        left_in: input.left_in.get(),
        reason: input.reason,
    };
    let closed = cx
        .write_once(async move |tx| reached(flow::close(tx, &by, &what).await))
        .await?;
    Ok(Created::at("", closed))
}

/// The branch is in the address here, so one beyond reach is not there.
fn reached<T>(outcome: Result<T, Error>) -> Result<T, Error> {
    outcome.map_err(|error| match error {
        Error::BranchUnknown => Error::NotFound,
        other => other,
    })
}
