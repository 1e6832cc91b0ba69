//! A workspace's own entry, for its members.

use std::sync::Arc;

use gantry_audit::{Entry, Target};
use gantry_contracts::WorkspaceName;
use gantry_db::{TenantState, directory};
use gantry_http::{Body, RequestContext, TenantCx, Versioned};
use gantry_kernel::{Slug, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changed;
use crate::{Error, Tenancy};

/// A workspace.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Workspace {
    id: TenantId,
    slug: Slug,
    name: String,
    state: TenantState,
    /// Why it is read-only, if it is.
    reason: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// What members may change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateWorkspace {
    /// What people call it.
    name: WorkspaceName,
}

fn shown(tenant: directory::Tenant) -> Versioned<Workspace> {
    let version = tenant.version;
    let body = Workspace {
        id: tenant.id,
        slug: tenant.slug,
        name: tenant.name,
        state: tenant.state,
        reason: tenant.reason,
        created_at: tenant.created_at,
        updated_at: tenant.updated_at,
    };
    Versioned { body, version }
}

pub(crate) async fn get(
    tenancy: Arc<Tenancy>,
    cx: TenantCx,
    (): (),
) -> Result<Versioned<Workspace>, Error> {
    let id = cx.tenant();
    let found = tenancy
        .control
        .read(async |tx| directory::by_id(tx, id).await)
        .await?;
    found.map(shown).ok_or(Error::NotFound)
}

pub(crate) async fn update(
    tenancy: Arc<Tenancy>,
    cx: TenantCx,
    Body(UpdateWorkspace { name }): Body<UpdateWorkspace>,
) -> Result<Versioned<Workspace>, Error> {
    let (id, version) = (cx.tenant(), cx.if_match()?);
    let (actor, origin) = (cx.actor(), cx.origin());
    let renamed = tenancy
        .control
        .write(async move |tx| {
            let before = directory::by_id(tx, id).await?.ok_or(Error::NotFound)?;
            // The pipeline's look may be half a second old; this one decides.
            if before.state != TenantState::Active {
                return Err(Error::WrongState(before.state));
            }
            let after = directory::rename(tx, id, version, &before.slug, name.as_str()).await?;
            // A name may be a person's, so the row says only that it changed.
            let entry = Entry::new(actor, "tenancy.tenant.renamed", Target::new("tenant", id));
            gantry_audit::append(tx, entry.about(id).origin(&origin)).await?;
            changed(tx, id).await?;
            Ok(after)
        })
        .await?;
    Ok(shown(renamed))
}
