//! Inviting people, for those who manage members.

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_audit::{Entry, Target};
use gantry_db::{DbError, Tx};
use gantry_http::{
    Accepted, Body, Created, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    write_once_control,
};
use gantry_kernel::{Email, IdentityId, Problem, ScopeKind, TenantId, Timestamp, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{InvitationId, store};
use crate::account::Account;
use crate::link::{self, Purpose};
use crate::member::api::{bounded, facts};
use crate::role::{Giver, Grant, MEMBER_MANAGE, giver};
use crate::sign_up::api::MailSent;
use crate::{Error, Identity, account, events, mail, member, notices};

/// Somebody to invite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    /// Where the invitation is mailed; only this address can accept it.
    email: Email,
    /// The role they will have.
    role: String,
    /// How far it reaches; `all` when absent.
    #[serde(default = "crate::role::everything")]
    scope: ScopeKind,
    /// The units it reaches, when `scope` is `units`.
    #[serde(default)]
    #[schemars(length(max = 200))]
    units: BTreeSet<UnitId>,
}

/// An invitation as those who manage members see it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Invitation {
    id: InvitationId,
    email: String,
    /// What the person will be given.
    grant: Grant,
    /// `pending`, `accepted`, `revoked` or `expired`.
    state: String,
    expires_at: Timestamp,
    invited_by: IdentityId,
    created_at: Timestamp,
}

impl From<store::Invitation> for Invitation {
    fn from(invitation: store::Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email.to_string(),
            grant: invitation.grant,
            state: invitation.state,
            expires_at: invitation.expires_at,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
        }
    }
}

/// Invites somebody. The caller must hold everything the role allows, at least as far, and have proven lately that they
/// are there if the role decides about others.
pub(crate) async fn create_invitation(
    identity: Arc<Identity>,
    cx: TenantCx,
    Body(input): Body<Invite>,
) -> Result<Created<Invitation>, Problem> {
    let grant = Grant {
        role: input.role,
        scope: input.scope,
        units: input.units,
    };
    bounded(std::slice::from_ref(&grant))?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, fresh) = (cx.principal.identity, cx.principal.is_fresh(cx.now()));
    identity
        .check_units(tenant, std::slice::from_ref(&grant))
        .await
        .map_err(Error::of_one)?;
    // What is refused anyway must not count against the mailbox.
    let (state, offer) = (Arc::clone(&identity), (access.clone(), grant.clone()));
    identity
        .control
        .read(async move |tx| {
            let (access, grant) = &offer;
            let giver = giver(&state, tx, access, caller, MEMBER_MANAGE).await?;
            may_invite(&giver, grant)?;
            giver.may_empower(fresh, &[], std::slice::from_ref(grant))
        })
        .await?;
    let (email, state) = (input.email, Arc::clone(&identity));
    identity.limit_invitation(&email, caller, tenant)?;
    let made: Invitation = write_once_control(&identity.control, &cx, async move |tx| {
        let giver = giver(&state, tx, &access, caller, MEMBER_MANAGE).await?;
        may_invite(&giver, &grant)?;
        giver.may_empower(fresh, &[], std::slice::from_ref(&grant))?;
        let account = account::store::by_email(tx, &email).await?;
        if let Some(account) = &account
            && member::store::is_member(tx, tenant, account.id).await?
        {
            return Err(Error::AlreadyMember);
        }
        let lifetime = state.config.invitation.get();
        let id = store::insert(tx, tenant, &email, &grant, caller, lifetime)
            .await
            .map_err(taken)?;
        mail::put(tx, mail::INVITATION, &email, json!({ "invitation": id })).await?;
        if let Some(account) = account.filter(Account::may_sign_in) {
            let title = giver.roles.get(&grant.role).map(|role| role.title.as_str());
            let role = (grant.role.as_str(), title.unwrap_or(&grant.role));
            notices::invited(tx, tenant, account.id, id, role).await?;
        }
        let entry = Entry::new(
            actor,
            "identity.invitation.created",
            Target::new("invitation", id),
        );
        let entry = entry
            .about(tenant)
            .after(facts(std::slice::from_ref(&grant)))
            .origin(&origin);
        gantry_audit::append(tx, entry).await?;
        let made = store::get(tx, tenant, id).await?.ok_or(Error::NotFound)?;
        Ok::<_, Error>(Invitation::from(made))
    })
    .await?;
    let location = format!(
        "/api/v1/tenants/{}/identity/invitations/{}",
        cx.access.slug, made.id
    );
    Ok(Created::at(location, made))
}

