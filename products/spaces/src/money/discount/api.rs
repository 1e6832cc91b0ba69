//! Discounts over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, CreatedVersion, Page, PageQuery, Path, Query, RequestContext, TenantCx, Versioned,
};
use gantry_kernel::{CivilDate, Problem, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Discount, DiscountFields, DiscountId, Off, flow, store};
use crate::money::error::Error;
use crate::money::only_order;
use crate::patch;
use crate::student::Code;
use crate::student::api::by;

/// A new discount.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDiscount {
    /// The branch that gives it.
    pub branch_id: UnitId,
    /// Unique in the branch.
    pub code: Code,
    /// What is taken off.
    pub off: Off,
    /// First day.
    pub valid_from: CivilDate,
    /// Last day.
    pub valid_until: CivilDate,
    /// How often it can be used; without end when absent.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub most_uses: Option<i64>,
}

/// Changes of a discount: what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateDiscount {
    /// New code.
    pub code: Option<Code>,
    /// What is taken off from now on.
    pub off: Option<Off>,
    /// New first day.
    pub valid_from: Option<CivilDate>,
    /// New last day.
    pub valid_until: Option<CivilDate>,
    /// New number of uses; `null` for no end.
    #[serde(deserialize_with = "patch::given")]
    pub most_uses: Option<Option<i64>>,
    /// Whether it can be used.
    pub active: Option<bool>,
}

/// Which discounts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListDiscounts {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Paging; discounts are sorted by code.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// `GET /discounts`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListDiscounts>,
) -> Result<Page<Discount>, Problem> {
    only_order(&query.page, "code")?;
    let branch = query.branch;
    let after: Option<(String, DiscountId)> = cx.cursor(&query.page, &branch)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| store::page(tx, &scope, branch, after.as_ref(), limit).await)
        .await?;
    cx.page(&query.page, &branch, rows, |discount| {
        (discount.code.key(), discount.id)
    })
}

/// `GET /discounts/{discount}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<DiscountId>,
) -> Result<Versioned<Discount>, Error> {
    let scope = cx.scope.clone();
    let discount = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Versioned {
        version: discount.version,
        body: discount,
    })
}

/// `POST /discounts`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<CreateDiscount>,
) -> Result<CreatedVersion<Discount>, Problem> {
    let by = by(&cx);
    let branch = input.branch_id;
    let fields = DiscountFields {
        code: input.code,
        off: input.off,
        valid_from: input.valid_from,
        valid_until: input.valid_until,
        most_uses: input.most_uses,
        active: true,
    };
    let discount = cx
        .write_once(async move |tx| flow::create(tx, &by, branch, &fields).await)
        .await?;
    Ok(CreatedVersion {
        location: format!("{}/{}", cx.request().path(), discount.id),
        version: discount.version,
        body: discount,
    })
}

/// `PATCH /discounts/{discount}`
pub async fn update<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<DiscountId>, Body<UpdateDiscount>),
) -> Result<Versioned<Discount>, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    let discount = cx
        .db
        .write(async move |tx| {
            let change = input.clone();
            let apply = |fields: &mut DiscountFields| {
                fields.code = change.code.unwrap_or_else(|| fields.code.clone());
                fields.off = change.off.unwrap_or(fields.off);
                fields.valid_from = change.valid_from.unwrap_or(fields.valid_from);
                fields.valid_until = change.valid_until.unwrap_or(fields.valid_until);
                fields.most_uses = change.most_uses.unwrap_or(fields.most_uses);
                fields.active = change.active.unwrap_or(fields.active);
            };
            flow::update(tx, &by, (id, version), apply).await
        })
        .await?;
    Ok(Versioned {
        version: discount.version,
        body: discount,
    })
}
