//! Shifts over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, CreatedVersion, Json, NoContent, Path, RequestContext, TenantCx, Versioned,
};
use gantry_kernel::{Problem, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Shift, ShiftFields, ShiftId, ShiftName, flow, store};
use crate::seating::time::{Pattern, Weekdays};
use crate::seating::{Error, hall};
use crate::student::api::by;
use crate::whole::Whole;

/// A new shift.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateShift {
    /// Name, unique in the branch.
    pub name: ShiftName,
    /// The minute of the local day at which it begins: 360 is six o'clock.
    pub start_minute: Whole<0, 1439>,
    /// The minute before which it ends. One that is not after `start_minute` is on the next day, and both the same are 24
    /// hours.
    pub end_minute: Whole<1, 1440>,
    /// The weekdays on which it begins; all of them when absent.
    #[serde(default = "every_day")]
    pub days: Weekdays,
}

const fn every_day() -> Weekdays {
    Weekdays::EVERY
}

/// Changes of a shift: what is absent stays. Hours and weekdays can change only while no seat is claimed in it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateShift {
    /// New name.
    pub name: Option<ShiftName>,
    /// New beginning.
    pub start_minute: Option<Whole<0, 1439>>,
    /// New end.
    pub end_minute: Option<Whole<1, 1440>>,
    /// New weekdays.
    pub days: Option<Weekdays>,
    /// Whether it is offered.
    pub active: Option<bool>,
}

impl UpdateShift {
    fn apply(self, fields: &mut ShiftFields, stored: &Shift) {
        let start = self.start_minute.map_or(stored.start_minute, Whole::get);
        let end = self.end_minute.map_or(stored.end_minute, Whole::get);
        fields.pattern = Pattern::between(start, end, self.days.unwrap_or(stored.days));
        if let Some(name) = self.name {
            fields.name = name;
        }
        if let Some(active) = self.active {
            fields.active = active;
        }
    }
}

/// The shifts of a branch.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Shifts {
    /// By their beginning.
    pub items: Vec<Shift>,
}

/// `GET /branches/{branch}/shifts`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(branch): Path<UnitId>,
) -> Result<Json<Shifts>, Error> {
    let scope = cx.scope.clone();
    let items = cx
        .db
        .read(async move |tx| {
            hall(tx, &scope, branch).await?;
            Ok::<_, Error>(store::all(tx, branch).await?)
        })
        .await?;
    Ok(Json(Shifts { items }))
}

/// `POST /branches/{branch}/shifts`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(input)): (Path<UnitId>, Body<CreateShift>),
) -> Result<CreatedVersion<Shift>, Problem> {
    let by = by(&cx);
    let fields = ShiftFields {
        name: input.name,
        pattern: Pattern::between(input.start_minute.get(), input.end_minute.get(), input.days),
        active: true,
    };
    let shift = cx
        .write_once(async move |tx| flow::create(tx, &by, branch, &fields).await)
        .await?;
    let location = format!(
        "/api/v1/tenants/{}/spaces/shifts/{}",
        cx.access.slug, shift.id
    );
    Ok(CreatedVersion {
        location,
        version: shift.version,
        body: shift,
    })
}

/// `GET /shifts/{shift}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ShiftId>,
) -> Result<Versioned<Shift>, Error> {
    let scope = cx.scope.clone();
    let shift = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(versioned(shift))
}

/// `PATCH /shifts/{shift}`
pub async fn update<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<ShiftId>, Body<UpdateShift>),
) -> Result<Versioned<Shift>, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    let shift = cx
        .db
        .write(async move |tx| {
            let input = input.clone();
            flow::update(tx, &by, id, version, |fields, stored| {
                input.apply(fields, stored);
            })
            .await
        })
        .await?;
    Ok(versioned(shift))
}

/// `DELETE /shifts/{shift}`
pub async fn delete<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ShiftId>,
) -> Result<NoContent, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    cx.db
        .write(async move |tx| flow::delete(tx, &by, id, version).await)
        .await?;
    Ok(NoContent)
}

fn versioned(shift: Shift) -> Versioned<Shift> {
    Versioned {
        version: shift.version,
        body: shift,
    }
}
