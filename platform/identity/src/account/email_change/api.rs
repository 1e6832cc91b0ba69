//! Asking for another address, and confirming it.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{Accepted, Body, NoContent, PublicCx, RequestContext, Subject, UserCx};
use gantry_kernel::{Actor, Email};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{EmailChangeId, store};
use crate::account::{self, Account};
use crate::link::{self, Purpose};
use crate::password::lockout;
use crate::sign_up::api::{LinkToken, MailSent};
use crate::{Error, Identity, mail, session};

/// Where to move.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAddress {
    /// The address the account shall have.
    email: Email,
}

/// Asks for another address. The new one gets a link, the old one a notice.
pub(crate) async fn request(
    identity: Arc<Identity>,
    cx: UserCx,
    Body(NewAddress { email }): Body<NewAddress>,
) -> Result<Accepted<MailSent>, Error> {
    let (person, session) = (cx.principal().identity, cx.session().id);
    identity.cool_down("email_change", Subject::key(person))?;
    identity.limit_mail("email_change_mail", &email)?;
    let (actor, origin) = (cx.actor(), cx.origin());
    identity
        .control
        .write(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            let change = store::put(tx, person, session, &email).await?;
            mail::put(tx, mail::CHANGE_EMAIL, &email, json!({ "change": change })).await?;
            mail::put(tx, mail::EMAIL_CHANGE_ASKED, &account.email, json!({})).await?;
            let target = Target::new("identity", person);
            let entry = Entry::new(actor, "identity.email.change_asked", target).origin(&origin);
            gantry_audit::append(tx, entry).await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(MailSent::reply())
}

/// Moves the account. Everything that the old mailbox could still open dies: reset links, and every session but
/// the one that asked.
pub(crate) async fn confirm(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(LinkToken { token }): Body<LinkToken>,
) -> Result<NoContent, Error> {
    let origin = cx.origin();
    let state = Arc::clone(&identity);
    identity
        .control
        .write(async move |tx| {
            let change = link::consume(tx, Purpose::ChangeEmail, token.expose())
                .await?
                .and_then(|id| id.parse::<EmailChangeId>().ok());
            let change = match change {
                Some(id) => store::get(tx, id).await?,
                None => None,
            };
            let change = change.ok_or(Error::LinkGone)?;
            // Whoever ended the session that asked did not want what it asked for.
            if !session::store::is_alive(tx, change.session_id).await? {
                return Err(Error::LinkGone);
            }
            let person = change.identity_id;
            let old = account::store::by_id(tx, person)
                .await?
                .filter(Account::may_sign_in)
                .ok_or(Error::LinkGone)?;
            if !account::store::move_to(tx, person, &change.new_email).await? {
                return Err(Error::AddressTaken);
            }
            store::forget(tx, person).await?;
            link::forget(tx, Purpose::Reset, &person.to_string()).await?;
            let key = state.account_key(&old.email);
            lockout::clear_all(tx, &key).await?;
            let kept = Some(change.session_id);
            let ended = session::store::revoke_all(tx, person, kept, "email_changed").await?;
            let target = Target::new("identity", person);
            let entry = Entry::new(Actor::Identity(person), "identity.email.changed", target);
            let facts = Facts::new().with("sessions_ended", ended);
            gantry_audit::append(tx, entry.after(facts).origin(&origin)).await?;
            let name = json!({ "name": old.name });
            mail::put(tx, mail::EMAIL_CHANGED, &old.email, name.clone()).await?;
            mail::put(tx, mail::EMAIL_CHANGED, &change.new_email, name).await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}
