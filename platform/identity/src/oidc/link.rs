//! What accounts at providers belong to the caller's account. Linking takes a session whose person has just proven that
//! they are there, and ends in that session.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_http::{
    Body, Cookie, Created, Json, NoContent, Path, ReplyExt, RequestContext, UserCx, With,
};
use gantry_kernel::{Actor, IdentityId, Origin, TenantId, Timestamp};
use gantry_openid::Issuer;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::log_in::{Departure, Purpose, Return, arrive, depart};
use super::provider::{Provider, named};
use super::{COOKIE, LinkId, ProviderError, held, store};
use crate::{Error, Identity, account, mail, member, session};

/// An account at a provider.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Link {
    pub(crate) id: LinkId,
    /// The provider's issuer.
    issuer: String,
    /// What it calls the person.
    subject: String,
    /// The one workspace it opens; absent: it signs in everywhere.
    workspace: Option<TenantId>,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

impl From<store::LinkRow> for Link {
    fn from(row: store::LinkRow) -> Self {
        Self {
            id: row.id,
            workspace: row.tenant(),
            issuer: row.issuer,
            subject: row.subject,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// What is linked.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Links {
    items: Vec<Link>,
}

/// What is linked to the caller's account.
pub(crate) async fn list(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Json<Links>, Error> {
    let person = cx.principal().identity;
    let rows = identity
        .control
        .read(async move |tx| store::links(tx, person).await)
        .await?;
    let items = rows.into_iter().map(Link::from).collect();
    Ok(Json(Links { items }))
}

/// A workspace's provider is for its members.
async fn reachable(
    state: &Identity,
    tx: &mut Tx,
    person: IdentityId,
    key: &str,
) -> Result<Provider, Error> {
    let provider = named(state, tx, key).await?;
    if let Some(tenant) = provider.tenant {
        let member = member::store::tenant_of(tx, person, &tenant.to_string()).await?;
        member.ok_or(Error::NotFound)?;
    }
    Ok(provider)
}

/// Begins to link an account at a provider.
pub(crate) async fn begin(
    identity: Arc<Identity>,
    cx: UserCx,
    Path(key): Path<String>,
) -> Result<With<Json<Departure>>, Error> {
    let (state, person) = (Arc::clone(&identity), cx.principal().identity);
    let provider = identity
        .control
        .read(async move |tx| reachable(&state, tx, person, &key).await)
        .await?;
    depart(&identity, &provider, Purpose::Link(cx.session().id)).await
}

/// Completes it, in the session in which it was begun.
pub(crate) async fn complete(
    identity: Arc<Identity>,
    cx: UserCx,
    Body(back): Body<Return>,
) -> Result<With<Created<Link>>, Error> {
    let (person, session) = (cx.principal().identity, cx.session().id);
    let (attempt, origin, state) = (held(&cx)?, cx.origin(), Arc::clone(&identity));
    let (provider, who, _) = arrive(&identity, attempt, back, Some(session)).await?;
    let link = identity
        .control
        .write(async move |tx| {
            let provider = reachable(&state, tx, person, &provider.key).await?;
            let id = store::link(tx, person, &provider, &who.subject).await?;
            note(
                tx,
                person,
                "added",
                &provider.client.issuer,
                provider.tenant,
                &origin,
            )
            .await?;
            let row = store::get_link(tx, person, id).await?;
            Ok::<_, Error>(Link::from(row.ok_or(Error::NotFound)?))
        })
        .await?;
    let location = format!("/api/v1/me/linked-accounts/{}", link.id);
    Ok(Created::at(location, link).with_cookie(Cookie::remove(COOKIE)))
}

/// Removes a link and ends the sessions that began by it, except this one. Something else must sign in to the account.
pub(crate) async fn remove(
    identity: Arc<Identity>,
    cx: UserCx,
    Path(link): Path<LinkId>,
) -> Result<NoContent, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    let (current, state) = (cx.session().id, Arc::clone(&identity));
    identity
        .control
        .write(async move |tx| {
            let row = store::get_link(tx, person, link).await?;
            let row = row.ok_or(Error::NotFound)?;
            store::unlink(tx, link).await?;
            if row.tenant().is_none() && !has_way_in(&state, tx, person).await? {
                return Err(ProviderError::LastWayIn.into());
            }
            session::store::revoke_linked(tx, link, current).await?;
            let issuer: Issuer = row.issuer.parse().map_err(|_| Error::NotFound)?;
            note(tx, person, "removed", &issuer, row.tenant(), &origin).await
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}

/// Whether a password, or a provider of the installation, signs in to the account. A passkey alone is not enough: it
/// ends with its device, or with the address of the installation.
async fn has_way_in(state: &Identity, tx: &mut Tx, person: IdentityId) -> Result<bool, Error> {
    let account = account::store::by_id(tx, person).await?;
    if account.is_some_and(|account| account.password_hash.is_some()) {
        return Ok(true);
    }
    let links = store::links(tx, person).await?;
    let usable = |issuer: &str| {
        let mut known = state.providers.iter();
        known.any(|one| one.client.issuer.as_str() == issuer)
    };
    Ok(links
        .iter()
        .any(|link| link.tenant().is_none() && usable(&link.issuer)))
}

async fn note(
    tx: &mut Tx,
    person: IdentityId,
    what: &str,
    issuer: &Issuer,
    tenant: Option<TenantId>,
    origin: &Origin,
) -> Result<(), Error> {
    let action = match what {
        "added" => "identity.link.added",
        _ => "identity.link.removed",
    };
    let target = Target::new("identity", person);
    let entry = Entry::new(Actor::Identity(person), action, target);
    let facts = Facts::new().with("issuer", issuer.as_str());
    let entry = entry.after(facts).origin(origin);
    let entry = match tenant {
        Some(tenant) => entry.about(tenant),
        None => entry,
    };
    gantry_audit::append(tx, entry).await?;
    if let Some(account) = account::store::by_id(tx, person).await? {
        // The host, not the name somebody gave the provider: the mail is in our name.
        let what = format!("signing in by {} was {what}", issuer.host());
        let params = json!({ "what": what });
        mail::put(tx, mail::FACTORS_CHANGED, &account.email, params).await?;
    }
    Ok(())
}
