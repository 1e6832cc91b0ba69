//! All tenants, for operators.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_contracts::WorkspaceName;
use gantry_db::{DbError, TenantState, directory};
use gantry_http::{
    Body, CreatedVersion, Page, PageQuery, Path, PlatformCx, Query, RequestContext, Versioned,
    write_once_control,
};
use gantry_kernel::{IdentityId, Problem, Slug, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{TenantKey, TenantView, find, store, view};
use crate::provisioning::{NewTenant, SlugChoice, begin};
use crate::{Error, Tenancy, limits, naming};

/// Which tenants are listed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ListTenants {
    /// Only those in this state.
    state: Option<TenantState>,
    /// Only those whose slug begins like this.
    slug: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// A row of the list.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TenantRow {
    id: TenantId,
    slug: Slug,
    name: String,
    state: TenantState,
    reason: Option<String>,
    created_at: Timestamp,
}

pub(crate) async fn list(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    Query(query): Query<ListTenants>,
) -> Result<Page<TenantRow>, Error> {
    let ListTenants { state, slug, page } = query;
    if page.order_by.is_some() {
        let problem = Problem::invalid("invalid_parameter", "the query cannot be read");
        return Err(problem
            .and_field("?order_by", "invalid", "this list has one order")
            .into());
    }
    let filters = (state, &slug);
    let before = cx.cursor::<TenantId>(&page, &filters)?;
    let tenants = tenancy
        .control
        .read(async |tx| store::page(tx, state, slug.as_deref(), before, page.limit()).await)
        .await?;
    let rows: Vec<TenantRow> = tenants
        .into_iter()
        .map(|tenant| TenantRow {
            id: tenant.id,
            slug: tenant.slug,
            name: tenant.name,
            state: tenant.state,
            reason: tenant.reason,
            created_at: tenant.created_at,
        })
        .collect();
    Ok(cx.page(&page, &filters, rows, |row| row.id)?)
}

pub(crate) async fn get(
    tenancy: Arc<Tenancy>,
    _: PlatformCx,
    Path(TenantKey { tenant }): Path<TenantKey>,
) -> Result<Versioned<TenantView>, Error> {
    let found = tenancy
        .control
        .read(async |tx| {
            let tenant = find(tx, &tenant).await?.ok_or(Error::NotFound)?;
            view(tx, tenant).await
        })
        .await?;
    Ok(versioned(found))
}

/// A tenant that an operator begins for somebody.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTenant {
    /// What people call it.
    name: WorkspaceName,
    /// Its name in addresses; made from the name when absent.
    slug: Option<Slug>,
    /// The verified person who will own it.
    owner_identity: IdentityId,
}

/// Begins a tenant; it is `active` a moment later.
pub(crate) async fn create(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    Body(wanted): Body<CreateTenant>,
) -> Result<CreatedVersion<TenantView>, Problem> {
    let (actor, origin) = (cx.actor(), cx.origin());
    let body = write_once_control(&tenancy.control, &cx, async move |tx| {
        let new = NewTenant {
            owner: wanted.owner_identity,
            name: wanted.name.as_str(),
            slug: wanted
                .slug
                .clone()
                .map_or(SlugChoice::FromName, SlugChoice::Exactly),
            actor,
            origin: &origin,
        };
        let tenant = begin(tx, new).await?;
        view(tx, tenant).await
    })
    .await?;
    let location = format!("/api/v1/admin/tenants/{}", body.id);
    Ok(CreatedVersion {
        location,
        version: body.version,
        body,
    })
}

/// What operators may change; what is absent stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateTenant {
    /// What people call it.
    name: Option<WorkspaceName>,
    /// Its name in addresses. Links with the old one stop working.
    slug: Option<Slug>,
    /// By name of the limit: the most there may be, or null for the default.
    limits: Option<BTreeMap<String, Option<i64>>>,
}

pub(crate) async fn update(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    (Path(TenantKey { tenant: key }), Body(change)): (Path<TenantKey>, Body<UpdateTenant>),
) -> Result<Versioned<TenantView>, Error> {
    let version = cx.if_match()?;
    if let Some(slug) = change
        .slug
        .as_ref()
        .filter(|slug| naming::is_reserved(slug))
    {
        return Err(Error::SlugReserved(slug.clone()));
    }
    if let Some(changes) = &change.limits {
        limits::check(&tenancy.config, changes)?;
    }
    let (actor, origin) = (cx.actor(), cx.origin());
    let updated = tenancy
        .control
        .write(async move |tx| {
            let old = find(tx, &key).await?.ok_or(Error::NotFound)?;
            let id = old.id;
            let name = change
                .name
                .as_ref()
                .map_or(old.name.as_str(), WorkspaceName::as_str);
            let slug = change.slug.as_ref().unwrap_or(&old.slug);
            let new = match directory::rename(tx, id, version, slug, name).await {
                Err(error) if error.is_unique_on("tenants", "slug") => {
                    return Err(Error::SlugTaken(slug.clone()));
                }
                other => other?,
            };
            let mut before = Facts::new().with("slug", &old.slug);
            let mut after = Facts::new()
                .with("slug", &new.slug)
                .with("renamed", new.name != old.name);
            if let Some(changes) = &change.limits {
                let known = limits::store::overrides(tx, id).await?;
                before = before.with_list("limits", known.iter().map(ToString::to_string));
                limits::store::change(tx, id, changes).await?;
                let known = limits::store::overrides(tx, id).await?;
                after = after.with_list("limits", known.iter().map(ToString::to_string));
            }
            let entry = Entry::new(actor, "tenancy.tenant.edited", Target::new("tenant", id))
                .about(id)
                .before(before)
                .after(after)
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            view(tx, new).await
        })
        .await
        .map_err(|error| match error {
            Error::Db(DbError::NoRow) => Error::NotFound,
            other => other,
        })?;
    tenancy.forget(updated.id);
    Ok(versioned(updated))
}

pub(crate) fn versioned(body: TenantView) -> Versioned<TenantView> {
    Versioned {
        version: body.version,
        body,
    }
}
