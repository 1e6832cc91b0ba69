//! The tables `money_settings` and `billing_profiles`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_invoices::{Gstin, Prefix, StateCode};
use gantry_kernel::{Currency, UnitId};

use super::{LegalName, PostalAddress, Profile, Settings};
use crate::money::{Amount, Positive};
use crate::phone::Phone;

/// What the tenant has decided.
pub async fn settings(tx: &mut Tx) -> Result<Settings, DbError> {
    tx.one(
        sql!(
            "select currency, approval_limit, late_fee, late_days, version, updated_at from money_settings where id = 1"
        ),
        &args![],
    )
    .await
}

/// Decides anew, over the version the caller saw.
pub async fn decide(
    tx: &mut Tx,
    version: i64,
    currency: Currency,
    limit: Option<Amount>,
    late: (Option<Positive>, i64),
) -> Result<Option<Settings>, DbError> {
    let now = tx.now();
    tx.opt(
        sql!(
            "update money_settings set currency = $2, approval_limit = $3, late_fee = $4, late_days = $5,
                                       version = version + 1, updated_at = $6
             where id = 1 and version = $1
             returning currency, approval_limit, late_fee, late_days, version, updated_at"
        ),
        &args![
            version,
            currency.as_str(),
            limit.map(Amount::get),
            late.0.map(Positive::get),
            late.1,
            now
        ],
    )
    .await
}

/// Whether anything was ever charged, paid or spent.
pub async fn in_use(tx: &mut Tx) -> Result<bool, DbError> {
    tx.one(
        sql!("select exists (select 1 from ledger_entries)"),
        &args![],
    )
    .await
}

/// Who a branch is on paper, if somebody said.
pub async fn profile(tx: &mut Tx, branch: UnitId) -> Result<Option<Profile>, DbError> {
    tx.opt(
        sql!(
            "select branch_id, legal_name, address, phone, gstin, state, prefix, version, updated_at
             from billing_profiles where branch_id = $1"
        ),
        &args![branch],
    )
    .await
}

/// How many branches are somebody on paper.
pub async fn count(tx: &mut Tx) -> Result<i64, DbError> {
    tx.one(sql!("select count(*) from billing_profiles"), &args![])
        .await
}

/// Whether a branch has the prefix.
pub async fn prefix_taken(tx: &mut Tx, prefix: &Prefix) -> Result<bool, DbError> {
    tx.one(
        sql!("select exists (select 1 from billing_profiles where prefix = $1)"),
        &args![prefix],
    )
    .await
}

/// What somebody says about a branch on paper.
#[derive(Debug, Clone)]
pub struct ProfileFields {
    /// The seller's name.
    pub legal_name: LegalName,
    /// The seller's address.
    pub address: Option<PostalAddress>,
    /// The seller's phone.
    pub phone: Option<Phone>,
    /// The registration.
    pub gstin: Option<Gstin>,
    /// The state.
    pub state: Option<StateCode>,
    /// What numbers begin with.
    pub prefix: Prefix,
}

/// Says it; the version before it is the caller's affair.
pub async fn put_profile(
    tx: &mut Tx,
    branch: UnitId,
    fields: &ProfileFields,
) -> Result<Profile, DbError> {
    let now = tx.now();
    tx.one(
        sql!(
            "insert into billing_profiles (branch_id, legal_name, address, phone, gstin, state, prefix, version, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, 1, $8)
             on conflict (branch_id) do update
             set legal_name = excluded.legal_name, address = excluded.address, phone = excluded.phone,
                 gstin = excluded.gstin, state = excluded.state, prefix = excluded.prefix,
                 version = billing_profiles.version + 1, updated_at = excluded.updated_at
             returning branch_id, legal_name, address, phone, gstin, state, prefix, version, updated_at"
        ),
        &args![
            branch,
            fields.legal_name,
            fields.address,
            fields.phone,
            fields.gstin,
            fields.state,
            fields.prefix,
            now
        ],
    )
    .await
}
