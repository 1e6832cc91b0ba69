//! The service accounts of a tenant, for those who manage them.

use std::sync::Arc;

use gantry_audit::{Entry, Facts};
use gantry_http::{
    Body, CreatedVersion, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    Versioned, write_once_control,
};
use gantry_kernel::{IdentityId, Problem, Text, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{store, target};
use crate::member::api::{bounded, facts as grant_facts};
use crate::role::{Grant, SERVICE_MANAGE, giver};
use crate::{Error, Identity, events};

/// More are a sign that somebody makes one per run of a program.
const MOST_SERVICES: i64 = 100;

/// An account of a program.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ServiceAccount {
    pub(crate) id: IdentityId,
    /// What people call it.
    name: String,
    /// What it may do here.
    grants: Vec<Grant>,
    /// Since when none of its keys is accepted.
    disabled_at: Option<Timestamp>,
    created_by: IdentityId,
    created_at: Timestamp,
    /// Counts changes; the ETag.
    version: i64,
}

impl From<store::Service> for ServiceAccount {
    fn from(service: store::Service) -> Self {
        Self {
            id: service.id,
            name: service.name,
            grants: service.grants,
            disabled_at: service.disabled_at,
            created_by: service.created_by,
            created_at: service.created_at,
            version: service.version,
        }
    }
}

/// Lists service accounts in the order they were made.
pub(crate) async fn list_service_accounts(
    identity: Arc<Identity>,
    cx: TenantCx,
    Query(query): Query<PageQuery>,
) -> Result<Page<ServiceAccount>, Error> {
    let tenant = cx.tenant();
    let after: Option<store::Cursor> = cx.cursor(&query, &())?;
    let limit = query.limit();
    let rows = identity
        .control
        .read(async move |tx| store::list(tx, tenant, after, limit).await)
        .await?;
    let page = cx.page(&query, &(), rows, |last| store::Cursor::from(last))?;
    Ok(Page {
        items: page.items.into_iter().map(ServiceAccount::from).collect(),
        next_page_token: page.next_page_token,
    })
}

/// One service account.
pub(crate) async fn get_service_account(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(service): Path<IdentityId>,
) -> Result<Versioned<ServiceAccount>, Error> {
    let tenant = cx.tenant();
    let found = identity
        .control
        .read(async move |tx| store::get(tx, tenant, service).await)
        .await?;
    let version = found.version;
    Ok(Versioned {
        body: found.into(),
        version,
    })
}

/// A service account to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewServiceAccount {
    /// What people call it; no two of a tenant have the same name.
    name: Text<1, 80>,
    /// Each role once. Roles that decide about people, roles or service accounts are not for it.
    #[schemars(length(max = 50))]
    grants: Vec<Grant>,
}

fn facts(name: &str, grants: &[Grant], disabled: bool) -> Facts {
    grant_facts(grants)
        .with("name", name)
        .with("disabled", disabled)
}

/// Makes a service account. The caller must hold everything it will hold, at least as far.
pub(crate) async fn create_service_account(
    identity: Arc<Identity>,
    cx: TenantCx,
    Body(input): Body<NewServiceAccount>,
) -> Result<CreatedVersion<ServiceAccount>, Problem> {
    bounded(&input.grants)?;
    identity.check_units(cx.tenant(), &input.grants).await?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, state) = (cx.principal.identity, Arc::clone(&identity));
    let made: ServiceAccount = write_once_control(&identity.control, &cx, async move |tx| {
        let giver = giver(&state, tx, &access, caller, SERVICE_MANAGE).await?;
        giver.may_give_service(&input.grants)?;
        if store::count(tx, tenant).await? >= MOST_SERVICES {
            return Err(Error::TooManyServices);
        }
        let name = input.name.as_str();
        let id = store::insert(tx, tenant, name, &input.grants, caller).await?;
        events::service_changed(tx, tenant, id).await?;
        let entry = Entry::new(actor, "identity.service.created", target(id));
        let entry = entry
            .about(tenant)
            .after(facts(name, &input.grants, false))
            .origin(&origin);
        gantry_audit::append(tx, entry).await?;
        Ok::<_, Error>(ServiceAccount::from(store::get(tx, tenant, id).await?))
    })
    .await?;
    let (slug, version) = (&cx.access.slug, made.version);
    Ok(CreatedVersion {
        location: format!(
            "/api/v1/tenants/{slug}/identity/service-accounts/{}",
            made.id
        ),
        body: made,
        version,
    })
}

/// All that can be changed of a service account; what is not named is taken away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceAccountInput {
    /// What people call it.
    name: Text<1, 80>,
    /// Each role once.
    #[schemars(length(max = 50))]
    grants: Vec<Grant>,
    /// Whether its keys are refused for now.
    disabled: bool,
}

/// Replaces name, grants and state. Needs `If-Match`. The caller must hold everything the account holds now and
/// everything it will hold.
pub(crate) async fn update_service_account(
    identity: Arc<Identity>,
    cx: TenantCx,
    (Path(service), Body(input)): (Path<IdentityId>, Body<ServiceAccountInput>),
) -> Result<Versioned<ServiceAccount>, Error> {
    let version = cx.if_match()?;
    bounded(&input.grants)?;
    identity.check_units(cx.tenant(), &input.grants).await?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, state) = (cx.principal.identity, Arc::clone(&identity));
    let changed = identity
        .control
        .write(async move |tx| {
            let before = store::get(tx, tenant, service).await?;
            let giver = giver(&state, tx, &access, caller, SERVICE_MANAGE).await?;
            giver.may_give_service(&input.grants)?;
            giver.may_take(&before.grants, Some(service))?;
            let name = input.name.as_str();
            store::update(tx, service, version, name, input.disabled, &input.grants).await?;
            events::service_changed(tx, tenant, service).await?;
            let entry = Entry::new(actor, "identity.service.changed", target(service));
            let disabled = before.disabled_at.is_some();
            let entry = entry
                .about(tenant)
                .before(facts(&before.name, &before.grants, disabled))
                .after(facts(name, &input.grants, input.disabled))
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            store::get(tx, tenant, service).await
        })
        .await?;
    identity.changed();
    let version = changed.version;
    Ok(Versioned {
        body: changed.into(),
        version,
    })
}

/// Removes a service account; its keys die with it.
pub(crate) async fn delete_service_account(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(service): Path<IdentityId>,
) -> Result<NoContent, Error> {
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, state) = (cx.principal.identity, Arc::clone(&identity));
    identity
        .control
        .write(async move |tx| {
            let before = store::get(tx, tenant, service).await?;
            let giver = giver(&state, tx, &access, caller, SERVICE_MANAGE).await?;
            giver.may_take(&before.grants, Some(service))?;
            store::delete(tx, service).await?;
            events::service_changed(tx, tenant, service).await?;
            let entry = Entry::new(actor, "identity.service.deleted", target(service));
            let disabled = before.disabled_at.is_some();
            let entry = entry
                .about(tenant)
                .before(facts(&before.name, &before.grants, disabled))
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}