/// Whether somebody who is not known yet may be given this.
fn may_invite(giver: &Giver<'_>, grant: &Grant) -> Result<(), Error> {
    giver
        .may_give(std::slice::from_ref(grant), None)
        .map_err(|fault| Error::of_one(fault.into()))
}

fn taken(error: DbError) -> Error {
    if error.is_unique_on("invitations", "email") {
        Error::AlreadyInvited
    } else {
        error.into()
    }
}

/// Which invitations to list.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Listing {
    /// Only those in this state: `pending`, `accepted`, `revoked` or `expired`.
    state: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// Lists invitations, newest first.
pub(crate) async fn list_invitations(
    identity: Arc<Identity>,
    cx: TenantCx,
    Query(query): Query<Listing>,
) -> Result<Page<Invitation>, Error> {
    let tenant = cx.tenant();
    let after: Option<store::Cursor> = cx.cursor(&query.page, &query.state)?;
    let (state, limit) = (query.state.clone(), query.page.limit());
    let rows = identity
        .control
        .read(async move |tx| store::list(tx, tenant, state.as_deref(), after, limit).await)
        .await?;
    let page = cx.page(&query.page, &query.state, rows, |last| {
        store::Cursor::from(last)
    })?;
    Ok(Page {
        items: page.items.into_iter().map(Invitation::from).collect(),
        next_page_token: page.next_page_token,
    })
}

/// Revokes an open invitation; its link dies. The caller must hold what it would give.
pub(crate) async fn revoke_invitation(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(id): Path<InvitationId>,
) -> Result<NoContent, Error> {
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let caller = cx.principal.identity;
    let state = Arc::clone(&identity);
    identity
        .control
        .write(async move |tx| {
            let invitation = store::get(tx, tenant, id).await?.ok_or(Error::NotFound)?;
            let giver = giver(&state, tx, &access, caller, MEMBER_MANAGE).await?;
            giver.may_take(std::slice::from_ref(&invitation.grant), None)?;
            if !store::close(tx, id, "revoked", None).await? {
                return Err(Error::InvitationClosed);
            }
            link::forget(tx, Purpose::Invite, &id.to_string()).await?;
            events::invitation_changed(tx, tenant, id).await?;
            notices::invitation_over(tx, id).await?;
            let entry = Entry::new(
                actor,
                "identity.invitation.revoked",
                Target::new("invitation", id),
            );
            gantry_audit::append(tx, entry.about(tenant).origin(&origin)).await?;
            Ok(())
        })
        .await?;
    Ok(NoContent)
}

/// The invitation, if its mail may be sent again now.
async fn resendable(
    identity: &Identity,
    tx: &mut Tx,
    tenant: TenantId,
    id: InvitationId,
) -> Result<store::Invitation, Error> {
    let invitation = store::get(tx, tenant, id).await?.ok_or(Error::NotFound)?;
    if invitation.state != "pending" {
        return Err(Error::InvitationClosed);
    }
    let waited = tx.now() - invitation.mailed_at;
    let cool_down = identity.config.mail_cool_down.get();
    if waited < cool_down {
        return Err(Error::TooMany(cool_down.saturating_sub(waited)));
    }
    Ok(invitation)
}

/// Sends an invitation again as the caller's own, with a fresh link and a fresh time to accept it.
pub(crate) async fn resend_invitation(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(id): Path<InvitationId>,
) -> Result<Accepted<MailSent>, Error> {
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let caller = cx.principal.identity;
    let (state, held) = (Arc::clone(&identity), access.clone());
    let invitation = identity
        .control
        .read(async move |tx| {
            let invitation = resendable(&state, tx, tenant, id).await?;
            let giver = giver(&state, tx, &held, caller, MEMBER_MANAGE).await?;
            may_invite(&giver, &invitation.grant)?;
            Ok::<_, Error>(invitation)
        })
        .await?;
    identity.limit_invitation(&invitation.email, caller, tenant)?;
    let state = Arc::clone(&identity);
    identity
        .control
        .write(async move |tx| {
            let invitation = resendable(&state, tx, tenant, id).await?;
            let giver = giver(&state, tx, &access, caller, MEMBER_MANAGE).await?;
            may_invite(&giver, &invitation.grant)?;
            link::forget(tx, Purpose::Invite, &id.to_string()).await?;
            store::renew(tx, id, caller, state.config.invitation.get()).await?;
            events::invitation_changed(tx, tenant, id).await?;
            mail::put(
                tx,
                mail::INVITATION,
                &invitation.email,
                json!({ "invitation": id }),
            )
            .await?;
            let entry = Entry::new(
                actor,
                "identity.invitation.resent",
                Target::new("invitation", id),
            );
            gantry_audit::append(tx, entry.about(tenant).origin(&origin)).await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(MailSent::reply())
}
