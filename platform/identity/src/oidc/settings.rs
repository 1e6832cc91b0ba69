//! A workspace's own providers, for its owners: whoever decides how people sign in can be anybody in the workspace.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{
    Body, CreatedVersion, Json, NoContent, Path, RequestContext, TenantCx, Versioned,
    write_once_control,
};
use gantry_kernel::{Problem, Secret, Text, Timestamp};
use gantry_openid::Issuer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::ClientAuthKind;
use super::provider::place;
use super::{ProviderError, ProviderId, store};
use crate::{Error, Identity, session};

/// More are a sign that something else is meant.
const MOST: i64 = 10;

/// A provider of the workspace. Its secret is never shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct WorkspaceProvider {
    id: ProviderId,
    /// What people read on the log-in page.
    name: String,
    issuer: String,
    client_id: String,
    client_auth: ClientAuthKind,
    /// Whether people can sign in by it.
    enabled: bool,
    created_at: Timestamp,
    /// Counts changes; the ETag.
    version: i64,
}

impl From<store::ProviderRow> for WorkspaceProvider {
    fn from(row: store::ProviderRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            issuer: row.issuer,
            client_id: row.client_id,
            client_auth: ClientAuthKind::parse(&row.client_auth).unwrap_or_default(),
            enabled: row.disabled_at.is_none(),
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// The workspace's providers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WorkspaceProviders {
    items: Vec<WorkspaceProvider>,
}

/// A provider to add.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProvider {
    /// What people read on the log-in page.
    name: Text<1, 60>,
    /// The provider's issuer, exactly as it writes it; it cannot be changed.
    issuer: Text<1, 512>,
    /// What the provider knows the workspace as.
    client_id: Text<1, 255>,
    /// What it gave with that, unless `client_auth` is `none`.
    client_secret: Option<Secret<String>>,
    /// How the provider is asked for tokens: `basic` (the default), `post`, or `none` for public clients.
    #[serde(default)]
    client_auth: ClientAuthKind,
}

/// All that can be changed of a provider.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderInput {
    /// What people read on the log-in page.
    name: Text<1, 60>,
    /// What the provider knows the workspace as.
    client_id: Text<1, 255>,
    /// A new secret; without one the old one stays.
    client_secret: Option<Secret<String>>,
    /// How the provider is asked for tokens.
    client_auth: ClientAuthKind,
    /// Switched off, nobody signs in by it, and the sessions that began by it end.
    enabled: bool,
}

/// Lists the workspace's providers.
pub(crate) async fn list(
    identity: Arc<Identity>,
    cx: TenantCx,
    (): (),
) -> Result<Json<WorkspaceProviders>, Error> {
    let tenant = cx.tenant();
    let rows = identity
        .control
        .read(async move |tx| store::providers(tx, tenant).await)
        .await?;
    let items = rows.into_iter().map(WorkspaceProvider::from).collect();
    Ok(Json(WorkspaceProviders { items }))
}

/// One provider.
pub(crate) async fn get(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(provider): Path<ProviderId>,
) -> Result<Versioned<WorkspaceProvider>, Error> {
    let tenant = cx.tenant();
    let row = identity
        .control
        .read(async move |tx| store::provider(tx, tenant, provider).await)
        .await?;
    Ok(versioned(row))
}

fn versioned(row: store::ProviderRow) -> Versioned<WorkspaceProvider> {
    let version = row.version;
    Versioned {
        body: row.into(),
        version,
    }
}

/// The secret as stored. Errors: one is missing or left over.
fn sealed(
    identity: &Identity,
    id: ProviderId,
    kind: ClientAuthKind,
    secret: Option<Secret<String>>,
) -> Result<Option<Vec<u8>>, ProviderError> {
    let good = |secret: &Secret<String>| (1..=1_024).contains(&secret.expose().len());
    if (kind == ClientAuthKind::None) != secret.is_none() || !secret.iter().all(good) {
        let why = "needed unless client_auth is none, with at most 1,024 bytes";
        return Err(ProviderError::Field("/client_secret", why));
    }
    let seal = |secret: Secret<String>| {
        let entropy = identity.kernel.entropy.as_ref();
        let bytes = secret.expose().as_bytes();
        identity.keyring.seal(entropy, &place(id), bytes)
    };
    Ok(secret.map(seal).transpose()?)
}

