//! Expenses over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Created, Page, PageQuery, Query, RequestContext, TenantCx};
use gantry_kernel::{Problem, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow::{Spend, enter};
use super::{Category, Expense, ExpenseId, store};
use crate::money::payment::{Method, PayReference, Reason};
use crate::money::{Positive, only_order};
use crate::student::api::by;

/// What was spent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterExpense {
    /// The branch it was for.
    pub branch_id: UnitId,
    /// What was paid for.
    pub category: Category,
    /// How; cash comes out of the caller's drawer.
    pub method: Method,
    /// How much, in minor units.
    pub amount: Positive,
    /// The number of the bill, or of what was sent.
    #[serde(default)]
    pub reference: Option<PayReference>,
    /// A few words.
    #[serde(default)]
    pub note: Option<Reason>,
}

/// Which expenses.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListExpenses {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Paging; the newest come first.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// `GET /expenses`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListExpenses>,
) -> Result<Page<Expense>, Problem> {
    only_order(&query.page, "-created_at")?;
    let branch = query.branch;
    let after: Option<ExpenseId> = cx.cursor(&query.page, &branch)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| store::page(tx, &scope, branch, after, limit).await)
        .await?;
    cx.page(&query.page, &branch, rows, |expense| expense.id)
}

/// `POST /expenses`
pub async fn create<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<EnterExpense>,
) -> Result<Created<Expense>, Problem> {
    let by = by(&cx);
    let spend = Spend {
        branch: input.branch_id,
        category: input.category,
        method: input.method,
        amount: input.amount.get(),
        reference: input.reference,
        note: input.note,
    };
    let expense = cx
        .write_once(async move |tx| enter(tx, &by, &spend).await)
        .await?;
    Ok(Created::at("", expense))
}
