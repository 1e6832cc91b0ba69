//! Asking for a passkey, and signing in by one alone.

use std::sync::Arc;

use gantry_db::Tx;
use gantry_http::{Body, Created, PublicCx, RequestContext, UserCx, With};
use gantry_kernel::{Origin, Secret};
use gantry_webauthn::{Answer, Asked, Shown};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ceremony::Purpose;
use super::check::{ask, check};
use super::{PasskeyError, store};
use crate::account::{self, Account};
use crate::challenge::{self, Entered, enter};
use crate::factor::FactorError;
use crate::password::{Known, address, lockout};
use crate::session::CookieValue;
use crate::session::api::{Mode, SignedIn};
use crate::session::begin::{Begun, Start};
use crate::{Error, Identity};

/// For which log-in a passkey is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichLogIn {
    /// The challenge of a log-in that a passkey completes; without it, any passkey of this site signs in alone.
    challenge: Option<Secret<String>>,
}

/// Asks for a passkey: of the account whose log-in it completes, or any.
pub(crate) async fn begin(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<WhichLogIn>,
) -> Result<Created<Asked>, Error> {
    let page = cx.request().header("origin");
    identity.passkeys.accept_page(page)?;
    let state = Arc::clone(&identity);
    let asked = identity
        .control
        .write(async move |tx| match &input.challenge {
            None => ask(&state, tx, &Purpose::log_in(), None).await,
            Some(challenge) => {
                let person = challenge::person(tx, challenge).await?;
                let person = person.ok_or(FactorError::ChallengeGone)?;
                ask(&state, tx, &Purpose::second_factor(challenge), Some(person)).await
            }
        })
        .await?;
    Ok(Created::at("/api/v1/auth/sessions/passkey", asked))
}

/// Asks for one of the caller's passkeys, to confirm the session by it.
pub(crate) async fn begin_step_up(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Created<Asked>, Error> {
    let page = cx.request().header("origin");
    identity.passkeys.accept_page(page)?;
    let (person, purpose) = (cx.principal().identity, Purpose::step_up(cx.session().id));
    let state = Arc::clone(&identity);
    let asked = identity
        .control
        .write(async move |tx| ask(&state, tx, &purpose, Some(person)).await)
        .await?;
    Ok(Created::at("/api/v1/me/step-up", asked))
}

/// A log-in by passkey alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyLogIn {
    /// The authenticator's answer.
    passkey: Answer,
    /// `token` (the default) or `cookie`.
    #[serde(default)]
    mode: Mode,
    /// The `device_token` of an earlier log-in to this account, from a client without cookies. A known device is not
    /// delayed by failures of others at its network address.
    device_token: Option<Secret<String>>,
}

/// Signs in by a passkey. Failures count against the network address, as those of other log-ins do; there is no lock,
/// because nobody guesses a signature, so the lock of the password keeps nobody out who has a passkey.
pub(crate) async fn log_in(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<PasskeyLogIn>,
) -> Result<With<Created<SignedIn>>, Error> {
    let (origin, brought) = (cx.origin(), CookieValue::of(&cx));
    let from = counter(&identity, &cx, &input).await?;
    let state = Arc::clone(&identity);
    let begun = identity
        .control
        .write(async move |tx| {
            if let Some(counter) = &from
                && let Some(after) = lockout::remaining(tx, counter).await?
            {
                return Err(Error::TooMany(after));
            }
            let brought = brought.clone();
            let begun = attempt(&state, tx, &input, brought, &origin).await?;
            if let (None, Some(counter)) = (&begun, &from) {
                let quota = state.config.failed_log_in_per_address;
                address::fail(tx, counter, quota).await?;
            }
            Ok(begun)
        })
        .await?;
    let (begun, account) = begun.ok_or(PasskeyError::Refused)?;
    let device = identity.device(&cx, &identity.account_key(&account.email));
    begun.reply(&identity, Some(device)).await
}

/// `None` when the answer does not hold. Its transaction must be committed all the same.
async fn attempt(
    state: &Identity,
    tx: &mut Tx,
    input: &PasskeyLogIn,
    brought: Option<CookieValue>,
    origin: &Origin,
) -> Result<Option<(Begun, Account)>, Error> {
    let purpose = Purpose::log_in();
    let proven = check(state, tx, &purpose, None, &input.passkey, origin).await?;
    let Some((account, methods)) = proven else {
        return Ok(None);
    };
    let start = Start {
        person: account.id,
        mode: input.mode,
        methods,
        impersonation: None,
        brought,
        vouched: None,
    };
    match enter(tx, &start, origin, &state.config).await? {
        Entered::Session(begun) => Ok(Some((begun, account))),
        // Never: a passkey is two factors by itself.
        Entered::Challenge(_) => Ok(None),
    }
}

/// Under what a failure is counted; `None` for a device that is known at the account whose passkey it shows.
async fn counter(
    identity: &Identity,
    cx: &PublicCx,
    input: &PasskeyLogIn,
) -> Result<Option<[u8; 32]>, Error> {
    let shown = Shown::parse(&input.passkey.credential);
    let account = identity
        .control
        .read(async move |tx| {
            let key = shown.as_ref().map_or(&[][..], Shown::key);
            match store::by_credential(tx, key).await? {
                Some(stored) => account::store::by_id(tx, stored.identity_id).await,
                None => Ok(None),
            }
        })
        .await?;
    let known = account.is_some_and(|account| {
        let key = identity.account_key(&account.email);
        let token = input.device_token.as_ref();
        identity.devices.known(cx, &key, token) != Known::Nobody
    });
    let stranger = cx.origin().ip.filter(|_| !known);
    Ok(stranger.map(|ip| identity.address(ip)))
}
