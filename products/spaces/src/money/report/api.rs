//! Figures over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_http::{Json, Query, TenantCx};
use gantry_kernel::{CivilDate, UnitId};
use gantry_ledger::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ageing, Collected, Collection, Earned, store};
use crate::branch;
use crate::money::error::Error;

/// Which days, of which branch.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct ReportDays {
    /// The first day.
    pub from: CivilDate,
    /// The last day.
    pub until: CivilDate,
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
}

impl ReportDays {
    fn days(self) -> Days {
        Days {
            from: Some(self.from),
            through: Some(self.until),
        }
    }
}

/// Of which branch.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct ReportBranch {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
}

/// Money collected.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Collections {
    /// By branch and method.
    pub rows: Vec<Collected>,
}

/// Revenue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Earnings {
    /// By branch and plan.
    pub rows: Vec<Earned>,
}

/// What is owed at one branch.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BranchAgeing {
    /// The branch.
    pub branch_id: UnitId,
    /// The branch's day.
    pub today: CivilDate,
    /// By age.
    pub ageing: Ageing,
}

/// What is owed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DuesAgeing {
    /// By branch; one that is owed nothing is left out.
    pub branches: Vec<BranchAgeing>,
}

/// `GET /reports/collections`
pub async fn collections<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ReportDays>,
) -> Result<Json<Collections>, Error> {
    let scope = cx.scope.clone();
    let read = async move |tx: &mut gantry_db::TenantTx| {
        super::collected(tx, &scope, query.branch, query.days()).await
    };
    let rows = cx.db.read(read).await?;
    Ok(Json(Collections { rows }))
}

/// `GET /reports/earnings`
pub async fn earnings<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ReportDays>,
) -> Result<Json<Earnings>, Error> {
    let scope = cx.scope.clone();
    let read = async move |tx: &mut gantry_db::TenantTx| {
        super::earned(tx, &scope, query.branch, query.days()).await
    };
    let rows = cx.db.read(read).await?;
    Ok(Json(Earnings { rows }))
}

/// `GET /reports/dues-ageing`
pub async fn ageing<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ReportBranch>,
) -> Result<Json<DuesAgeing>, Error> {
    let scope = cx.scope.clone();
    let read = async move |tx: &mut gantry_db::TenantTx| {
        let now = tx.now();
        let left = store::left_by_day(tx, &scope, query.branch).await?;
        let zones = branch::store::all(tx, &scope).await?;
        let days: BTreeMap<UnitId, CivilDate> = zones
            .into_iter()
            .map(|branch| (branch.id, branch.time_zone.date_at(now)))
            .collect();
        Ok::<_, Error>((left, days))
    };
    let (left, days) = cx.db.read(read).await?;
    let branches = days.into_iter().filter_map(|(branch_id, today)| {
        let mine = left.iter().filter(|row| row.0 == branch_id);
        let ageing = super::ageing(today, mine.map(|row| (row.1, row.2)));
        (ageing.total != 0).then_some(BranchAgeing {
            branch_id,
            today,
            ageing,
        })
    });
    Ok(Json(DuesAgeing {
        branches: branches.collect(),
    }))
}

/// `GET /reports/collection-rate`
pub async fn rate<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ReportDays>,
) -> Result<Json<Collection>, Error> {
    let scope = cx.scope.clone();
    let read = async move |tx: &mut gantry_db::TenantTx| {
        let days = (query.from, query.until);
        store::due_and_paid(tx, &scope, query.branch, days).await
    };
    let (due, paid) = cx.db.read(read).await?;
    Ok(Json(super::collection(due, paid)))
}
