//! Signing in by a provider: to it, and back.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_http::{Body, Cookie, Json, Path, PublicCx, ReplyExt, RequestContext, With};
use gantry_kernel::{Actor, Email, IdentityId, Origin, Secret, SessionId, Timestamp};
use gantry_openid::{Attempt, OpenIdError, RelyingParty, Returned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::provider::{Provider, named, scope};
use super::{
    COOKIE, LIFETIME, LinkId, ProviderError, Vouched, attempts, cookie, held, redirect_uri, store,
};
use crate::account::{self, PersonName};
use crate::challenge::{Entrance, enter};
use crate::session::api::Mode;
use crate::session::begin::Start;
use crate::session::{CookieValue, Method, Methods};
use crate::{Error, Identity, member};

/// How the session is to travel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginLogIn {
    /// `token` (the default) or `cookie`.
    #[serde(default)]
    mode: Mode,
}

/// Where to send the browser.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Departure {
    /// The provider's page; the browser comes back to `/sign-in/callback` with `code`, `state` and perhaps `iss`.
    authorization_url: String,
    /// Until when it must have come back.
    expires_at: Timestamp,
}

/// What the browser came back with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Return {
    /// From the address.
    pub(super) state: Secret<String>,
    /// From the address.
    code: Secret<String>,
    /// From the address, where it is there.
    iss: Option<String>,
}

/// Begins to sign in. It is a `POST`, so that no page elsewhere can begin it in somebody's browser, and what comes back is
/// of use in this browser only.
pub(crate) async fn begin(
    identity: Arc<Identity>,
    _: PublicCx,
    (Path(key), Body(input)): (Path<String>, Body<BeginLogIn>),
) -> Result<With<Json<Departure>>, Error> {
    let (state, wanted) = (Arc::clone(&identity), key);
    let provider = identity
        .control
        .read(async move |tx| named(&state, tx, &wanted).await)
        .await?;
    depart(&identity, &provider, Purpose::LogIn(input.mode)).await
}

/// What an attempt is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    LogIn(Mode),
    Link(SessionId),
}

pub(super) async fn depart(
    identity: &Identity,
    provider: &Provider,
    purpose: Purpose,
) -> Result<With<Json<Departure>>, Error> {
    let back = redirect_uri(&identity.public_url);
    let begun = identity.openid.begin(&provider.client, &back).await;
    let begun = begun.map_err(|error| told(provider, error))?;
    let expires_at = identity.kernel.now() + LIFETIME;
    let attempt = attempts::NewAttempt {
        state_hash: RelyingParty::state_hash(&begun.state),
        browser_hash: begun.attempt.hash(),
        provider: provider.key.clone(),
        issuer: provider.client.issuer.to_string(),
        purpose,
        expires_at,
    };
    identity
        .control
        .write(async move |tx| attempts::put(tx, &attempt).await)
        .await?;
    let departure = Departure {
        authorization_url: begun.url.into(),
        expires_at,
    };
    Ok(Json(departure).with_cookie(cookie(&begun.attempt)))
}

/// Which check failed is for the log: who tries providers out learns nothing from it.
fn told(provider: &Provider, error: OpenIdError) -> ProviderError {
    tracing::warn!(provider = provider.key, %error, "signing in by a provider failed");
    error.into()
}

/// Whom the provider vouches for. The attempt is used up first, whatever comes of it.
pub(super) async fn arrive(
    identity: &Arc<Identity>,
    attempt: Attempt,
    back: Return,
    session: Option<SessionId>,
) -> Result<(Provider, gantry_openid::Identity, Option<Mode>), Error> {
    let (state, browser) = (Arc::clone(identity), attempt.hash());
    let state_hash = RelyingParty::state_hash(&back.state);
    let (provider, mode) = identity
        .control
        .write(async move |tx| {
            let taken = attempts::take(tx, &state_hash, &browser).await?;
            let taken = taken.filter(|taken| taken.session_id == session);
            // Committed although it may come to nothing: it is good once.
            let Some(taken) = taken else {
                return Ok::<_, Error>(Err(ProviderError::Gone));
            };
            let provider = match named(&state, tx, &taken.provider).await {
                Err(Error::NotFound) => return Ok(Err(ProviderError::Gone)),
                other => other?,
            };
            if provider.client.issuer.as_str() != taken.issuer {
                return Ok(Err(ProviderError::Gone));
            }
            let mode = taken.mode.as_deref().map(Mode::of);
            Ok(Ok((provider, mode)))
        })
        .await??;
    let returned = Returned {
        code: back.code,
        issuer: back.iss,
    };
    let uri = redirect_uri(&identity.public_url);
    let who = identity
        .openid
        .finish(&provider.client, &attempt, &returned, &uri)
        .await
        .map_err(|error| told(&provider, error))?;
    Ok((provider, who, mode))
}

