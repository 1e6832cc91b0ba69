//! Moves, for operators.

use std::sync::Arc;

use gantry_http::{Accepted, Body, Json, Path, PlatformCx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Move, MoveId};
use crate::tenants::TenantKey;
use crate::{By, Error, Tenancy};

/// Where to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginMove {
    /// `sqlite` for files beside control, or the name of a PostgreSQL server (`default` is control's).
    to: String,
}

/// The move in an operator's path.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct MoveKey {
    tenant: String,
    #[serde(rename = "move")]
    id: MoveId,
}

/// A tenant's moves.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MoveList {
    /// Newest first.
    items: Vec<Move>,
}

pub(crate) async fn begin(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    (Path(TenantKey { tenant }), Body(BeginMove { to })): (Path<TenantKey>, Body<BeginMove>),
) -> Result<Accepted<Move>, Error> {
    let by = By::caller(&cx);
    Ok(Accepted(tenancy.begin_move(&tenant, &to, by).await?))
}

pub(crate) async fn list(
    tenancy: Arc<Tenancy>,
    _: PlatformCx,
    Path(TenantKey { tenant }): Path<TenantKey>,
) -> Result<Json<MoveList>, Error> {
    let items = tenancy.moves(&tenant).await?;
    Ok(Json(MoveList { items }))
}

pub(crate) async fn confirm(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    Path(MoveKey { tenant, id }): Path<MoveKey>,
) -> Result<Accepted<Move>, Error> {
    let by = By::caller(&cx);
    Ok(Accepted(tenancy.confirm_move(&tenant, id, by).await?))
}

/// The move back.
pub(crate) async fn revert(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    Path(MoveKey { tenant, id }): Path<MoveKey>,
) -> Result<Accepted<Move>, Error> {
    let by = By::caller(&cx);
    Ok(Accepted(tenancy.revert_move(&tenant, id, by).await?))
}
