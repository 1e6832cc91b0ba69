//! Accepting an invitation: by its link, and by proof that the account with the invited address is the
//! caller's own.
//!
//! The link alone proves control of the mailbox, which is enough to make an account. For an account that
//! exists it is not: mail is forwarded and left open, so its password is needed too, or a session where it has a second
//! factor.

use std::sync::Arc;

use gantry_audit::{Entry, Target};
use gantry_db::{TenantState, Tx};
use gantry_http::{Access, Body, Json, PublicCx, RequestContext, UserCx};
use gantry_kernel::{Actor, IdentityId, Origin, Scope, Secret, Slug, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{InvitationId, store};
use crate::account::{self, PersonName};
use crate::factor::FactorError;
use crate::link::{self, Purpose};
use crate::member::api::facts;
use crate::password::{Owner, accept, prove};
use crate::role::{self, Giver, MEMBER_MANAGE};
use crate::sign_up::api::LinkToken;
use crate::state::within_members;
use crate::{Error, Identity, events, member, notices};

/// What the link opens.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Inspection {
    /// The workspace's name.
    workspace_name: String,
    /// The workspace's name in addresses.
    workspace_slug: Slug,
    /// The invited address.
    email: String,
    /// The role's title.
    role: String,
    /// Who invites.
    invited_by: String,
    /// Whether the address has an account, which then must accept; otherwise name and password make one.
    has_account: bool,
}

/// An invitation that can be accepted now, its workspace and who invites.
pub(crate) struct Open {
    pub(crate) invitation: store::Invitation,
    pub(crate) slug: Slug,
    pub(crate) name: String,
    pub(crate) inviter: account::Account,
    /// The title of the role.
    pub(crate) role: String,
}

/// The open invitation behind a token. It is open only while the one who invited may still invite, and still
/// holds what is given: a removed manager's invitations open nothing.
pub(crate) async fn open(
    identity: &Identity,
    tx: &mut Tx,
    subject: Option<String>,
) -> Result<Open, Error> {
    let id: InvitationId = subject
        .and_then(|id| id.parse().ok())
        .ok_or(Error::LinkGone)?;
    let invitation = store::by_id(tx, id).await?.ok_or(Error::LinkGone)?;
    if !invitation.is_open(tx.now()) {
        return Err(Error::LinkGone);
    }
    let (slug, name) = store::tenant(tx, invitation.tenant)
        .await?
        .ok_or(Error::LinkGone)?;
    let inviter = account::store::by_id(tx, invitation.invited_by)
        .await?
        .ok_or(Error::LinkGone)?;
    let held = member::store::grants(tx, invitation.tenant, inviter.id).await?;
    let roles = role::store::roles(tx, &identity.roles, invitation.tenant).await?;
    let access = Access {
        tenant: invitation.tenant,
        slug: slug.clone(),
        state: TenantState::Active,
        grants: roles.granted(&held, inviter.id),
    };
    let may_manage = access.scope_for(MEMBER_MANAGE) == Some(Scope::All);
    let giver = Giver::new(roles, access);
    let grant = std::slice::from_ref(&invitation.grant);
    if !inviter.may_sign_in() || !may_manage || giver.may_give(grant, None).is_err() {
        return Err(Error::LinkGone);
    }
    let role = giver.roles.get(&invitation.grant.role);
    let role = role.map_or_else(|| invitation.grant.role.clone(), |role| role.title.clone());
    Ok(Open {
        invitation,
        slug,
        name,
        inviter,
        role,
    })
}

/// Says what a link opens, without using it.
pub(crate) async fn inspect_invitation(
    identity: Arc<Identity>,
    _: PublicCx,
    Body(input): Body<LinkToken>,
) -> Result<Json<Inspection>, Error> {
    let state = Arc::clone(&identity);
    let found = identity
        .control
        .read(async move |tx| {
            let subject = link::peek(tx, Purpose::Invite, input.token.expose()).await?;
            let open = open(&state, tx, subject).await?;
            let account = account::store::by_email(tx, &open.invitation.email).await?;
            Ok::<_, Error>(Inspection {
                workspace_name: open.name,
                workspace_slug: open.slug,
                email: open.invitation.email.to_string(),
                role: open.role,
                invited_by: open.inviter.name,
                has_account: account.is_some_and(|account| account.verified_at.is_some()),
            })
        })
        .await?;
    Ok(Json(found))
}

/// The link, and the proof or the making of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    /// What stands after `#token=` in the link.
    token: Secret<String>,
    /// The person's name, when the address has no account yet.
    name: Option<PersonName>,
    /// The password of the account that has the address, or the one the new account will have.
    password: Secret<String>,
}

/// The workspace that was joined.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Joined {
    /// Who joined.
    identity: IdentityId,
    /// What they joined.
    tenant: TenantId,
    slug: Slug,
    name: String,
}

