//! Zones over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, CreatedVersion, Json, NoContent, Path, RequestContext, TenantCx, Versioned,
};
use gantry_kernel::{Problem, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Zone, ZoneId, ZoneLabel, flow, store};
use crate::seating::{Error, hall};
use crate::student::api::by;
use crate::whole::Whole;

/// A new zone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateZone {
    /// Name, unique in the branch.
    pub name: ZoneLabel,
    /// Where it comes among the zones; 0 when absent.
    #[serde(default)]
    pub position: Option<Whole<0, 10_000>>,
}

/// Changes of a zone: what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateZone {
    /// New name.
    pub name: Option<ZoneLabel>,
    /// New place among the zones.
    pub position: Option<Whole<0, 10_000>>,
}

/// The zones of a branch.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Zones {
    /// In their order; a branch has tens of them at most, so there are no pages.
    pub items: Vec<Zone>,
}

/// `GET /branches/{branch}/zones`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(branch): Path<UnitId>,
) -> Result<Json<Zones>, Error> {
    let scope = cx.scope.clone();
    let items = cx
        .db
        .read(async move |tx| {
            hall(tx, &scope, branch).await?;
            Ok::<_, Error>(store::all(tx, branch).await?)
        })
        .await?;
    Ok(Json(Zones { items }))
}

/// `POST /branches/{branch}/zones`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(input)): (Path<UnitId>, Body<CreateZone>),
) -> Result<CreatedVersion<Zone>, Problem> {
    let by = by(&cx);
    let position = input.position.map_or(0, Whole::get);
    let zone = cx
        .write_once(async move |tx| flow::create(tx, &by, branch, &input.name, position).await)
        .await?;
    let location = format!(
        "/api/v1/tenants/{}/spaces/zones/{}",
        cx.access.slug, zone.id
    );
    Ok(CreatedVersion {
        location,
        version: zone.version,
        body: zone,
    })
}

/// `GET /zones/{zone}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ZoneId>,
) -> Result<Versioned<Zone>, Error> {
    let scope = cx.scope.clone();
    let zone = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Versioned {
        version: zone.version,
        body: zone,
    })
}

/// `PATCH /zones/{zone}`
pub async fn update<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<ZoneId>, Body<UpdateZone>),
) -> Result<Versioned<Zone>, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    let zone = cx
        .db
        .write(async move |tx| {
            let position = input.position.map(Whole::get);
            flow::update(tx, &by, id, version, input.name.as_ref(), position).await
        })
        .await?;
    Ok(Versioned {
        version: zone.version,
        body: zone,
    })
}

/// `DELETE /zones/{zone}`
pub async fn delete<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ZoneId>,
) -> Result<NoContent, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    cx.db
        .write(async move |tx| flow::delete(tx, &by, id, version).await)
        .await?;
    Ok(NoContent)
}
