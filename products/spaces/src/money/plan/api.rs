//! Fee plans and prices over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, CreatedVersion, Json, Page, PageQuery, Path, Query, RequestContext, TenantCx, Versioned,
};
use gantry_invoices::StateCode;
use gantry_kernel::{Problem, UnitId, fold};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow;
use super::model::{Plan, PlanFields, PlanId, PlanName, Terms};
use super::quote::{Wanted, quote_plan};
use super::store;
use crate::money::error::Error;
use crate::money::quote::{Quote, Span};
use crate::money::settings::today;
use crate::money::{ShiftId, ZoneId, only_order};
use crate::student::api::by;

/// A new plan.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFeePlan {
    /// The branch that sells it.
    pub branch_id: UnitId,
    /// Unique in the branch.
    pub name: PlanName,
    /// How it is sold.
    pub terms: Terms,
}

/// Changes of a plan: what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateFeePlan {
    /// New name.
    pub name: Option<PlanName>,
    /// Whether it is sold.
    pub active: Option<bool>,
    /// New terms, for what is sold from now on.
    pub terms: Option<Terms>,
}

/// Which plans.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListFeePlans {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only those that are sold, or only those that are not.
    #[serde(default, deserialize_with = "crate::money::flag")]
    #[schemars(with = "Option<bool>")]
    pub active: Option<bool>,
    /// Paging; plans are sorted by name.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// What somebody wants to know the price of.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskQuote {
    /// The branch that sells.
    pub branch_id: UnitId,
    /// The plan.
    pub plan_id: PlanId,
    /// In which zone.
    #[serde(default)]
    pub zone_id: Option<ZoneId>,
    /// In which shifts; prices of several are added up.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub shift_ids: Vec<ShiftId>,
    /// For how long.
    pub span: Span,
    /// Whether admission and deposit are due as well.
    #[serde(default)]
    pub entering: bool,
    /// The code of a discount.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub discount: Option<String>,
    /// The state of a buyer with a GSTIN of their own; the branch's when absent.
    #[serde(default)]
    pub place_of_supply: Option<StateCode>,
}

impl AskQuote {
    /// As the pricing takes it.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            branch: self.branch_id,
            plan: self.plan_id,
            version: None,
            zone: self.zone_id,
            shifts: self.shift_ids.iter().copied().take(20).collect(),
            span: self.span,
            entering: self.entering,
            discount: self.discount.clone(),
            place_of_supply: self.place_of_supply,
        }
    }
}

/// `GET /fee-plans`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListFeePlans>,
) -> Result<Page<Plan>, Problem> {
    only_order(&query.page, "name")?;
    let filter = (query.branch, query.active);
    let after: Option<(String, PlanId)> = cx.cursor(&query.page, &filter)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| {
            let (branch, active) = filter;
            store::page(tx, &scope, branch, active, after.as_ref(), limit).await
        })
        .await?;
    cx.page(&query.page, &filter, rows, |plan| {
        (fold(plan.name.as_str()), plan.id)
    })
}

/// `GET /fee-plans/{plan}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<PlanId>,
) -> Result<Versioned<Plan>, Error> {
    let scope = cx.scope.clone();
    let plan = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(versioned(plan))
}

/// `POST /fee-plans`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<CreateFeePlan>,
) -> Result<CreatedVersion<Plan>, Problem> {
    let by = by(&cx);
    let branch = input.branch_id;
    let fields = PlanFields {
        name: input.name,
        active: true,
        terms: input.terms,
    };
    let plan = cx
        .write_once(async move |tx| flow::create(tx, &by, branch, &fields).await)
        .await?;
    Ok(CreatedVersion {
        location: format!("{}/{}", cx.request().path(), plan.id),
        version: plan.version,
        body: plan,
    })
}

/// `PATCH /fee-plans/{plan}`
pub async fn update<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<PlanId>, Body<UpdateFeePlan>),
) -> Result<Versioned<Plan>, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    let plan = cx
        .db
        .write(async move |tx| {
            let change = input.clone();
            let apply = |fields: &mut PlanFields| {
                fields.name = change.name.unwrap_or_else(|| fields.name.clone());
                fields.active = change.active.unwrap_or(fields.active);
                fields.terms = change.terms.unwrap_or_else(|| fields.terms.clone());
            };
            flow::update(tx, &by, id, version, apply).await
        })
        .await?;
    Ok(versioned(plan))
}

/// `POST /fee-quotes`
pub async fn ask<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<AskQuote>,
) -> Result<Json<Quote>, Error> {
    let scope = cx.scope.clone();
    let priced = cx
        .db
        .read(async move |tx| {
            let day = today(tx, &scope, input.branch_id).await?;
            quote_plan(tx, &scope, day, &input.wanted()).await
        })
        .await?;
    Ok(Json(priced.quote))
}

fn versioned(plan: Plan) -> Versioned<Plan> {
    Versioned {
        version: plan.version,
        body: plan,
    }
}
