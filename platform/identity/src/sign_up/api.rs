//! Asking for an account, confirming the address, asking for the mail again.
//!
//! Every answer is the same for an address that has an account, one that is waiting and one nobody knows:
//! what differs is the mail, which only the owner of the mailbox reads.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::Subject;
use gantry_http::{Accepted, Body, Json, PublicCx, RequestContext};
use gantry_kernel::{Actor, Email, IdentityId, Secret, Slug};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::store::{self, NewSignUp, NewTenant};
use super::{Password, SignUpId};
use crate::account::{self, PersonName};
use crate::link::{self, Purpose};
use crate::password::{Owner, accept};
use crate::{Error, Identity, mail};

/// A person who wants an account and a workspace.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUp {
    /// The address; a link to confirm it is sent there.
    email: Email,
    /// 12 to 128 characters of any kind.
    #[schemars(extend("minLength" = 12, "maxLength" = 128))]
    password: Secret<String>,
    /// The person's name, as others will see it.
    name: PersonName,
    /// The name of the workspace to make.
    workspace_name: PersonName,
    /// The workspace's name in addresses; made from its name when absent.
    workspace_slug: Option<Slug>,
}

/// What happens next.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MailSent {
    /// Always `check_your_mail`, whether or not the address has an account.
    next: &'static str,
}

impl MailSent {
    pub(crate) const fn reply() -> Accepted<Self> {
        Accepted(Self {
            next: "check_your_mail",
        })
    }
}

/// Takes a sign-up. It stands beside others of the address, whoever made them: its mail confirms this one.
pub(crate) async fn sign_up(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<SignUp>,
) -> Result<Accepted<MailSent>, Error> {
    let owner = Owner::new(input.email.as_str(), input.name.as_str());
    let owner = owner.with([input.workspace_name.as_str().to_owned()]);
    accept(&identity, "/password", &input.password, &owner).await?;
    identity.limit_mail("sign_up_mail", &input.email)?;
    let SignUp {
        email,
        password,
        name,
        workspace_name,
        workspace_slug,
    } = input;
    let hash = identity.hasher.hash(password).await?;
    let origin = cx.origin();
    identity
        .control
        .write(async move |tx| {
            // The same statements for every address: their number must not tell which ones have an account.
            let (id, confirmed) = account::store::claim(tx, &email, name.as_str()).await?;
            let new = NewSignUp {
                identity: id,
                name: name.clone(),
                password_hash: hash.clone(),
                workspace_name: workspace_name.clone(),
                workspace_slug: workspace_slug.clone(),
                ip: origin.ip,
            };
            let sign_up = store::put(tx, &new, !confirmed).await?;
            let entry = Entry::new(
                Actor::Anonymous,
                "identity.sign_up.requested",
                Target::new("identity", id),
            );
            gantry_audit::append(tx, entry.origin(&origin)).await?;
            let params = json!({ "sign_up": sign_up });
            let template = if confirmed {
                mail::ALREADY_REGISTERED
            } else {
                mail::VERIFY_EMAIL
            };
            mail::put(tx, template, &email, params).await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(MailSent::reply())
}

/// The token of a link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    /// What stands after `#token=` in the link.
    pub(crate) token: Secret<String>,
}

/// A confirmed address.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Verification {
    /// The person.
    identity: IdentityId,
    /// The workspace that is being made, if one was asked for. It appears in `GET /api/v1/me` when it is ready.
    tenant: Option<NewTenant>,
}

/// Confirms an address with the password of the sign-up that the link was mailed for. Of many requests with
/// one token exactly one succeeds.
pub(crate) async fn verify(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<LinkToken>,
) -> Result<Json<Verification>, Error> {
    let origin = cx.origin();
    let state = Arc::clone(&identity);
    let token = input.token;
    let done = identity
        .control
        .write(async move |tx| {
            let subject = link::consume(tx, Purpose::Verify, token.expose()).await?;
            let sign_up: SignUpId = subject
                .and_then(|id| id.parse().ok())
                .ok_or(Error::LinkGone)?;
            let done = super::confirm(&state, tx, sign_up, Password::Own).await?;
            let entry = Entry::new(
                Actor::Identity(done.identity),
                "identity.email.verified",
                Target::new("identity", done.identity),
            );
            let facts = Facts::new().with("tenant", done.tenant.id);
            gantry_audit::append(tx, entry.after(facts).origin(&origin)).await?;
            Ok::<_, Error>(Verification {
                identity: done.identity,
                tenant: Some(done.tenant),
            })
        })
        .await?;
    Ok(Json(done))
}

/// An address to mail to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    /// The address.
    pub(crate) email: Email,
}

/// Sends a verification mail again, with a link for each sign-up that waits. Whether one is sent is decided when it would be, so that this
/// answer and its time are the same for every address.
pub(crate) async fn resend(
    identity: Arc<Identity>,
    _: PublicCx,
    Body(input): Body<Address>,
) -> Result<Accepted<MailSent>, Error> {
    let key = identity.account_key(&input.email);
    identity.cool_down("verify_mail", Subject::key(key.label()))?;
    identity.limit_mail("sign_up_mail", &input.email)?;
    let email = input.email;
    identity
        .control
        .write(async move |tx| mail::put(tx, mail::VERIFY_EMAIL, &email, json!({})).await)
        .await?;
    Ok(MailSent::reply())
}
