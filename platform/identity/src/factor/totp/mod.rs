//! The authenticator app of an account.

pub(crate) mod api;
pub(crate) mod store;

use gantry_db::Tx;
use gantry_kernel::{IdentityId, Secret};
use gantry_proofs::totp::matching_step;

use super::FactorError;
use crate::{Error, Identity};

/// Where the sealed secret belongs.
fn place(person: IdentityId) -> String {
    format!("totp/sealed_secret/{person}")
}

fn unseal(
    state: &Identity,
    person: IdentityId,
    sealed: &[u8],
) -> Result<Secret<Vec<u8>>, FactorError> {
    Ok(state.keyring.open(&place(person), sealed)?)
}

/// Whether `given` is a code of the account's app that was not used before. It and all older ones are used with it.
pub(super) async fn accept(
    state: &Identity,
    tx: &mut Tx,
    person: IdentityId,
    given: &Secret<String>,
) -> Result<bool, Error> {
    let Some(app) = store::get(tx, person).await? else {
        return Ok(false);
    };
    if app.confirmed_at.is_none() {
        return Ok(false);
    }
    let secret = unseal(state, person, &app.sealed_secret)?;
    match matching_step(secret.expose(), given.expose(), tx.now()) {
        Some(step) => Ok(store::use_step(tx, person, step).await?),
        None => Ok(false),
    }
}
