//! Refunds over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Created, Json, NoContent, Page, Path, Query, RequestContext, TenantCx};
use gantry_kernel::{Problem, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow::{self, Give, give};
use super::{Refund, RefundId, Source, store};
use crate::money::error::Error;
use crate::money::payment::api::{ListPayments, Reject};
use crate::money::payment::{Method, PayReference, Reason};
use crate::money::{Positive, only_order};
use crate::student::StudentId;
use crate::student::api::by;

/// What is to be given back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeRefund {
    /// The branch that gives it back.
    pub branch_id: UnitId,
    /// To whom.
    pub student_id: StudentId,
    /// What of; what was paid for something is credited first.
    pub source: Source,
    /// How.
    pub method: Method,
    /// How much, in minor units.
    pub amount: Positive,
    /// The reference of what was sent.
    #[serde(default)]
    pub reference: Option<PayReference>,
    /// Why.
    pub reason: Reason,
}

/// What of a deposit is kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepDeposit {
    /// In which branch.
    pub branch_id: UnitId,
    /// Whose.
    pub student_id: StudentId,
    /// How much, in minor units.
    pub amount: Positive,
    /// Why.
    pub reason: Reason,
}

/// `GET /refunds`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListPayments>,
) -> Result<Page<Refund>, Problem> {
    only_order(&query.page, "-created_at")?;
    let filter = query.filter();
    let after: Option<RefundId> = cx.cursor(&query.page, &filter)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| store::page(tx, &scope, filter, after, limit).await)
        .await?;
    cx.page(&query.page, &filter, rows, |refund| refund.id)
}

/// `GET /refunds/{refund}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<RefundId>,
) -> Result<Json<Refund>, Error> {
    let scope = cx.scope.clone();
    let refund = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Json(refund))
}

/// `POST /refunds`
pub async fn make<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<MakeRefund>,
) -> Result<Created<Refund>, Problem> {
    let by = by(&cx);
    let what = Give {
        branch: input.branch_id,
        student: input.student_id,
        source: input.source,
        method: input.method,
        amount: input.amount.get(),
        reference: input.reference,
        reason: input.reason,
    };
    let refund = cx
        .write_once(async move |tx| give(tx, &by, &what).await)
        .await?;
    Ok(Created::at(
        format!("{}/{}", cx.request().path(), refund.id),
        refund,
    ))
}

/// `POST /refunds/{refund}/approval`
pub async fn approve<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<RefundId>,
) -> Result<Json<Refund>, Problem> {
    let by = by(&cx);
    let refund = cx
        .write_once(async move |tx| flow::approve(tx, &by, id).await)
        .await?;
    Ok(Json(refund))
}

/// `POST /refunds/{refund}/rejection`
pub async fn reject<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<RefundId>, Body<Reject>),
) -> Result<Json<Refund>, Problem> {
    let by = by(&cx);
    let refund = cx
        .write_once(async move |tx| flow::reject(tx, &by, id, &input.reason).await)
        .await?;
    Ok(Json(refund))
}

/// `POST /kept-deposits`
pub async fn keep<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<KeepDeposit>,
) -> Result<NoContent, Problem> {
    let by = by(&cx);
    let of = (input.branch_id, input.student_id);
    let amount = input.amount.get();
    cx.write_once(async move |tx| flow::keep_deposit(tx, &by, of, amount, &input.reason).await)
        .await?;
    Ok(NoContent)
}