/// Completes a log-in by a provider.
pub(crate) async fn complete(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(back): Body<Return>,
) -> Result<With<Entrance>, Error> {
    let (attempt, origin) = (held(&cx)?, cx.origin());
    let brought = CookieValue::of(&cx);
    let (provider, who, mode) = arrive(&identity, attempt, back, None).await?;
    let config = identity.config.clone();
    let entered = identity
        .control
        .write(async move |tx| {
            let (person, link) = recognise(tx, &provider, &who, &origin).await?;
            let start = Start {
                person,
                mode: mode.unwrap_or_default(),
                methods: Methods::new([Method::Federated]),
                impersonation: None,
                brought: brought.clone(),
                vouched: Some(Vouched {
                    link,
                    only: provider.tenant,
                }),
            };
            // Who may not sign in is told no more than who is not linked.
            let entered = enter(tx, &start, &origin, &config).await;
            entered.map_err(|error| match error {
                Error::Credentials => ProviderError::NotLinked.into(),
                other => other,
            })
        })
        .await?;
    // No device token: a provider's word must not open another series of guesses at the password.
    let entrance = entered.reply(&identity, None).await?;
    Ok(entrance.with_cookie(Cookie::remove(COOKIE)))
}

/// Whose account it is. Never found by e-mail.
async fn recognise(
    tx: &mut Tx,
    provider: &Provider,
    who: &gantry_openid::Identity,
    origin: &Origin,
) -> Result<(IdentityId, LinkId), Error> {
    let scope = scope(provider.tenant);
    let issuer = provider.client.issuer.as_str();
    let Some((link, person)) = store::used(tx, &scope, issuer, &who.subject).await? else {
        return sign_up(tx, provider, who, origin).await;
    };
    if let Some(tenant) = provider.tenant {
        let member = member::store::tenant_of(tx, person, &tenant.to_string()).await?;
        member.ok_or(ProviderError::NotLinked)?;
    }
    Ok((person, link))
}

/// Makes an account where the operator trusts the provider for that, and the provider confirms the address.
async fn sign_up(
    tx: &mut Tx,
    provider: &Provider,
    who: &gantry_openid::Identity,
    origin: &Origin,
) -> Result<(IdentityId, LinkId), Error> {
    let address = who.email.as_deref().filter(|_| who.email_verified);
    let email: Option<Email> = address.and_then(|text| text.parse().ok());
    let email = email.filter(|_| provider.sign_up && provider.tenant.is_none());
    let email = email.ok_or(ProviderError::NotLinked)?;
    let name: Option<PersonName> = who.name.as_deref().and_then(|name| name.parse().ok());
    let name = name.map_or_else(|| email.local().to_owned(), |name| name.to_string());
    // Unconfirmed sign-ups of the address give way: the provider has seen its owner.
    let person = account::store::make_confirmed(tx, &email, &name, None)
        .await?
        .ok_or(ProviderError::LinkFirst)?;
    let target = Target::new("identity", person);
    let entry = Entry::new(
        Actor::Identity(person),
        "identity.account.created",
        target.clone(),
    );
    let facts = Facts::new().with("provider", provider.key.as_str());
    gantry_audit::append(tx, entry.after(facts.clone()).origin(origin)).await?;
    let link = store::link(tx, person, provider, &who.subject).await?;
    let entry = Entry::new(Actor::Identity(person), "identity.link.added", target);
    gantry_audit::append(tx, entry.after(facts).origin(origin)).await?;
    Ok((person, link))
}
