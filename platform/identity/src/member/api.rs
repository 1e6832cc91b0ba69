//! The members of a tenant, for those who manage them.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{
    Body, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx, Versioned,
};
use gantry_kernel::{IdentityId, ScopeKind, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::store;
use crate::role::{Grant, MEMBER_MANAGE, giver};
use crate::{Error, Identity, notices};

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
/// everything they will hold, and have proven lately that they are there if the member is to decide about others.
pub(crate) async fn set_grants(
    identity: Arc<Identity>,
    cx: TenantCx,
    (Path(member), Body(input)): (Path<IdentityId>, Body<Grants>),
) -> Result<Versioned<Member>, Error> {
    let version = cx.if_match()?;
    let grants = input.grants;
    bounded(&grants)?;
    identity.check_units(cx.tenant(), &grants).await?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, fresh) = (cx.principal.identity, cx.principal.is_fresh(cx.now()));
    let state = Arc::clone(&identity);
    let changed = identity
        .control
        .write(async move |tx| {
            let before = store::get(tx, tenant, member)
                .await?
                .ok_or(Error::NotFound)?;
            let giver = giver(&state, tx, &access, caller, MEMBER_MANAGE).await?;
            giver.may_give(&grants, Some(member))?;
            giver.may_take(&before.grants, Some(member))?;
            giver.may_empower(fresh, &before.grants, &grants)?;
            store::replace(tx, tenant, member, version, &grants).await?;
            let same = before.grants.len() == grants.len()
                && grants.iter().all(|grant| before.grants.contains(grant));
            if member != caller && !same {
                notices::role_changed(tx, tenant, member, &grants).await?;
            }
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
            let giver = giver(&state, tx, &access, caller, MEMBER_MANAGE).await?;
            giver.may_take(&before.grants, Some(member))?;
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

/// Refuses more grants or units than make sense.
pub(crate) fn bounded(grants: &[Grant]) -> Result<(), Error> {
    if grants.len() > 50 || grants.iter().any(|grant| grant.units.len() > 200) {
        return Err(Error::TooManyGrants);
    }
    Ok(())
}

/// Grants as audit facts.
pub(crate) fn facts(grants: &[Grant]) -> Facts {
    let names = grants.iter().map(|grant| match grant.scope {
        ScopeKind::Units => format!("{}: {}", grant.role, grant.units_text()),
        scope => format!("{}: {}", grant.role, scope.as_str()),
    });
    Facts::new().with_list("grants", names)
}
