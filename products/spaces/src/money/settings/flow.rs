//! Deciding about money.

use gantry_audit::Facts;
use gantry_db::{DbError, Tx};
use gantry_invoices::Prefix;
use gantry_kernel::{Currency, UnitId};

use super::store::{self, ProfileFields};
use super::{LegalName, Profile, Settings};
use crate::branch;
use crate::money::error::Error;
use crate::money::permission::FEE_READ;
use crate::money::record::{Noun, record};
use crate::money::{Amount, Positive};
use crate::student::flow::By;

const SETTINGS: Noun = Noun {
    target: "money_settings",
    event: "spaces.money_settings.changed",
    permission: FEE_READ,
};
const PROFILE: Noun = Noun {
    target: "billing_profile",
    event: "spaces.billing_profile.changed",
    permission: FEE_READ,
};

/// What somebody decides for the tenant.
#[derive(Debug, Clone, Copy)]
pub struct Decision {
    /// The currency; it stays once there are amounts in it.
    pub currency: Currency,
    /// Above it a second person approves.
    pub approval_limit: Option<Amount>,
    /// What paying late costs.
    pub late_fee: Option<Positive>,
    /// After how many days.
    pub late_days: i64,
}

/// Decides, over the version the caller saw.
pub async fn decide(tx: &mut Tx, by: &By, version: i64, to: Decision) -> Result<Settings, Error> {
    let before = store::settings(tx).await?;
    if before.currency != to.currency && store::in_use(tx).await? {
        return Err(Error::CurrencyInUse(before.currency));
    }
    let late = (to.late_fee, to.late_days);
    let decided = store::decide(tx, version, to.currency, to.approval_limit, late).await?;
    let settings = decided.ok_or(Error::Stale)?;
    let facts = Facts::new()
        .with("currency", settings.currency.as_str())
        .with("approval_limit", settings.approval_limit.map(Amount::get))
        .with("late_fee", settings.late_fee.map(Positive::get))
        .with("late_days", settings.late_days);
    let act = (SETTINGS, "spaces.money_settings.changed");
    record(tx, by, act, ("money_settings", None), facts).await?;
    Ok(settings)
}

/// Says who a branch is on paper. Documents that were issued stay as they are.
///
/// Errors: [`Error::StateOfGstin`], [`Error::PrefixTaken`].
pub async fn put_profile(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    mut fields: ProfileFields,
) -> Result<Profile, Error> {
    branch::store::by_id(tx, &by.scope, branch)
        .await?
        .ok_or(Error::NotFound)?;
    let registered = fields
        .gstin
        .as_ref()
        .and_then(gantry_invoices::Gstin::state);
    if registered.is_some() && fields.state.is_some() && fields.state != registered {
        return Err(Error::StateOfGstin);
    }
    fields.state = fields.state.or(registered);
    let profile = store::put_profile(tx, branch, &fields)
        .await
        .map_err(taken)?;
    let facts = Facts::new()
        .with("gstin", profile.gstin.as_ref().map(ToString::to_string))
        .with("prefix", profile.prefix.to_string())
        .with("version", profile.version);
    let act = (PROFILE, "spaces.billing_profile.changed");
    record(tx, by, act, (branch, Some(branch)), facts).await?;
    Ok(profile)
}

/// Who a branch is on paper; if nobody has said so far, its own name and the next free prefix, `B1`, `B2` and so on.
pub async fn profile(tx: &mut Tx, by: &By, branch: UnitId) -> Result<Profile, Error> {
    if let Some(profile) = store::profile(tx, branch).await? {
        return Ok(profile);
    }
    let known = branch::store::by_id(tx, &by.scope, branch)
        .await?
        .ok_or(Error::BranchUnknown)?;
    let mut number = store::count(tx).await? + 1;
    let prefix = loop {
        let text = if number < 100 {
            format!("B{number}")
        } else {
            number.to_string()
        };
        let prefix: Prefix = text.parse().map_err(|_| Error::SeriesFull)?;
        if !store::prefix_taken(tx, &prefix).await? {
            break prefix;
        }
        number += 1;
    };
    let name: LegalName = known
        .name
        .as_str()
        .parse()
        .map_err(|_| DbError::Other("the name of a branch is no name on paper".to_owned()))?;
    let fields = ProfileFields {
        legal_name: name,
        address: known.address.clone(),
        phone: None,
        gstin: None,
        state: None,
        prefix,
    };
    store::put_profile(tx, branch, &fields).await.map_err(taken)
}

fn taken(error: DbError) -> Error {
    if error.is_unique_on("billing_profiles", "prefix") {
        Error::PrefixTaken
    } else {
        error.into()
    }
}
