//! The members of a tenant, for those who manage them.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_http::{
    Access, Body, Json, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    Versioned,
};
use gantry_kernel::{IdentityId, Scope, ScopeKind, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::store;
use crate::role::{Grant, MEMBER_MANAGE};
use crate::{Error, Identity};

/// A member of the tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Member {
    /// The person.
    pub(crate) identity: IdentityId,
    /// Their address.
    email: String,
    /// Their name.
    name: String,
    /// When they last signed in anywhere.
    last_login_at: Option<Timestamp>,
    /// When they joined.
    joined_at: Timestamp,
    /// What they may do here.
    grants: Vec<Grant>,
    /// Counts changes of the grants; the ETag.
    version: i64,
}

impl From<store::Member> for Member {
    fn from(member: store::Member) -> Self {
        Self {
            identity: member.identity,
            email: member.email.to_string(),
            name: member.name,
            last_login_at: member.last_login_at,
            joined_at: member.created_at,
            grants: member.grants,
            version: member.version,
        }
    }
}

/// Lists the members in the order they joined.
pub(crate) async fn list_members(
    identity: Arc<Identity>,
    cx: TenantCx,
    Query(query): Query<PageQuery>,
) -> Result<Page<Member>, Error> {
    let tenant = cx.tenant();
    let after: Option<store::Cursor> = cx.cursor(&query, &())?;
    let limit = query.limit();
    let rows = identity
        .control
        .read(async move |tx| store::list(tx, tenant, after, limit).await)
        .await?;
    let page = cx.page(&query, &(), rows, |last| store::Cursor::from(last))?;
    Ok(Page {
        items: page.items.into_iter().map(Member::from).collect(),
        next_page_token: page.next_page_token,
    })
}

/// One member.
pub(crate) async fn get_member(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(member): Path<IdentityId>,
) -> Result<Versioned<Member>, Error> {
    let tenant = cx.tenant();
    let found = identity
        .control
        .read(async move |tx| store::get(tx, tenant, member).await)
        .await?
        .ok_or(Error::NotFound)?;
    let version = found.version;
    Ok(Versioned {
        body: found.into(),
        version,
    })
}

/// All grants of a member; what is not named is taken away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grants {
    /// Each role once.
    #[schemars(length(max = 50))]
    grants: Vec<Grant>,
}

/// Replaces what a member may do. Needs `If-Match`. The caller must hold everything the member holds now and
/// everything they will hold.
pub(crate) async fn set_grants(
    identity: Arc<Identity>,
    cx: TenantCx,
    (Path(member), Body(input)): (Path<IdentityId>, Body<Grants>),
) -> Result<Versioned<Member>, Error> {
    let version = cx.if_match()?;
    let grants = input.grants;
    if grants.len() > 50 {
        return Err(Error::TooManyGrants);
    }
    identity.roles.check(&grants)?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let caller = cx.principal.identity;
    let state = Arc::clone(&identity);
    let changed = identity
        .control
        .write(async move |tx| {
            let before = store::get(tx, tenant, member)
                .await?
                .ok_or(Error::NotFound)?;
            let access = still_holding(&state, tx, &access, caller).await?;
            state.roles.may_give(&access, &grants, Some(member))?;
            state
                .roles
                .may_take(&access, &before.grants, Some(member))
                .map_err(|_| Error::Outranked)?;
            store::replace(tx, tenant, member, version, &grants).await?;
            let entry = Entry::new(
                actor,
                "identity.member.grants_changed",
                Target::new("identity", member),
            );
            let entry = entry
                .about(tenant)
                .before(facts(&before.grants))
                .after(facts(&grants))
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            store::get(tx, tenant, member).await?.ok_or(Error::NotFound)
        })
        .await?;
    identity.changed();
    let version = changed.version;
    Ok(Versioned {
        body: changed.into(),
        version,
    })
}

/// Removes a member. The last owner stays.
pub(crate) async fn remove_member(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(member): Path<IdentityId>,
) -> Result<NoContent, Error> {
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let caller = cx.principal.identity;
    let state = Arc::clone(&identity);
    identity
        .control
        .write(async move |tx| {
            let before = store::get(tx, tenant, member)
                .await?
                .ok_or(Error::NotFound)?;
            let access = still_holding(&state, tx, &access, caller).await?;
            state
                .roles
                .may_take(&access, &before.grants, Some(member))
                .map_err(|_| Error::Outranked)?;
            store::remove(tx, tenant, member).await?;
            let entry = Entry::new(
                actor,
                "identity.member.removed",
                Target::new("identity", member),
            );
            let entry = entry
                .about(tenant)
                .before(facts(&before.grants))
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}

/// The caller's access by what is stored in this transaction: what was read before it may have been taken
/// away meanwhile.
pub(crate) async fn still_holding(
    identity: &Identity,
    tx: &mut Tx,
    access: &Access,
    caller: IdentityId,
) -> Result<Access, Error> {
    let grants = store::grants(tx, access.tenant, caller).await?;
    let access = Access {
        grants: identity.roles.granted(&grants, caller),
        ..access.clone()
    };
    match access.scope_for(MEMBER_MANAGE) {
        Some(Scope::All) => Ok(access),
        _ => Err(Error::Outranked),
    }
}

/// Grants as audit facts.
pub(crate) fn facts(grants: &[Grant]) -> Facts {
    let names = grants.iter().map(|grant| match grant.scope {
        ScopeKind::Units => format!("{}: {}", grant.role, grant.units_text()),
        scope => format!("{}: {}", grant.role, scope.as_str()),
    });
    Facts::new().with_list("grants", names)
}

/// A role that can be given in this tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Role {
    /// Names the role in grants.
    key: String,
    /// What people read.
    title: String,
    /// What it allows.
    permissions: Vec<String>,
    /// The scopes it can be given with.
    scopes: Vec<ScopeKind>,
}

/// All roles.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Roles {
    /// By key.
    items: Vec<Role>,
}

/// The roles that can be given here.
pub(crate) async fn list_roles(
    identity: Arc<Identity>,
    _: TenantCx,
    (): (),
) -> Result<Json<Roles>, Error> {
    let items = identity.roles.list().map(|role| Role {
        key: role.key.clone(),
        title: role.title.clone(),
        permissions: role.permissions.iter().cloned().collect(),
        scopes: role.scopes.clone(),
    });
    Ok(Json(Roles {
        items: items.collect(),
    }))
}
