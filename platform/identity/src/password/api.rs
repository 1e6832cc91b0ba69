//! Forgotten and changed passwords.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{DbError, Tx};
use gantry_http::{
    Accepted, Body, NoContent, PublicCx, ReplyExt, RequestContext, Subject, UserCx, With,
};
use gantry_kernel::{Actor, IdentityId, Secret};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{Guesser, Known, Owner, accept, lockout, prove};
use crate::account::Account;
use crate::factor::FactorError;
use crate::link::{self, Purpose};
use crate::sign_up::api::{Address, MailSent};
use crate::{Error, Identity, account, mail, session};

/// Asks for a reset link. What is stored is the wish to mail; whether the address has an account is looked
/// up when the mail would be sent, so this answer and its time are the same for every address.
pub(crate) async fn request_reset(
    identity: Arc<Identity>,
    _: PublicCx,
    Body(input): Body<Address>,
) -> Result<Accepted<MailSent>, Error> {
    let key = identity.account_key(&input.email);
    identity.limit(
        "reset_mail",
        Subject::key(key.label()),
        identity.config.reset_per_account,
    )?;
    let email = input.email;
    identity
        .control
        .write(async move |tx| mail::put(tx, mail::RESET_PASSWORD, &email, json!({})).await)
        .await?;
    Ok(MailSent::reply())
}

/// A new password and the link that allows it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// What stands after `#token=` in the link.
    token: Secret<String>,
    /// 12 to 128 characters of any kind.
    #[schemars(extend("minLength" = 12, "maxLength" = 128))]
    password: Secret<String>,
}

/// Sets a new password by a link. Every session of the person ends, and the browser counts as one of theirs: the
/// link proves as much as a log-in does.
pub(crate) async fn confirm_reset(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<Reset>,
) -> Result<With<NoContent>, Error> {
    let Reset { token, password } = input;
    let looked = token.clone();
    let (account, owner) = identity
        .control
        .read(async move |tx| {
            let subject = link::peek(tx, Purpose::Reset, looked.expose()).await?;
            let id: IdentityId = subject
                .and_then(|id| id.parse().ok())
                .ok_or(Error::LinkGone)?;
            load(tx, id).await?.ok_or(Error::LinkGone)
        })
        .await?;
    accept(&identity, "/password", &password, &owner).await?;
    let hash = identity.hasher.hash(password).await?;
    let key = identity.account_key(&account.email);
    let origin = cx.origin();
    identity
        .control
        .write(async move |tx| {
            let subject = link::consume(tx, Purpose::Reset, token.expose()).await?;
            if subject.as_deref() != Some(account.id.to_string().as_str()) {
                return Err(Error::LinkGone);
            }
            account::store::set_password(tx, account.id, Some(&hash)).await?;
            lockout::clear_all(tx, &key).await?;
            account::email_change::store::forget(tx, account.id).await?;
            let ended = session::store::revoke_all(tx, account.id, None, "password_reset").await?;
            let entry = Entry::new(
                Actor::Identity(account.id),
                "identity.password.reset",
                Target::new("identity", account.id),
            );
            let facts = Facts::new().with("sessions_ended", ended);
            gantry_audit::append(tx, entry.after(facts).origin(&origin)).await?;
            mail::put(tx, mail::PASSWORD_CHANGED, &account.email, json!({})).await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.forgive(&Guesser::new(key, Known::Nobody));
    identity.changed();
    Ok(NoContent.with_cookie(identity.device(&cx, &key).cookie))
}

/// An account and what a password of its owner must not be made of.
async fn load(tx: &mut Tx, id: IdentityId) -> Result<Option<(Account, Owner)>, DbError> {
    let account = account::store::by_id(tx, id).await?;
    let owner = Owner::load(tx, id).await?;
    Ok(account.zip(owner))
}

/// The old password and the new one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// The password as it is now.
    current_password: Secret<String>,
    /// 12 to 128 characters of any kind.
    #[schemars(extend("minLength" = 12, "maxLength" = 128))]
    new_password: Secret<String>,
}

/// Changes the caller's password; all other sessions end. An account with a second factor must have confirmed by that
/// lately. A wrong current password counts like a failed log-in, so that a stolen session cannot be used to guess. It is
/// counted by session: whoever fails to log in elsewhere does not keep the person from this.
pub(crate) async fn change_password(
    identity: Arc<Identity>,
    cx: UserCx,
    Body(input): Body<Change>,
) -> Result<NoContent, Error> {
    let (person, current) = (cx.principal().identity, cx.session().id);
    let origin = cx.origin();
    let (account, owner) = identity
        .control
        .read(async move |tx| load(tx, person).await)
        .await?
        .ok_or(Error::NotFound)?;
    if account.has_second_factor() && !cx.principal().is_fresh(cx.now()) {
        return Err(FactorError::Stale.into());
    }
    let Change {
        current_password,
        new_password,
    } = input;
    accept(&identity, "/new_password", &new_password, &owner).await?;
    let known = Known::Session(current);
    let proof = prove(&identity, &account.email, current_password, known, &origin)
        .await
        .map_err(|error| match error {
            // The caller is signed in; only the field is wrong.
            Error::Credentials => Error::WrongPassword("/current_password"),
            other => other,
        })?;
    let hash = identity.hasher.hash(new_password).await?;
    let confirmed = proof.clone();
    identity
        .control
        .write(async move |tx| {
            confirmed.confirm(tx).await?;
            account::store::set_password(tx, person, Some(&hash)).await?;
            link::forget(tx, Purpose::Reset, &person.to_string()).await?;
            account::email_change::store::forget(tx, person).await?;
            let ended =
                session::store::revoke_all(tx, person, Some(current), "password_changed").await?;
            let entry = Entry::new(
                Actor::Identity(person),
                "identity.password.changed",
                Target::new("identity", person),
            );
            let facts = Facts::new().with("sessions_ended", ended);
            gantry_audit::append(tx, entry.after(facts).origin(&origin)).await?;
            mail::put(tx, mail::PASSWORD_CHANGED, &account.email, json!({})).await?;
            Ok::<_, Error>(())
        })
        .await?;
    proof.forgive(&identity);
    identity.changed();
    Ok(NoContent)
}
