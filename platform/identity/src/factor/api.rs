//! What the caller's account is proven with.

use std::sync::Arc;

use gantry_http::{Json, UserCx};
use gantry_kernel::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{recovery, totp};
use crate::{Error, Identity, account, passkey};

/// The factors of the caller's account.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Factors {
    /// Whether the account has a password.
    password: bool,
    /// Since when signing in takes a second factor; null when it does not.
    second_factor_since: Option<Timestamp>,
    /// Since when there is an authenticator app; null when there is none.
    totp_since: Option<Timestamp>,
    /// How many passkeys there are.
    passkeys: usize,
    /// Recovery codes that can still be used.
    recovery_codes_left: i64,
}

/// Lists the factors of the caller's account.
pub(crate) async fn get_factors(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Json<Factors>, Error> {
    let person = cx.principal().identity;
    let factors = identity
        .control
        .read(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            Ok::<_, Error>(Factors {
                password: account.password_hash.is_some(),
                second_factor_since: account.second_factor_since,
                totp_since: totp::store::confirmed_at(tx, person).await?,
                passkeys: passkey::store::list(tx, person).await?.len(),
                recovery_codes_left: recovery::store::left(tx, person).await?,
            })
        })
        .await?;
    Ok(Json(factors))
}
