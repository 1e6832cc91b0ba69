//! Claims over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, Created, Json, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
};
use gantry_kernel::{CivilDate, Problem, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow::{self, Wanted};
use super::store::{self, Filter};
use super::{Claim, ClaimId, ClaimState};
use crate::seating::availability;
use crate::seating::error::BadDates;
use crate::seating::permission::SEAT_READ;
use crate::seating::seat::SeatId;
use crate::seating::shift::ShiftId;
use crate::seating::time::Dates;
use crate::seating::{Error, hall};
use crate::student::StudentId;
use crate::student::api::by;

/// A seat to hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldSeat {
    /// The seat.
    pub seat_id: SeatId,
    /// The shift.
    pub shift_id: ShiftId,
    /// First date, in the branch's calendar.
    pub from: CivilDate,
    /// The date after the last.
    pub until: CivilDate,
    /// For whom, if that is known.
    #[serde(default)]
    pub student_id: Option<StudentId>,
}

/// Whom a held seat goes to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmHold {
    /// A student of the branch.
    pub student_id: StudentId,
}

/// Which claims.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListClaims {
    /// Of one seat.
    #[serde(default)]
    pub seat: Option<SeatId>,
    /// In one shift.
    #[serde(default)]
    pub shift: Option<ShiftId>,
    /// Of one student.
    #[serde(default)]
    pub student: Option<StudentId>,
    /// Of one state.
    #[serde(default)]
    pub state: Option<ClaimState>,
    /// That hold this date.
    #[serde(default)]
    pub on: Option<CivilDate>,
    /// Paging; claims are sorted by `-created_at`.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// `GET /branches/{branch}/claims`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Query(query)): (Path<UnitId>, Query<ListClaims>),
) -> Result<Page<Claim>, Problem> {
    let order = query.page.order_by.as_deref();
    if order.is_some_and(|order| order != "-created_at") {
        return Err(Error::UnknownOrder.into());
    }
    let filter = Filter {
        seat: query.seat,
        shift: query.shift,
        student: query.student,
        state: query.state,
        on: query.on,
    };
    let listed = (branch, filter.clone());
    let before: Option<ClaimId> = cx.cursor(&query.page, &listed)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| {
            hall(tx, &scope, branch).await?;
            Ok::<_, Error>(store::page(tx, branch, &filter, before, limit).await?)
        })
        .await?;
    cx.page(&query.page, &listed, rows, |claim| claim.id)
}

/// `POST /branches/{branch}/claims`
pub async fn hold<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(input)): (Path<UnitId>, Body<HoldSeat>),
) -> Result<Created<Claim>, Problem> {
    let by = by(&cx);
    let dates = Dates::new(input.from, input.until).ok_or(Error::Dates(BadDates::Empty))?;
    let wanted = Wanted {
        seat: input.seat_id,
        shift: input.shift_id,
        dates,
        student: input.student_id,
    };
    let held = cx
        .write_once(async move |tx| flow::hold(tx, &by, branch, wanted).await)
        .await;
    match held {
        Ok(claim) => Ok(Created {
            location: format!(
                "/api/v1/tenants/{}/spaces/claims/{}",
                cx.access.slug, claim.id
            ),
            body: claim,
        }),
        Err(problem) => Err(nearby(&cx, branch, wanted, problem).await),
    }
}

/// Adds to "seat taken" which seats of its zone are free instead, for those who may see seats there.
async fn nearby(cx: &TenantCx, branch: UnitId, wanted: Wanted, problem: Problem) -> Problem {
    let sees = cx.access.scope_for(SEAT_READ);
    if problem.code != "seat_taken" || !sees.is_some_and(|scope| scope.covers_unit(branch)) {
        return problem;
    }
    let found = cx
        .db
        .read(async move |tx| availability::flow::nearby(tx, branch, wanted).await)
        .await;
    match found {
        Ok(seats) => {
            let seats: Vec<_> = seats.iter().map(ToString::to_string).collect();
            problem.with("free_nearby", seats)
        }
        // The refusal stands without the hint.
        Err(error) => problem.because(error),
    }
}

/// `GET /claims/{claim}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ClaimId>,
) -> Result<Json<Claim>, Error> {
    let scope = cx.scope.clone();
    let claim = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Json(claim))
}

/// `POST /claims/{claim}/confirmation`
pub async fn confirm<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<ClaimId>, Body<ConfirmHold>),
) -> Result<Json<Claim>, Problem> {
    let by = by(&cx);
    let claim = cx
        .write_once(async move |tx| flow::confirm(tx, &by, id, input.student_id).await)
        .await?;
    Ok(Json(claim))
}

/// `DELETE /claims/{claim}`
pub async fn release<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<ClaimId>,
) -> Result<NoContent, Problem> {
    let by = by(&cx);
    cx.db
        .write(async move |tx| flow::release(tx, &by, id).await)
        .await?;
    Ok(NoContent)
}
