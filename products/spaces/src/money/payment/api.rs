//! Payments and accounts over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Created, Json, Page, PageQuery, Path, Query, RequestContext, TenantCx};
use gantry_kernel::{CivilDate, Problem, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{Standing, standing, use_advance};
use super::flow::{Take, take as take_payment};
use super::store::{self, Filter};
use super::{Decision, Method, PayReference, Payment, PaymentId, Reason, decide};
use crate::money::due::{Due, DueId};
use crate::money::error::Error;
use crate::money::{Positive, only_order};
use crate::student::StudentId;
use crate::student::api::by;
use crate::student::store as students;

/// What came in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakePayment {
    /// The branch that takes it.
    pub branch_id: UnitId,
    /// Who paid, or for whom.
    pub student_id: StudentId,
    /// How.
    pub method: Method,
    /// How much, in minor units.
    pub amount: Positive,
    /// The payer's reference; cash needs none.
    #[serde(default)]
    pub reference: Option<PayReference>,
    /// The dues it is for, in this order; the oldest when absent. What they leave over is paid ahead.
    #[serde(default)]
    #[schemars(length(min = 1, max = 50))]
    pub due_ids: Option<Vec<DueId>>,
}

/// Why a payment or refund is rejected.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// Why.
    pub reason: Reason,
}

/// Which payments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListPayments {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only this student.
    #[serde(default)]
    pub student: Option<StudentId>,
    /// Only this state.
    #[serde(default)]
    pub state: Option<Decision>,
    /// Counted on this day or later.
    #[serde(default)]
    pub from: Option<CivilDate>,
    /// Counted on this day or earlier.
    #[serde(default)]
    pub until: Option<CivilDate>,
    /// Paging; the newest come first.
    #[serde(flatten)]
    pub page: PageQuery,
}

impl ListPayments {
    /// The rows the list holds.
    pub fn filter(&self) -> Filter {
        Filter {
            branch: self.branch,
            student: self.student,
            state: self.state,
            from: self.from,
            until: self.until,
        }
    }
}

/// Which dues are paid with what was paid ahead.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseAdvance {
    /// In which branch.
    pub branch_id: UnitId,
    /// How much; as much as there is, or is owed, when absent.
    #[serde(default)]
    pub amount: Option<Positive>,
}

/// Dues that were paid.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PaidDues {
    /// The dues, the oldest first.
    pub dues: Vec<Due>,
}

/// Where a student stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StudentAccount {
    /// By branch.
    pub branches: Vec<Standing>,
}

/// `GET /payments`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListPayments>,
) -> Result<Page<Payment>, Problem> {
    only_order(&query.page, "-created_at")?;
    let filter = query.filter();
    let after: Option<PaymentId> = cx.cursor(&query.page, &filter)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| store::page(tx, &scope, filter, after, limit).await)
        .await?;
    cx.page(&query.page, &filter, rows, |payment| payment.id)
}

/// `GET /payments/{payment}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<PaymentId>,
) -> Result<Json<Payment>, Error> {
    let scope = cx.scope.clone();
    let payment = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Json(payment))
}

/// `POST /payments`
pub async fn take<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<TakePayment>,
) -> Result<Created<Payment>, Problem> {
    let by = by(&cx);
    let what = Take {
        branch: input.branch_id,
        student: input.student_id,
        method: input.method,
        amount: input.amount.get(),
        reference: input.reference,
        dues: input.due_ids.map(|ids| ids.into_iter().take(50).collect()),
    };
    let payment = cx
        .write_once(async move |tx| take_payment(tx, &by, &what).await)
        .await?;
    Ok(Created::at(
        format!("{}/{}", cx.request().path(), payment.id),
        payment,
    ))
}

/// `POST /payments/{payment}/approval`
pub async fn approve<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<PaymentId>,
) -> Result<Json<Payment>, Problem> {
    let by = by(&cx);
    let payment = cx
        .write_once(async move |tx| decide::approve(tx, &by, id).await)
        .await?;
    Ok(Json(payment))
}

/// `POST /payments/{payment}/rejection`
pub async fn reject<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<PaymentId>, Body<Reject>),
) -> Result<Json<Payment>, Problem> {
    let by = by(&cx);
    let payment = cx
        .write_once(async move |tx| decide::reject(tx, &by, id, &input.reason).await)
        .await?;
    Ok(Json(payment))
}

/// `GET /students/{student}/account`
pub async fn account<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<StudentId>,
) -> Result<Json<StudentAccount>, Error> {
    let scope = cx.scope.clone();
    let branches = cx
        .db
        .read(async move |tx| {
            students::by_id(tx, &scope, id)
                .await?
                .ok_or(Error::NotFound)?;
            standing(tx, &scope, id).await
        })
        .await?;
    Ok(Json(StudentAccount { branches }))
}

/// `POST /students/{student}/advance-uses`
pub async fn spend_advance<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<StudentId>, Body<UseAdvance>),
) -> Result<Json<PaidDues>, Problem> {
    let by = by(&cx);
    let amount = input.amount.map(Positive::get);
    let dues = cx
        .write_once(async move |tx| {
            students::by_id(tx, &by.scope, id)
                .await?
                .ok_or(Error::NotFound)?;
            use_advance(tx, &by, (input.branch_id, id), amount).await
        })
        .await?;
    Ok(Json(PaidDues { dues }))
}
