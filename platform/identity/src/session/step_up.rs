//! Confirming in an open session that the person is there, before something sensitive.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_http::{Body, Json, RequestContext, UserCx};
use gantry_kernel::{Actor, Origin, Secret, SessionId, Timestamp};
use gantry_webauthn::Answer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Method, Methods, store};
use crate::account::Account;
use crate::factor::{FactorError, Place, Proof, Verdict, check};
use crate::passkey::Purpose;
use crate::password::{Known, prove};
use crate::{Error, Identity, account};

/// One proof; an account with a second factor must use that.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUp {
    /// The password, for accounts without a second factor.
    password: Option<Secret<String>>,
    /// The six digits that the authenticator app shows.
    code: Option<Secret<String>>,
    /// A recovery code.
    recovery_code: Option<Secret<String>>,
    /// A passkey, asked for at `POST /api/v1/me/step-up/passkey`.
    passkey: Option<Answer>,
}

/// A session that was confirmed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Confirmed {
    /// Until when sensitive operations need no new proof.
    fresh_until: Timestamp,
}

/// Confirms that the person is there. Wrong answers count like those of a log-in, so that a stolen session cannot be
/// used to guess.
pub(crate) async fn step_up(
    identity: Arc<Identity>,
    cx: UserCx,
    Body(input): Body<StepUp>,
) -> Result<Json<Confirmed>, Error> {
    let StepUp {
        password,
        code,
        recovery_code,
        passkey,
    } = input;
    let passkey = passkey.map(|answer| (Purpose::step_up(cx.session().id), answer));
    let person = cx.principal().identity;
    let account = identity
        .control
        .read(async move |tx| account::store::by_id(tx, person).await)
        .await?
        .ok_or(Error::NotFound)?;
    let session = Session {
        id: cx.session().id,
        // A workspace's provider can begin as many sessions as it likes: a series of guesses in each would be no bound.
        guesses: match cx.session().only {
            Some(_) => Known::Nobody,
            None => Known::Session(cx.session().id),
        },
        account,
        origin: cx.origin(),
    };
    let at = match (password, code, recovery_code, passkey) {
        (Some(password), None, None, None) => by_password(&identity, session, password).await?,
        (None, code, recovery_code, passkey) => {
            let proof = Proof::of(code, recovery_code, passkey)?;
            by_factor(&identity, session, proof).await?
        }
        _ => return Err(FactorError::NotOne.into()),
    };
    identity.changed();
    let fresh_until = at + identity.config.step_up.get();
    Ok(Json(Confirmed { fresh_until }))
}

/// What is to be confirmed.
#[derive(Clone)]
struct Session {
    id: SessionId,
    /// Who is counted when the password is wrong.
    guesses: Known,
    account: Account,
    origin: Origin,
}

async fn by_password(
    identity: &Identity,
    session: Session,
    password: Secret<String>,
) -> Result<Timestamp, Error> {
    // Before the password is compared: with a second factor it would prove nothing here.
    if session.account.has_second_factor() {
        return Err(FactorError::Needed.into());
    }
    let (email, known) = (&session.account.email, session.guesses);
    let proof = prove(identity, email, password, known, &session.origin)
        .await
        .map_err(|error| match error {
            // The caller is signed in; only the field is wrong.
            Error::Credentials => Error::WrongPassword("/password"),
            other => other,
        })?;
    let confirmed = proof.clone();
    let methods = Methods::new([Method::Password]);
    identity
        .control
        .write(async move |tx| {
            confirmed.confirm(tx).await?;
            note(tx, &session, &methods).await
        })
        .await?;
    proof.forgive(identity);
    Ok(identity.kernel.now())
}

async fn by_factor(
    identity: &Arc<Identity>,
    session: Session,
    proof: Proof,
) -> Result<Timestamp, Error> {
    let (state, field) = (Arc::clone(identity), proof.field());
    // A wrong answer is counted, so its transaction is committed, too.
    let verdict = identity
        .control
        .write(async move |tx| answer(&state, tx, &session, &proof).await)
        .await?;
    match verdict {
        Verdict::Right(_) => Ok(identity.kernel.now()),
        Verdict::Wrong => Err(FactorError::WrongField(field).into()),
        Verdict::Locked(after) => Err(FactorError::Locked(after).into()),
    }
}

async fn answer(
    state: &Identity,
    tx: &mut Tx,
    session: &Session,
    proof: &Proof,
) -> Result<Verdict, Error> {
    let verdict = check(
        state,
        tx,
        &session.account,
        proof,
        Place::StepUp,
        &session.origin,
    )
    .await?;
    if let Verdict::Right(methods) = &verdict {
        let methods = methods.clone().with(Method::MultiFactor);
        note(tx, session, &methods).await?;
    }
    Ok(verdict)
}

/// Notes what was proven.
async fn note(tx: &mut Tx, session: &Session, methods: &Methods) -> Result<(), Error> {
    store::confirm(tx, session.id, methods).await?;
    let entry = Entry::new(
        Actor::Identity(session.account.id),
        "identity.session.confirmed",
        Target::new("session", session.id),
    );
    let facts = Facts::new().with("methods", methods.text());
    gantry_audit::append(tx, entry.after(facts).origin(&session.origin)).await?;
    Ok(())
}
