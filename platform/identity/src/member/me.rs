//! The caller, as they are known here.

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_audit::{Entry, Target};
use gantry_db::{DbError, Tx, args, sql};
use gantry_http::{Json, NoContent, Path, RequestContext, UserCx};
use gantry_kernel::{IdentityId, SessionId, Slug, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::api::facts;
use super::store;
use crate::role::{self, Grant};
use crate::{Error, Identity, account};

/// The signed-in person.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Me {
    /// The person.
    identity: IdentityId,
    /// Their address.
    email: String,
    /// Their name.
    name: String,
    /// Whether signing in takes a second factor. Staff of the platform need one.
    second_factor: bool,
    /// Whether this session was begun, or confirmed since, with a second factor.
    multi_factor: bool,
    /// The workspaces they belong to.
    memberships: Vec<Membership>,
    /// What they may do as staff of the platform.
    platform_permissions: Vec<String>,
    /// Set when the session began by a workspace's own provider: it opens that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    only_workspace: Option<TenantId>,
    /// Set when the platform's staff act as this person: show it on every page.
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonation: Option<Impersonated>,
}

/// Staff acting as the person.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Impersonated {
    /// Who really is there.
    operator: IdentityId,
    /// The one workspace this session opens.
    workspace: TenantId,
    /// The reason they gave.
    reason: String,
    /// When it ends.
    until: Timestamp,
}

gantry_db::from_row!(Impersonated {
    operator,
    workspace,
    reason,
    until
});

/// A workspace the person belongs to.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Membership {
    tenant: TenantId,
    slug: Slug,
    name: String,
    /// `provisioning` while its database is being made, then `active`; `suspended` is read-only.
    state: String,
    joined_at: Timestamp,
    /// Whether people can work there only in a session that a second factor confirmed; keys of service accounts, and staff
    /// who act as a member, are not asked.
    second_factor_required: bool,
    /// What they may do there.
    grants: Vec<Grant>,
    /// Every permission that these grants carry, over whatever reach: what a client can offer them to do.
    permissions: BTreeSet<String>,
}

/// Who the caller is and where they belong.
pub(crate) async fn get_me(identity: Arc<Identity>, cx: UserCx, (): ()) -> Result<Json<Me>, Error> {
    let person = cx.principal().identity;
    let acting = cx.session().operator.map(|_| cx.session().id);
    let only = cx.session().only;
    let shared = Arc::clone(&identity);
    let (account, memberships, impersonation) = identity
        .control
        .read(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            let mut memberships = Vec::new();
            let impersonation = match acting {
                Some(session) => impersonation(tx, session).await?,
                None => None,
            };
            for tenant in store::tenants_of(tx, person).await? {
                // Where else the person belongs is none of the staff's business, nor of a workspace's provider.
                let acting = impersonation.as_ref().map(|acting| acting.workspace);
                if [acting, only]
                    .iter()
                    .flatten()
                    .any(|only| *only != tenant.id)
                {
                    continue;
                }
                let grants = store::grants(tx, tenant.id, person).await?;
                let roles = role::store::roles(tx, &shared.roles, tenant.id).await?;
                let granted = roles.granted(&grants, person);
                let carried = granted.iter().flat_map(|one| one.permissions.iter());
                memberships.push(Membership {
                    tenant: tenant.id,
                    slug: tenant.slug,
                    name: tenant.name,
                    state: tenant.state,
                    joined_at: tenant.created_at,
                    second_factor_required: tenant.second_factor_required,
                    permissions: carried.cloned().collect(),
                    grants,
                });
            }
            Ok::<_, Error>((account, memberships, impersonation))
        })
        .await?;
    Ok(Json(Me {
        identity: account.id,
        email: account.email.to_string(),
        second_factor: account.has_second_factor(),
        multi_factor: cx.session().multi_factor,
        name: account.name,
        memberships,
        platform_permissions: cx.principal().platform.iter().cloned().collect(),
        only_workspace: only,
        impersonation,
    }))
}

async fn impersonation(tx: &mut Tx, session: SessionId) -> Result<Option<Impersonated>, DbError> {
    tx.opt(
        sql!(
            "select operator_id as operator, operator_tenant_id as workspace,
                    operator_reason as reason, expires_at as until
             from sessions where id = $1 and operator_id is not null"
        ),
        &args![session],
    )
    .await
}

/// Leaves a workspace. The last owner stays.
pub(crate) async fn leave(
    identity: Arc<Identity>,
    cx: UserCx,
    Path(tenant): Path<String>,
) -> Result<NoContent, Error> {
    let (person, actor, origin) = (cx.principal().identity, cx.actor(), cx.origin());
    identity
        .control
        .write(async move |tx| {
            let tenant = store::tenant_of(tx, person, &tenant)
                .await?
                .ok_or(Error::NotFound)?;
            let before = store::grants(tx, tenant, person).await?;
            store::remove(tx, tenant, person).await?;
            let entry = Entry::new(
                actor,
                "identity.member.left",
                Target::new("identity", person),
            );
            let entry = entry.about(tenant).before(facts(&before)).origin(&origin);
            gantry_audit::append(tx, entry).await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}