fn entry(cx: &TenantCx, action: &'static str, id: ProviderId) -> Entry {
    let entry = Entry::new(cx.actor(), action, Target::new("provider", id));
    entry.about(cx.tenant()).origin(&cx.origin())
}

fn facts(row: &store::ProviderRow) -> Facts {
    Facts::new()
        .with("issuer", row.issuer.as_str())
        .with("client_id", row.client_id.as_str())
        .with("enabled", row.disabled_at.is_none())
}

/// Adds a provider. It is not asked anything yet.
pub(crate) async fn create(
    identity: Arc<Identity>,
    cx: TenantCx,
    Body(input): Body<NewProvider>,
) -> Result<CreatedVersion<WorkspaceProvider>, Problem> {
    let wrong = |why| Error::from(ProviderError::Field("/issuer", why));
    let issuer: Issuer = input.issuer.as_str().parse().map_err(|_| {
        wrong("an https address of at most 512 characters without query and fragment")
    })?;
    let public = identity.openid.check(&issuer);
    public.map_err(|_| wrong("an https address on the public internet"))?;
    let id: ProviderId = identity.kernel.id();
    let sealed =
        sealed(&identity, id, input.client_auth, input.client_secret).map_err(Error::from)?;
    let new = store::NewProvider {
        id,
        tenant: cx.tenant(),
        name: input.name.to_string(),
        issuer,
        client_id: input.client_id.to_string(),
        client_auth: input.client_auth,
        sealed,
        by: cx.principal.identity,
    };
    let entry = entry(&cx, "identity.provider.created", id);
    let made: WorkspaceProvider = write_once_control(&identity.control, &cx, async move |tx| {
        if store::count_providers(tx, new.tenant).await? >= MOST {
            return Err(Error::from(ProviderError::TooMany));
        }
        store::insert_provider(tx, &new).await?;
        let row = store::provider(tx, new.tenant, id).await?;
        gantry_audit::append(tx, entry.clone().after(facts(&row))).await?;
        Ok(WorkspaceProvider::from(row))
    })
    .await?;
    let (slug, version) = (&cx.access.slug, made.version);
    Ok(CreatedVersion {
        location: format!("/api/v1/tenants/{slug}/identity/providers/{}", made.id),
        body: made,
        version,
    })
}

/// Changes a provider. Needs `If-Match`.
pub(crate) async fn update(
    identity: Arc<Identity>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<ProviderId>, Body<ProviderInput>),
) -> Result<Versioned<WorkspaceProvider>, Error> {
    let (version, tenant) = (cx.if_match()?, cx.tenant());
    let kind = input.client_auth;
    let replaced = input.client_secret.is_some() || kind == ClientAuthKind::None;
    let sealed = if replaced {
        sealed(&identity, id, kind, input.client_secret)?
    } else {
        None
    };
    let entry = entry(&cx, "identity.provider.changed", id);
    let row = identity
        .control
        .write(async move |tx| {
            let before = store::provider(tx, tenant, id).await?;
            let secret = if replaced {
                sealed.clone()
            } else {
                before.sealed_secret.clone()
            };
            if secret.is_none() && kind != ClientAuthKind::None {
                let why = "needed unless client_auth is none";
                return Err(ProviderError::Field("/client_secret", why).into());
            }
            let change = store::ProviderChange {
                version,
                name: input.name.as_str(),
                client_id: input.client_id.as_str(),
                client_auth: kind,
                sealed: secret,
                enabled: input.enabled,
            };
            store::update_provider(tx, id, &change).await?;
            if !input.enabled {
                session::store::revoke_by_provider(tx, tenant, &before.issuer).await?;
            }
            let after = store::provider(tx, tenant, id).await?;
            let entry = entry.clone().before(facts(&before)).after(facts(&after));
            gantry_audit::append(tx, entry).await?;
            Ok::<_, Error>(after)
        })
        .await?;
    identity.changed();
    Ok(versioned(row))
}

/// Removes a provider. What was linked by it is forgotten, and the sessions that began by it end.
pub(crate) async fn remove(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(id): Path<ProviderId>,
) -> Result<NoContent, Error> {
    let tenant = cx.tenant();
    let entry = entry(&cx, "identity.provider.deleted", id);
    identity
        .control
        .write(async move |tx| {
            let before = store::provider(tx, tenant, id).await?;
            session::store::revoke_by_provider(tx, tenant, &before.issuer).await?;
            store::delete_provider(tx, tenant, &before).await?;
            gantry_audit::append(tx, entry.clone().before(facts(&before))).await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}
