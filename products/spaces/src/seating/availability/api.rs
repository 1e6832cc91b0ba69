//! What is free over HTTP.

use std::sync::Arc;

use gantry_http::{Json, Path, Query, TenantCx};
use gantry_kernel::{CivilDate, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow::{self, Question};
use super::{Availability, Moment};
use crate::permission::STUDENT_READ;
use crate::seating::Error;
use crate::seating::error::BadDates;
use crate::seating::permission::MEMBERSHIP_READ;
use crate::seating::shift::ShiftId;
use crate::seating::time::Dates;
use crate::seating::zone::ZoneId;

/// Which dates, and of what.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct AskAvailability {
    /// First date.
    pub from: CivilDate,
    /// The date after the last; at most 92 days later.
    pub until: CivilDate,
    /// One shift only, offered or not; all that are offered when absent.
    #[serde(default)]
    pub shift: Option<ShiftId>,
    /// One zone only.
    #[serde(default)]
    pub zone: Option<ZoneId>,
}

/// `GET /branches/{branch}/availability`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Query(query)): (Path<UnitId>, Query<AskAvailability>),
) -> Result<Json<Availability>, Error> {
    let dates = Dates::new(query.from, query.until).ok_or(Error::Dates(BadDates::Empty))?;
    let asked = Question {
        dates,
        shift: query.shift,
        zone: query.zone,
    };
    let scope = cx.scope.clone();
    let found = cx
        .db
        .read(async move |tx| flow::availability(tx, &scope, branch, asked).await)
        .await?;
    Ok(Json(found))
}

/// `GET /branches/{branch}/seats/now`
pub async fn now<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(branch): Path<UnitId>,
) -> Result<Json<Moment>, Error> {
    let may = |permission| {
        let scope = cx.access.scope_for(permission);
        scope.is_some_and(|scope| scope.covers_unit(branch))
    };
    let (claims, students) = (may(MEMBERSHIP_READ), may(STUDENT_READ));
    let scope = cx.scope.clone();
    let found = cx
        .db
        .read(async move |tx| flow::moment(tx, &scope, branch, claims, students).await)
        .await?;
    Ok(Json(found))
}
