//! Setting an authenticator app up, and removing it.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{Body, Created, Json, NoContent, RequestContext, UserCx};
use gantry_kernel::{Actor, Secret};
use gantry_proofs::totp::{matching_step, new_secret, text, uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{place, store, unseal};
use crate::factor::{self, FactorError, Kind, NewFactor};
use crate::session::{Method, Methods};
use crate::{Error, Identity, account};

/// What an authenticator app needs. It is shown this once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Enrolment {
    /// The shared secret in base32, to be typed.
    secret: String,
    /// The same and the names to show, to be drawn as a QR code.
    uri: String,
}

/// Makes the secret of an authenticator app. It counts once a code was given; asked for again before that, the secret
/// is another one.
pub(crate) async fn enrol(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Created<Enrolment>, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    let entropy = identity.kernel.entropy.as_ref();
    let secret = new_secret(entropy);
    let sealed = identity
        .keyring
        .seal(entropy, &place(person), secret.expose())
        .map_err(FactorError::from)?;
    let account = identity
        .control
        .write(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            if !store::begin(tx, person, &sealed).await? {
                return Err(Error::from(FactorError::TotpExists));
            }
            let entry = Entry::new(
                Actor::Identity(person),
                "identity.factor.begun",
                Target::new("identity", person),
            );
            let facts = Facts::new().with("kind", Kind::Totp.as_str());
            gantry_audit::append(tx, entry.after(facts).origin(&origin)).await?;
            Ok(account)
        })
        .await?;
    let secret = text(secret.expose());
    let uri = uri(&identity.name(), account.email.as_str(), &secret);
    Ok(Created::at("/api/v1/me/factors", Enrolment { secret, uri }))
}

/// The first code of the app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstCode {
    /// The six digits that the app shows.
    code: Secret<String>,
}

/// What setting a factor up gives.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Confirmation {
    /// Codes for when the factor is lost, if this is the first one. They are shown this once.
    recovery_codes: Option<Vec<String>>,
}

/// Makes the app count, after it has shown that it knows the secret.
pub(crate) async fn confirm(
    identity: Arc<Identity>,
    cx: UserCx,
    Body(input): Body<FirstCode>,
) -> Result<Json<Confirmation>, Error> {
    let (person, session, origin) = (cx.principal().identity, cx.session().id, cx.origin());
    let state = Arc::clone(&identity);
    let recovery_codes = identity
        .control
        .write(async move |tx| {
            let app = store::get(tx, person).await?;
            let app = app.filter(|app| app.confirmed_at.is_none());
            let app = app.ok_or(FactorError::TotpNotBegun)?;
            let secret = unseal(&state, person, &app.sealed_secret)?;
            let step = matching_step(secret.expose(), input.code.expose(), tx.now())
                .ok_or(FactorError::WrongField("/code"))?;
            if !store::confirm(tx, person, step).await? {
                return Err(FactorError::TotpNotBegun.into());
            }
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            let new = NewFactor {
                account: &account,
                session,
                kind: Kind::Totp,
                methods: Methods::new([Method::OneTimeCode]),
                origin: &origin,
            };
            factor::added(tx, &new).await
        })
        .await?;
    identity.changed();
    Ok(Json(Confirmation { recovery_codes }))
}

/// Removes the app.
pub(crate) async fn remove(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<NoContent, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    identity
        .control
        .write(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            if !store::remove(tx, person).await? {
                return Err(Error::NotFound);
            }
            factor::removed(tx, &account, Kind::Totp, &origin).await
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}
