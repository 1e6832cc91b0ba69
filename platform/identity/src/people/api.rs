//! Finding and suspending people.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{Body, Json, Page, PageQuery, Path, PlatformCx, Query, RequestContext};
use gantry_kernel::{Email, IdentityId, Text};
use schemars::JsonSchema;
use serde::Deserialize;

use super::store::{self, Person};
use crate::account::closure::is_last_operator;
use crate::{Error, Identity, session};

/// Who is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ListPeople {
    /// Only the account with this address.
    email: Option<Email>,
    #[serde(flatten)]
    page: PageQuery,
}

/// All accounts, newest first.
pub(crate) async fn list(
    identity: Arc<Identity>,
    cx: PlatformCx,
    Query(query): Query<ListPeople>,
) -> Result<Page<Person>, Error> {
    let ListPeople { email, page } = query;
    let filters = email.as_ref().map(Email::as_str);
    let before = cx.cursor::<IdentityId>(&page, &filters)?;
    let (wanted, limit) = (email.clone(), page.limit());
    let people = identity
        .control
        .read(async move |tx| store::list(tx, wanted.as_ref(), before, limit).await)
        .await?;
    Ok(cx.page(&page, &filters, people, |person| person.id)?)
}

/// One account.
pub(crate) async fn get(
    identity: Arc<Identity>,
    _: PlatformCx,
    Path(person): Path<IdentityId>,
) -> Result<Json<Person>, Error> {
    let found = identity
        .control
        .read(async move |tx| store::get(tx, person).await)
        .await?;
    Ok(Json(found.ok_or(Error::NotFound)?))
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendPerson {
    /// For other operators; no personal data.
    reason: Text<1, 200>,
}

/// Shuts a person out: their sessions end at once, and those in which they act as somebody else.
pub(crate) async fn suspend(
    identity: Arc<Identity>,
    cx: PlatformCx,
    (Path(person), Body(SuspendPerson { reason })): (Path<IdentityId>, Body<SuspendPerson>),
) -> Result<Json<Person>, Error> {
    change(&identity, &cx, person, Some(reason.as_str().to_owned())).await
}

/// Lets a person in again; they sign in anew.
pub(crate) async fn resume(
    identity: Arc<Identity>,
    cx: PlatformCx,
    Path(person): Path<IdentityId>,
) -> Result<Json<Person>, Error> {
    change(&identity, &cx, person, None).await
}

async fn change(
    identity: &Identity,
    cx: &PlatformCx,
    person: IdentityId,
    reason: Option<String>,
) -> Result<Json<Person>, Error> {
    let (actor, origin) = (cx.actor(), cx.origin());
    let changed = identity
        .control
        .write(async move |tx| {
            let old = store::get(tx, person).await?.ok_or(Error::NotFound)?;
            if reason.is_some() && is_last_operator(tx, person).await? {
                return Err(Error::LastOperator);
            }
            store::set_state(tx, person, reason.as_deref()).await?;
            let (action, ended) = match &reason {
                Some(_) => {
                    let ended = session::store::revoke_all(tx, person, None, "suspended").await?;
                    ("identity.account.suspended", ended)
                }
                None => ("identity.account.resumed", 0),
            };
            let facts = |state: &str, reason: Option<&str>| {
                Facts::new().with("state", state).with("reason", reason)
            };
            let new = store::get(tx, person).await?.ok_or(Error::NotFound)?;
            let before = facts(&old.state, old.state_reason.as_deref());
            let after =
                facts(&new.state, new.state_reason.as_deref()).with("sessions_ended", ended);
            let entry = Entry::new(actor, action, Target::new("identity", person));
            gantry_audit::append(tx, entry.before(before).after(after).origin(&origin)).await?;
            Ok::<_, Error>(new)
        })
        .await?;
    identity.changed();
    Ok(Json(changed))
}