/// Accepts by link and password. Nobody is signed in by it.
pub(crate) async fn accept_invitation(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<Accept>,
) -> Result<Json<Joined>, Error> {
    let Accept {
        token,
        name,
        password,
    } = input;
    let (state, looked) = (Arc::clone(&identity), token.clone());
    let (email, workspace, tenant, account) = identity
        .control
        .read(async move |tx| {
            let subject = link::peek(tx, Purpose::Invite, looked.expose()).await?;
            let open = open(&state, tx, subject).await?;
            let account = account::store::by_email(tx, &open.invitation.email).await?;
            let invited = open.invitation;
            Ok::<_, Error>((invited.email, open.name, invited.tenant, account))
        })
        .await?;
    let origin = cx.origin();
    let limit = identity.member_limit(tenant).await?;
    let exists = account.is_some_and(|account| account.verified_at.is_some());
    if exists {
        let account = identity.account_key(&email);
        let known = identity.devices.known(&cx, &account, None);
        let proof = prove(&identity, &email, password, known, &origin).await?;
        if proof.account.has_second_factor() {
            return Err(FactorError::SignInFirst.into());
        }
        let (state, confirmed) = (Arc::clone(&identity), proof.clone());
        let joined = identity
            .control
            .write(async move |tx| {
                confirmed.confirm(tx).await?;
                let subject = link::consume(tx, Purpose::Invite, token.expose()).await?;
                let open = open(&state, tx, subject).await?;
                join(tx, open, confirmed.account.id, limit, &origin).await
            })
            .await?;
        proof.forgive(&identity);
        identity.changed();
        return Ok(Json(joined));
    }
    let name = name.ok_or(Error::AccountNeeded)?;
    let owner = Owner::new(email.as_str(), name.as_str()).with([workspace]);
    accept(&identity, "/password", &password, &owner).await?;
    let hash = identity.hasher.hash(password).await?;
    let state = Arc::clone(&identity);
    let joined = identity
        .control
        .write(async move |tx| {
            let subject = link::consume(tx, Purpose::Invite, token.expose()).await?;
            let open = open(&state, tx, subject).await?;
            // Unconfirmed sign-ups of this address give way: the link proves the mailbox.
            let email = &open.invitation.email;
            let person = account::store::make_confirmed(tx, email, name.as_str(), Some(&hash))
                .await?
                .ok_or(Error::LinkGone)?;
            let entry = Entry::new(
                Actor::Identity(person),
                "identity.account.created",
                Target::new("identity", person),
            );
            gantry_audit::append(tx, entry.origin(&origin)).await?;
            join(tx, open, person, limit, &origin).await
        })
        .await?;
    identity.changed();
    Ok(Json(joined))
}

/// Accepts as the signed-in person, whose address must be the invited one.
pub(crate) async fn accept_as_me(
    identity: Arc<Identity>,
    cx: UserCx,
    Body(input): Body<LinkToken>,
) -> Result<Json<Joined>, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    let (state, token) = (Arc::clone(&identity), input.token);
    let looked = token.clone();
    let tenant = identity
        .control
        .read(async move |tx| {
            let subject = link::peek(tx, Purpose::Invite, looked.expose()).await?;
            Ok::<_, Error>(open(&state, tx, subject).await?.invitation.tenant)
        })
        .await?;
    let limit = identity.member_limit(tenant).await?;
    let state = Arc::clone(&identity);
    let joined = identity
        .control
        .write(async move |tx| {
            let subject = link::consume(tx, Purpose::Invite, token.expose()).await?;
            let open = open(&state, tx, subject).await?;
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            // The refusal undoes the use of the link.
            if account.email != open.invitation.email {
                return Err(Error::LinkGone);
            }
            join(tx, open, person, limit, &origin).await
        })
        .await?;
    identity.changed();
    Ok(Json(joined))
}

async fn join(
    tx: &mut Tx,
    open: Open,
    person: IdentityId,
    limit: Option<i64>,
    origin: &Origin,
) -> Result<Joined, Error> {
    let Open {
        invitation,
        slug,
        name,
        ..
    } = open;
    if !store::close(tx, invitation.id, "accepted", Some(person)).await? {
        return Err(Error::LinkGone);
    }
    events::invitation_changed(tx, invitation.tenant, invitation.id).await?;
    notices::invitation_over(tx, invitation.id).await?;
    if !member::store::join(tx, invitation.tenant, person).await? {
        return Err(Error::AlreadyMember);
    }
    within_members(tx, invitation.tenant, limit).await?;
    member::store::give(tx, invitation.tenant, person, &invitation.grant).await?;
    let entry = Entry::new(
        Actor::Identity(person),
        "identity.invitation.accepted",
        Target::new("invitation", invitation.id),
    );
    let entry = entry
        .about(invitation.tenant)
        .after(facts(std::slice::from_ref(&invitation.grant)))
        .origin(origin);
    gantry_audit::append(tx, entry).await?;
    Ok(Joined {
        identity: person,
        tenant: invitation.tenant,
        slug,
        name,
    })
}
