//! A new set of recovery codes.

use std::sync::Arc;

use gantry_audit::{Entry, Target};
use gantry_http::{Created, RequestContext, UserCx};
use gantry_kernel::Actor;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::replace;
use crate::factor::FactorError;
use crate::{Error, Identity, account, mail};

/// A set of recovery codes. It is shown this once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RecoveryCodes {
    /// Each is good once, in place of a second factor.
    recovery_codes: Vec<String>,
}

/// Makes a new set of recovery codes; the one before is no good any more.
pub(crate) async fn regenerate(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Created<RecoveryCodes>, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    let recovery_codes = identity
        .control
        .write(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            if !account.has_second_factor() {
                return Err(FactorError::NoFactor.into());
            }
            let codes = replace(tx, person).await?;
            let entry = Entry::new(
                Actor::Identity(person),
                "identity.recovery_codes.replaced",
                Target::new("identity", person),
            );
            gantry_audit::append(tx, entry.origin(&origin)).await?;
            let params = json!({ "what": "new recovery codes were made; the old ones are no good any more" });
            mail::put(tx, mail::FACTORS_CHANGED, &account.email, params).await?;
            Ok::<_, Error>(codes)
        })
        .await?;
    let body = RecoveryCodes { recovery_codes };
    Ok(Created::at("/api/v1/me/factors", body))
}
