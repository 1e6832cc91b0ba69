//! Seats over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, Created, Json, NoContent, Path, Query, RequestContext, TenantCx, Versioned,
};
use gantry_kernel::{Problem, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Features, MAX_ADDED, Seat, SeatId, SeatLabel, SeatSize, SeatStatus, flow, store};
use crate::seating::zone::ZoneId;
use crate::seating::{Error, hall};
use crate::student::api::by;

/// New seats of one kind.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing that a seat has or has not"
)]
pub struct CreateSeats {
    /// The zone they are in.
    pub zone_id: ZoneId,
    /// What is written on them: 1 to 500 labels, each unique in the branch.
    #[schemars(length(min = 1, max = 500))]
    pub labels: Vec<SeatLabel>,
    /// Air conditioning.
    #[serde(default)]
    pub ac: bool,
    /// A power socket.
    #[serde(default)]
    pub power: bool,
    /// By a window.
    #[serde(default)]
    pub window_side: bool,
    /// A locker.
    #[serde(default)]
    pub locker: bool,
    /// How large the desk is; standard when absent.
    #[serde(default)]
    pub size: Option<SeatSize>,
}

/// Changes of a seat: what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateSeat {
    /// Another zone of the branch.
    pub zone_id: Option<ZoneId>,
    /// New label.
    pub label: Option<SeatLabel>,
    /// Air conditioning.
    pub ac: Option<bool>,
    /// A power socket.
    pub power: Option<bool>,
    /// By a window.
    pub window_side: Option<bool>,
    /// A locker.
    pub locker: Option<bool>,
    /// How large the desk is.
    pub size: Option<SeatSize>,
    /// Whether it can be used.
    pub status: Option<SeatStatus>,
}

impl UpdateSeat {
    fn apply(&self, to: &mut Features) {
        to.zone_id = self.zone_id.unwrap_or(to.zone_id);
        to.ac = self.ac.unwrap_or(to.ac);
        to.power = self.power.unwrap_or(to.power);
        to.window_side = self.window_side.unwrap_or(to.window_side);
        to.locker = self.locker.unwrap_or(to.locker);
        to.size = self.size.unwrap_or(to.size);
        to.status = self.status.unwrap_or(to.status);
    }
}

/// Which seats.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListSeats {
    /// Only those of this zone.
    #[serde(default)]
    pub zone: Option<ZoneId>,
}

/// Seats of a branch.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Seats {
    /// By label. All of them, as a map shows all of them; a branch has at most 2,000.
    pub items: Vec<Seat>,
}

/// `GET /branches/{branch}/seats`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Query(query)): (Path<UnitId>, Query<ListSeats>),
) -> Result<Json<Seats>, Error> {
    let scope = cx.scope.clone();
    let items = cx
        .db
        .read(async move |tx| {
            hall(tx, &scope, branch).await?;
            Ok::<_, Error>(store::all(tx, branch, query.zone).await?)
        })
        .await?;
    Ok(Json(Seats { items }))
}

/// `POST /branches/{branch}/seats`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(input)): (Path<UnitId>, Body<CreateSeats>),
) -> Result<Created<Seats>, Problem> {
    let by = by(&cx);
    if input.labels.is_empty() || input.labels.len() > MAX_ADDED {
        return Err(Problem::invalid_field(
            "/labels",
            "label_count",
            "expected 1 to 500 labels",
        ));
    }
    let features = Features {
        zone_id: input.zone_id,
        ac: input.ac,
        power: input.power,
        window_side: input.window_side,
        locker: input.locker,
        size: input.size.unwrap_or(SeatSize::Standard),
        status: SeatStatus::InService,
    };
    let items = cx
        .write_once(async move |tx| flow::create(tx, &by, branch, &input.labels, features).await)
        .await?;
    Ok(Created {
        location: String::new(),
        body: Seats { items },
    })
}

/// `GET /seats/{seat}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<SeatId>,
) -> Result<Versioned<Seat>, Error> {
    let scope = cx.scope.clone();
    let seat = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(versioned(seat))
}

/// `PATCH /seats/{seat}`
pub async fn update<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<SeatId>, Body<UpdateSeat>),
) -> Result<Versioned<Seat>, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    let seat = cx
        .db
        .write(async move |tx| {
            let label = input.label.as_ref();
            flow::update(tx, &by, id, version, label, |features| {
                input.apply(features);
            })
            .await
        })
        .await?;
    Ok(versioned(seat))
}

/// `DELETE /seats/{seat}`
pub async fn delete<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<SeatId>,
) -> Result<NoContent, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    cx.db
        .write(async move |tx| flow::delete(tx, &by, id, version).await)
        .await?;
    Ok(NoContent)
}

fn versioned(seat: Seat) -> Versioned<Seat> {
    Versioned {
        version: seat.version,
        body: seat,
    }
}
