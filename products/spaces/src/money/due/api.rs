//! Dues over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Created, Json, Page, PageQuery, Path, Query, RequestContext, TenantCx};
use gantry_invoices::{Hsn, Pricing, Rate};
use gantry_kernel::{CivilDate, Money, Problem, Text, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flow::{Charge, Charged, When, charge};
use super::store::{self, Filter};
use super::take_back::{Credit, credit as take_back, waive as let_off};
use super::{Due, DueId, DueKind};
use crate::money::document::Issued;
use crate::money::error::Error;
use crate::money::payment::Reason;
use crate::money::plan::api::AskQuote;
use crate::money::plan::quote::quote_plan;
use crate::money::quote::{LineKind, line};
use crate::money::settings::{self, today};
use crate::money::{Positive, only_order};
use crate::student::StudentId;
use crate::student::api::by;

/// What somebody is charged: either a plan, or something else at a price.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChargeStudent {
    /// Whom.
    pub student_id: StudentId,
    /// What for.
    pub for_what: ForWhat,
    /// By when; today when absent.
    #[serde(default)]
    pub due_on: Option<CivilDate>,
    /// In instalments instead: they sum to what is charged, without a deposit.
    #[serde(default)]
    #[schemars(length(max = 24))]
    pub instalments: Vec<Instalment>,
}

/// What somebody is charged for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ForWhat {
    /// A plan, at the price of its quote.
    Plan(AskQuote),
    /// Something else.
    Other(OtherCharge),
}

/// Something that no plan covers: a lost key, a photocopy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherCharge {
    /// The branch that charges.
    pub branch_id: UnitId,
    /// What it is.
    pub title: Text<1, 120>,
    /// Its price, in minor units.
    pub price: Positive,
    /// Whether the price holds the tax.
    pub pricing: Pricing,
    /// The rate of GST, in hundredths of a percent.
    pub rate: Rate,
    /// HSN or SAC code.
    #[serde(default)]
    pub hsn: Option<Hsn>,
}

/// One part of what is charged.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instalment {
    /// By when.
    pub due_on: CivilDate,
    /// How much, in minor units.
    pub amount: Positive,
}

/// How much of a due is let off, and why.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiveDue {
    /// How much; all that is left when absent.
    #[serde(default)]
    pub amount: Option<Positive>,
    /// Why.
    pub reason: Reason,
}

/// How much of a due is credited, and why.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditDue {
    /// How much, with tax.
    pub amount: Positive,
    /// Why; it is printed on the credit note.
    pub reason: Reason,
}

/// A credited due.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Credited {
    /// The due as it stands.
    pub due: Due,
    /// The credit note; a deposit has none.
    pub credit_note: Option<Issued>,
}

/// Which dues.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListDues {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only this student.
    #[serde(default)]
    pub student: Option<StudentId>,
    /// Only those of which something is left, or only settled ones.
    #[serde(default, deserialize_with = "crate::money::flag")]
    #[schemars(with = "Option<bool>")]
    pub open: Option<bool>,
    /// Only this kind.
    #[serde(default)]
    pub kind: Option<DueKind>,
    /// Due on this day or earlier.
    #[serde(default)]
    pub due_by: Option<CivilDate>,
    /// Paging; the oldest come first.
    #[serde(flatten)]
    pub page: PageQuery,
}

impl ListDues {
    /// The rows the list holds.
    pub fn filter(&self) -> Filter {
        Filter {
            branch: self.branch,
            student: self.student,
            open: self.open,
            kind: self.kind,
            due_by: self.due_by,
        }
    }
}

/// `GET /dues`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListDues>,
) -> Result<Page<Due>, Problem> {
    only_order(&query.page, "due_on")?;
    let filter = query.filter();
    let after: Option<(CivilDate, DueId)> = cx.cursor(&query.page, &filter)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| store::page(tx, &scope, filter, after, limit).await)
        .await?;
    cx.page(&query.page, &filter, rows, |due| (due.due_on, due.id))
}

/// `GET /dues/{due}`
pub async fn get<S>(_: Arc<S>, cx: TenantCx, Path(id): Path<DueId>) -> Result<Json<Due>, Error> {
    let scope = cx.scope.clone();
    let due = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Json(due))
}

/// `POST /dues`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<ChargeStudent>,
) -> Result<Created<Charged>, Problem> {
    let by = by(&cx);
    let charged = cx
        .write_once(async move |tx| {
            let (branch, place) = match &input.for_what {
                ForWhat::Plan(ask) => (ask.branch_id, ask.place_of_supply),
                ForWhat::Other(other) => (other.branch_id, None),
            };
            let day = today(tx, &by.scope, branch).await?;
            let (lines, plan, discount) = match &input.for_what {
                ForWhat::Plan(ask) => {
                    let priced = quote_plan(tx, &by.scope, day, &ask.wanted()).await?;
                    let plan = (priced.plan.id, priced.plan.version);
                    (priced.quote.lines, Some(plan), priced.discount)
                }
                ForWhat::Other(other) => {
                    let currency = settings::store::settings(tx).await?.currency;
                    let profile = settings::store::profile(tx, branch).await?;
                    let terms = (other.rate, other.pricing, other.hsn.clone());
                    let price = Money::new(other.price.get(), currency);
                    let prices = (price, Money::new(0, currency));
                    let supply = settings::supply(profile.as_ref(), None);
                    let title = other.title.to_string();
                    (
                        vec![line(LineKind::Other, title, terms, prices, supply)?],
                        None,
                        None,
                    )
                }
            };
            let when = if input.instalments.is_empty() {
                When::On(input.due_on.unwrap_or(day))
            } else {
                let part = |part: &Instalment| (part.due_on, part.amount.get());
                When::Parts(input.instalments.iter().take(24).map(part).collect())
            };
            let what = Charge {
                student: input.student_id,
                branch,
                membership: None,
                plan,
                discount,
                lines,
                when,
                place_of_supply: place,
                late_for: None,
            };
            charge(tx, &by, &what).await
        })
        .await?;
    let first = charged.dues.first().map(|due| due.id.to_string());
    let location = format!("{}/{}", cx.request().path(), first.unwrap_or_default());
    Ok(Created::at(location, charged))
}

/// `POST /dues/{due}/waiver`
pub async fn waive<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<DueId>, Body<WaiveDue>),
) -> Result<Json<Due>, Problem> {
    let by = by(&cx);
    let amount = input.amount.map(Positive::get);
    let due = cx
        .write_once(async move |tx| let_off(tx, &by, id, amount, input.reason.as_str()).await)
        .await?;
    Ok(Json(due))
}

/// `POST /dues/{due}/credit`
pub async fn credit<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<DueId>, Body<CreditDue>),
) -> Result<Json<Credited>, Problem> {
    let by = by(&cx);
    let what = Credit {
        due: id,
        amount: input.amount.get(),
        reason: input.reason.to_string(),
    };
    let credited = cx
        .write_once(async move |tx| {
            let (due, credit_note) = take_back(tx, &by, &what).await?;
            Ok::<_, Error>(Credited { due, credit_note })
        })
        .await?;
    Ok(Json(credited))
}
