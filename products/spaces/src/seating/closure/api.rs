//! Closures over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, CreatedVersion, Json, NoContent, Path, Query, RequestContext, TenantCx, Versioned,
};
use gantry_kernel::{CivilDate, Problem, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Closure, ClosureId, Reason, flow, store};
use crate::seating::error::BadDates;
use crate::seating::time::Dates;
use crate::seating::zone::ZoneId;
use crate::seating::{Error, hall};
use crate::student::api::by;

/// A new closure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateClosure {
    /// The zone; the whole branch when absent.
    #[serde(default)]
    pub zone_id: Option<ZoneId>,
    /// First date.
    pub from: CivilDate,
    /// The date after the last; at most 366 days later.
    pub until: CivilDate,
    /// Why.
    pub reason: Reason,
}

/// Which closures.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListClosures {
    /// Those that end after this date; today in the branch when absent.
    #[serde(default)]
    pub after: Option<CivilDate>,
}

/// Closures of a branch.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Closures {
    /// From the earliest on.
    pub items: Vec<Closure>,
}

/// `GET /branches/{branch}/closures`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Query(query)): (Path<UnitId>, Query<ListClosures>),
) -> Result<Json<Closures>, Error> {
    let scope = cx.scope.clone();
    let items = cx
        .db
        .read(async move |tx| {
            let hall = hall(tx, &scope, branch).await?;
            let today = hall.time_zone.date_at(tx.now());
            Ok::<_, Error>(store::all(tx, branch, query.after.unwrap_or(today)).await?)
        })
        .await?;
    Ok(Json(Closures { items }))
}

/// `POST /branches/{branch}/closures`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(input)): (Path<UnitId>, Body<CreateClosure>),
) -> Result<CreatedVersion<Closure>, Problem> {
    let by = by(&cx);
    let dates = Dates::new(input.from, input.until).ok_or(Error::Dates(BadDates::Empty))?;
    let closure = cx
        .write_once(async move |tx| {
            flow::create(tx, &by, branch, input.zone_id, dates, &input.reason).await
        })
        .await?;
    let location = format!(
        "/api/v1/tenants/{}/spaces/closures/{}",
        cx.access.slug, closure.id
    );
    Ok(CreatedVersion {
        location,
        version: closure.version,
        body: closure,
    })
}

/// `GET /closures/{closure}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ClosureId>,
) -> Result<Versioned<Closure>, Error> {
    let scope = cx.scope.clone();
    let closure = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Versioned {
        version: closure.version,
        body: closure,
    })
}

/// `DELETE /closures/{closure}`
pub async fn delete<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ClosureId>,
) -> Result<NoContent, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    cx.db
        .write(async move |tx| flow::delete(tx, &by, id, version).await)
        .await?;
    Ok(NoContent)
}
