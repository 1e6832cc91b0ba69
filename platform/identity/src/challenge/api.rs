//! The second step of a log-in.

use std::sync::Arc;

use gantry_db::Tx;
use gantry_http::{Body, Created, PublicCx, RequestContext, With};
use gantry_kernel::{Email, Origin, Secret};
use gantry_webauthn::Answer;
use schemars::JsonSchema;
use serde::Deserialize;

use super::store;
use crate::factor::{FactorError, Place, Proof, Verdict, check};
use crate::passkey::Purpose;
use crate::password::{Guesser, address};
use crate::session::api::SignedIn;
use crate::session::begin::{Begun, Start, begin};
use crate::session::{CookieValue, Method};
use crate::{Error, Identity, account};

/// The challenge of the first step, and one proof.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactor {
    /// The challenge that the log-in answered with.
    challenge: Secret<String>,
    /// The six digits that the authenticator app shows.
    code: Option<Secret<String>>,
    /// A recovery code.
    recovery_code: Option<Secret<String>>,
    /// A passkey of the account, asked for with this challenge.
    passkey: Option<Answer>,
}

/// What an answer to a challenge led to. Its transaction is committed whatever it is.
enum Outcome {
    /// With the address of the account, where its password was the first proof.
    Begun(Box<Begun>, Option<Email>),
    Wrong,
    Gone,
    Refused(FactorError),
}

/// Completes a log-in with the second factor. Five wrong answers end the challenge, and wrong answers to all
/// challenges of an account count together.
pub(crate) async fn second_factor(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<SecondFactor>,
) -> Result<With<Created<SignedIn>>, Error> {
    let SecondFactor {
        challenge,
        code,
        recovery_code,
        passkey,
    } = input;
    let passkey = passkey.map(|answer| (Purpose::second_factor(&challenge), answer));
    let proof = Proof::of(code, recovery_code, passkey)?;
    let origin = cx.origin();
    let (state, brought) = (Arc::clone(&identity), CookieValue::of(&cx));
    let outcome = identity
        .control
        .write(async move |tx| {
            let open = store::get(tx, &challenge).await?.map(|start| Start {
                brought: brought.clone(),
                ..start
            });
            answer(&state, tx, &challenge, open, &proof, &origin).await
        })
        .await?;
    match outcome {
        // A provider's word neither ends a wait for the password nor opens another series of guesses at it.
        Outcome::Begun(begun, None) => begun.reply(&identity, None).await,
        Outcome::Begun(begun, Some(email)) => {
            let account = identity.account_key(&email);
            let known = identity.devices.known(&cx, &account, None);
            identity.forgive(&Guesser::new(account, known));
            let device = identity.device(&cx, &account);
            begun.reply(&identity, Some(device)).await
        }
        Outcome::Wrong => Err(FactorError::Wrong.into()),
        Outcome::Gone => Err(FactorError::ChallengeGone.into()),
        Outcome::Refused(error) => Err(error.into()),
    }
}

async fn answer(
    state: &Identity,
    tx: &mut Tx,
    challenge: &Secret<String>,
    open: Option<Start>,
    proof: &Proof,
    origin: &Origin,
) -> Result<Outcome, Error> {
    let Some(mut start) = open else {
        return Ok(Outcome::Gone);
    };
    let account = account::store::by_id(tx, start.person)
        .await?
        .filter(account::Account::may_sign_in);
    let Some(account) = account else {
        return Ok(Outcome::Gone);
    };
    match check(state, tx, &account, proof, Place::LogIn, origin).await? {
        Verdict::Right(methods) => {
            store::close(tx, challenge).await?;
            start.methods = start.methods.and(&methods).with(Method::MultiFactor);
            let begun = begin(tx, &start, origin, &state.config).await?;
            let known = start.vouched.is_none().then_some(account.email);
            Ok(Outcome::Begun(Box::new(begun), known))
        }
        Verdict::Wrong => {
            store::count(tx, challenge).await?;
            // The wait that this may lead to is one before the next first step.
            let guesser = state.factor_guesser(account.id);
            if let Some(counter) = state.address_counter(&guesser, origin) {
                let quota = state.config.failed_log_in_per_address;
                address::fail(tx, &counter, quota).await?;
            }
            Ok(Outcome::Wrong)
        }
        Verdict::Locked(after) => Ok(Outcome::Refused(FactorError::Locked(after))),
    }
}
