//! A price with everything it follows from looked up.

use gantry_db::Tx;
use gantry_invoices::StateCode;
use gantry_kernel::{CivilDate, Scope, UnitId};

use super::model::{Plan, PlanId};
use super::store;
use crate::money::discount::{self, DiscountId};
use crate::money::error::Error;
use crate::money::quote::{Ask, Quote, Span, quote};
use crate::money::settings;
use crate::money::{ShiftId, ZoneId};

/// What somebody wants to know the price of.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The branch that sells.
    pub branch: UnitId,
    /// The plan.
    pub plan: PlanId,
    /// A version of it, for what was sold before; the present one when absent.
    pub version: Option<i64>,
    /// In which zone.
    pub zone: Option<ZoneId>,
    /// In which shifts.
    pub shifts: Vec<ShiftId>,
    /// For how long.
    pub span: Span,
    /// Whether admission and deposit are due as well.
    pub entering: bool,
    /// The code of a discount.
    pub discount: Option<String>,
    /// The state of a buyer with a GSTIN of their own; the seller's when absent.
    pub place_of_supply: Option<StateCode>,
}

/// What a quote was worked out from, and itself.
#[derive(Debug, Clone)]
pub struct Priced {
    /// The plan in the version that counts.
    pub plan: Plan,
    /// The discount that was used.
    pub discount: Option<DiscountId>,
    /// The price.
    pub quote: Quote,
}

/// Works out a price. `today` is the branch's day, on which the discount must be valid.
///
/// Errors: [`Error::PlanUnknown`], [`Error::PlanInactive`] (only without a version), [`Error::DiscountUnusable`], [`Error::Quote`].
pub async fn quote_plan(
    tx: &mut Tx,
    scope: &Scope,
    today: CivilDate,
    wanted: &Wanted,
) -> Result<Priced, Error> {
    let plan = match wanted.version {
        None => store::by_id(tx, scope, wanted.plan).await?,
        Some(version) => store::version(tx, wanted.plan, version).await?,
    };
    let plan = plan
        .filter(|plan| plan.branch_id == wanted.branch)
        .ok_or(Error::PlanUnknown)?;
    if wanted.version.is_none() && !plan.active {
        return Err(Error::PlanInactive);
    }
    let discount = match &wanted.discount {
        Some(code) => Some(discount::flow::usable(tx, wanted.branch, code, today).await?),
        None => None,
    };
    let profile = settings::store::profile(tx, wanted.branch).await?;
    let quote = quote(&Ask {
        name: plan.name.as_str(),
        terms: &plan.terms,
        zone: wanted.zone,
        shifts: &wanted.shifts,
        span: wanted.span,
        entering: wanted.entering,
        off: discount.as_ref().map(|discount| discount.off),
        supply: settings::supply(profile.as_ref(), wanted.place_of_supply),
        currency: settings::store::settings(tx).await?.currency,
    })?;
    Ok(Priced {
        plan,
        discount: discount.map(|discount| discount.id),
        quote,
    })
}
