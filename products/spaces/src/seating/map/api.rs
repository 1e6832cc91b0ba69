//! The map of a branch over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Path, RequestContext, TenantCx, Versioned};
use gantry_kernel::{Problem, UnitId};

use super::{Drawing, MAX_SHAPES, SeatMap, flow};
use crate::seating::Error;
use crate::student::api::by;

/// `GET /branches/{branch}/seat-map`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(branch): Path<UnitId>,
) -> Result<Versioned<SeatMap>, Error> {
    let scope = cx.scope.clone();
    let map = cx
        .db
        .read(async move |tx| flow::read(tx, &scope, branch).await)
        .await?;
    Ok(versioned(map))
}

/// `PUT /branches/{branch}/seat-map`
pub async fn replace<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(drawing)): (Path<UnitId>, Body<Drawing>),
) -> Result<Versioned<SeatMap>, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    if drawing.shapes.len() > MAX_SHAPES {
        return Err(Problem::invalid_field(
            "/shapes",
            "shape_count",
            "a map has at most 1000 shapes",
        ));
    }
    let map = cx
        .db
        .write(async move |tx| flow::replace(tx, &by, branch, version, &drawing).await)
        .await?;
    Ok(versioned(map))
}

fn versioned(map: SeatMap) -> Versioned<SeatMap> {
    Versioned {
        version: map.version,
        body: map,
    }
}
