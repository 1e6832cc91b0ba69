//! All tenants, for operators.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_contracts::WorkspaceName;
use gantry_db::{DbError, Home, TenantState, directory};
use gantry_http::{
    Body, CreatedVersion, Page, PageQuery, Path, PlatformCx, Query, RequestContext, Versioned,
    write_once_control,
};
use gantry_kernel::{IdentityId, Problem, Slug, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{TenantKey, TenantView, changed, find, store, view};
use crate::provisioning::{NewTenant, SlugChoice, begin};
use crate::{By, Error, Tenancy, limits, naming};

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
    /// Where its database is: `sqlite`, or the name of a PostgreSQL server.
    home: String,
    /// How many migrations its database was last seen with.
    schema_version: i64,
    /// The bytes its database takes; null while it has none, or when its server cannot be asked.
    size: Option<u64>,
    /// When it was last written to, told every few minutes; null when never since this is recorded.
    written_at: Option<Timestamp>,
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
    let (tenants, written) = tenancy
        .control
        .read(async |tx| {
            let tenants = store::page(tx, state, slug.as_deref(), before, page.limit()).await?;
            let written = match (tenants.last(), tenants.first()) {
                // Newest first.
                (Some(first), Some(last)) => directory::activity(tx, first.id, last.id).await?,
                _ => Vec::new(),
            };
            Ok::<_, DbError>((tenants, written))
        })
        .await?;
    let written: BTreeMap<_, _> = written.into_iter().collect();
    let sizes = tenancy.tenants.sizes(&tenants).await?;
    let rows: Vec<TenantRow> = tenants
        .into_iter()
        .map(|tenant| TenantRow {
            home: Home::of(&tenant).to_string(),
            id: tenant.id,
            slug: tenant.slug,
            name: tenant.name,
            state: tenant.state,
            reason: tenant.reason,
            created_at: tenant.created_at,
            schema_version: tenant.schema_version,
            size: sizes.get(&tenant.id).copied(),
            written_at: written.get(&tenant.id).copied(),
        })
        .collect();
    Ok(cx.page(&page, &filters, rows, |row| row.id)?)
}

impl Tenancy {
    /// The directory's row of a tenant, by its id or slug.
    pub async fn find(&self, key: &str) -> Result<directory::Tenant, Error> {
        self.control
            .read(async |tx| find(tx, key).await?.ok_or(Error::NotFound))
            .await
    }

    /// Begins a tenant for somebody; a job makes its database.
    pub async fn create(
        &self,
        name: WorkspaceName,
        slug: Option<Slug>,
        owner: IdentityId,
        by: By,
    ) -> Result<TenantView, Error> {
        self.control
            .write(async move |tx| {
                let new = NewTenant {
                    owner,
                    name: name.as_str(),
                    slug: slug
                        .clone()
                        .map_or(SlugChoice::FromName, SlugChoice::Exactly),
                    actor: by.actor,
                    origin: &by.origin,
                };
                let tenant = begin(tx, new).await?;
                view(tx, tenant).await
            })
            .await
    }
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
            changed(tx, id).await?;
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
