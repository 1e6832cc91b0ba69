//! Referrals over HTTP.

use std::sync::Arc;

use gantry_db::DbError;
use gantry_http::{
    Body, Created, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
};
use gantry_kernel::{Money, Problem, Timestamp, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Referral, ReferralId, State, store};
use crate::people::People;
use crate::people::error::Error;
use crate::people::lead::LeadId;
use crate::student::StudentId;
use crate::student::api::by;

/// That a student brought somebody.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateReferral {
    /// Whom: a lead that is not won yet.
    pub lead_id: LeadId,
    /// Who.
    pub referrer_id: StudentId,
    /// What it is worth once the lead is a student; up to 1,000,000 minor units.
    pub reward: Money,
}

/// Which referrals, newest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListReferrals {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only this state.
    #[serde(default)]
    pub state: Option<State>,
    /// Paging.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// `GET /referrals`
pub async fn list(
    _: Arc<People>,
    cx: TenantCx,
    Query(query): Query<ListReferrals>,
) -> Result<Page<Referral>, Problem> {
    if query.page.order_by.is_some() {
        return Err(Error::UnknownOrder.into());
    }
    let filter = (query.branch, query.state);
    let before: Option<(Timestamp, ReferralId)> = cx.cursor(&query.page, &filter)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| {
            let rows = store::page(tx, &scope, filter, before, limit).await?;
            let referrals = rows.into_iter().map(Referral::try_from);
            Ok::<_, Error>(referrals.collect::<Result<Vec<_>, DbError>>()?)
        })
        .await?;
    cx.page(&query.page, &filter, rows, |referral: &Referral| {
        (referral.created_at, referral.id)
    })
}

/// `POST /referrals`
pub async fn create(
    _: Arc<People>,
    cx: TenantCx,
    Body(input): Body<CreateReferral>,
) -> Result<Created<Referral>, Problem> {
    let (by, person) = (by(&cx), cx.principal.identity);
    let referral = cx
        .write_once(async move |tx| {
            let who = (input.lead_id, input.referrer_id);
            super::create(tx, &by, person, who, input.reward).await
        })
        .await?;
    Ok(Created::at(String::new(), referral))
}

/// `DELETE /referrals/{referral}`
pub async fn withdraw(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<ReferralId>,
) -> Result<NoContent, Error> {
    let by = by(&cx);
    cx.db
        .write(async move |tx| super::withdraw(tx, &by, id).await)
        .await?;
    Ok(NoContent)
}
