//! What is decided about money, over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Json, Path, RequestContext, TenantCx, Versioned};
use gantry_invoices::{Gstin, Prefix, StateCode};
use gantry_kernel::{Currency, Problem, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow::{self, Decision};
use super::store::{self, ProfileFields};
use super::{LegalName, PostalAddress, Profile, Settings};
use crate::branch;
use crate::money::error::Error;
use crate::money::{Amount, Positive};
use crate::phone::Phone;
use crate::student::api::by;

/// What the tenant decides about money.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutMoneySettings {
    /// The currency; it stays once there are amounts in it.
    pub currency: Currency,
    /// A payment or refund above it counts only after a second person approved it.
    #[serde(default)]
    pub approval_limit: Option<Amount>,
    /// What paying late costs.
    #[serde(default)]
    pub late_fee: Option<Positive>,
    /// How many days after the day a due is due it is late; seven when absent.
    #[serde(default = "week")]
    pub late_days: u8,
}

const fn week() -> u8 {
    7
}

/// Who a branch is on paper.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutBillingProfile {
    /// The seller's name.
    pub legal_name: LegalName,
    /// The seller's address.
    #[serde(default)]
    pub address: Option<PostalAddress>,
    /// The seller's phone.
    #[serde(default)]
    pub phone: Option<Phone>,
    /// The registration; without one nothing is taxed.
    #[serde(default)]
    pub gstin: Option<Gstin>,
    /// The seller's state; that of the registration when absent.
    #[serde(default)]
    pub state: Option<StateCode>,
    /// What the numbers of this branch's documents begin with.
    pub prefix: Prefix,
}

/// `GET /money-settings`
pub async fn get<S>(_: Arc<S>, cx: TenantCx, (): ()) -> Result<Versioned<Settings>, Error> {
    let settings = cx.db.read(async |tx| store::settings(tx).await).await?;
    Ok(Versioned {
        version: settings.version,
        body: settings,
    })
}

/// `PUT /money-settings`
pub async fn put<S>(
    _: Arc<S>,
    cx: TenantCx,
    Body(input): Body<PutMoneySettings>,
) -> Result<Versioned<Settings>, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    let decision = Decision {
        currency: input.currency,
        approval_limit: input.approval_limit,
        late_fee: input.late_fee,
        late_days: input.late_days.into(),
    };
    let settings = cx
        .db
        .write(async move |tx| flow::decide(tx, &by, version, decision).await)
        .await?;
    Ok(Versioned {
        version: settings.version,
        body: settings,
    })
}

/// `GET /branches/{branch}/billing`
pub async fn get_profile<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(branch): Path<UnitId>,
) -> Result<Json<Option<Profile>>, Error> {
    let scope = cx.scope.clone();
    let profile = cx
        .db
        .read(async move |tx| {
            branch::store::by_id(tx, &scope, branch)
                .await?
                .ok_or(Error::NotFound)?;
            Ok::<_, Error>(store::profile(tx, branch).await?)
        })
        .await?;
    Ok(Json(profile))
}

/// `PUT /branches/{branch}/billing`
pub async fn put_profile<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(input)): (Path<UnitId>, Body<PutBillingProfile>),
) -> Result<Json<Profile>, Problem> {
    let by = by(&cx);
    let fields = ProfileFields {
        legal_name: input.legal_name,
        address: input.address,
        phone: input.phone,
        gstin: input.gstin,
        state: input.state,
        prefix: input.prefix,
    };
    let profile = cx
        .db
        .write(async move |tx| flow::put_profile(tx, &by, branch, fields.clone()).await)
        .await?;
    Ok(Json(profile))
}
