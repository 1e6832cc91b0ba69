//! Making, seeing and revoking the keys of a service account.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{
    Body, Created, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    write_once_control,
};
use gantry_kernel::{ApiKeyId, IdentityId, Problem, Secret, Text, Timestamp};
use gantry_proofs::api_key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::Networks;
use super::store;
use crate::role::{SERVICE_MANAGE, giver};
use crate::service;
use crate::{Error, Identity, events};

/// Two while one replaces the other, for each of a few places where the program runs.
const MOST_KEYS: i64 = 20;
/// How long a key is good when nobody says.
const USUAL: Duration = Duration::from_hours(90 * 24);

/// A key of a service account.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ApiKey {
    id: ApiKeyId,
    /// What people call it.
    name: String,
    /// How the key's text begins; tells keys apart and opens nothing.
    prefix: String,
    /// The part of what the account may do that this key may; absent: all of it.
    permissions: Option<BTreeSet<String>>,
    /// From where it may be used; absent: from anywhere.
    networks: Option<Vec<String>>,
    expires_at: Timestamp,
    /// When it was last used, give or take five minutes.
    last_used_at: Option<Timestamp>,
    /// From which address it was used then.
    last_used_ip: Option<String>,
    revoked_at: Option<Timestamp>,
    created_by: IdentityId,
    created_at: Timestamp,
}

impl From<store::Key> for ApiKey {
    fn from(key: store::Key) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: api_key::public_part(key.id),
            permissions: key.permissions,
            networks: key.networks.map(|networks| networks.texts()),
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            last_used_ip: key.last_used_ip,
            revoked_at: key.revoked_at,
            created_by: key.created_by,
            created_at: key.created_at,
        }
    }
}

/// A key to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// What people call it: where it is kept, what uses it.
    name: Text<1, 80>,
    /// When it ends; in 90 days when absent, and never later than the server allows (a year, unless it is configured
    /// otherwise).
    expires_at: Option<Timestamp>,
    /// Narrows the key to these permissions; absent: all that the account has.
    #[schemars(length(min = 1, max = 200))]
    permissions: Option<Vec<String>>,
    /// From where it may be used: networks such as `192.0.2.0/24`, or single addresses; absent: from anywhere.
    #[schemars(length(min = 1, max = 20))]
    networks: Option<Vec<String>>,
}

impl NewApiKey {
    fn permissions(&self, identity: &Identity) -> Result<Option<BTreeSet<String>>, Error> {
        let Some(named) = &self.permissions else {
            return Ok(None);
        };
        if named.is_empty() || named.len() > 200 {
            return Err(Error::RolePermission(
                None,
                "name 1 to 200 permissions, or none at all".to_owned(),
            ));
        }
        let unknown = |name: &String| identity.roles.permission(name).is_none();
        if let Some(at) = named.iter().position(unknown) {
            return Err(Error::RolePermission(
                Some(at),
                "there is no such permission".to_owned(),
            ));
        }
        Ok(Some(named.iter().cloned().collect()))
    }

    fn end(&self, identity: &Identity) -> Result<Timestamp, Error> {
        let (now, longest) = (identity.kernel.now(), identity.config.api_key_longest.get());
        let end = self.expires_at.unwrap_or(now + USUAL.min(longest));
        if end <= now || end > now + longest {
            return Err(Error::KeyLifetime(longest));
        }
        Ok(end)
    }
}

/// A new key with its secret, which nobody can show again.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NewKeyShown {
    #[serde(flatten)]
    key: ApiKey,
    /// Goes into `Authorization: Bearer`. Shown this once.
    secret: String,
}

/// Makes a key. The caller must hold everything the account holds: whoever makes a key can act as the account.
pub(crate) async fn create_api_key(
    identity: Arc<Identity>,
    cx: TenantCx,
    (Path(service), Body(input)): (Path<IdentityId>, Body<NewApiKey>),
) -> Result<Created<NewKeyShown>, Problem> {
    let (permissions, expires_at) = (input.permissions(&identity)?, input.end(&identity)?);
    let networks = input.networks.as_deref().map(Networks::read).transpose()?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, state) = (cx.principal.identity, Arc::clone(&identity));
    let (id, secret): (ApiKeyId, Secret<String>) = api_key::make(&identity.kernel);
    let new = store::NewKey {
        id,
        service,
        name: input.name.as_str().to_owned(),
        hash: api_key::hash(secret.expose()),
        permissions,
        networks,
        expires_at,
        created_by: caller,
    };
    // What is kept under an Idempotency-Key is the key without its secret.
    let key: ApiKey = write_once_control(&identity.control, &cx, async move |tx| {
        let found = service::store::get(tx, tenant, service).await?;
        let giver = giver(&state, tx, &access, caller, SERVICE_MANAGE).await?;
        giver.may_take(&found.grants, Some(service))?;
        if store::count_living(tx, service).await? >= MOST_KEYS {
            return Err(Error::TooManyKeys);
        }
        store::insert(tx, &new).await?;
        events::key_changed(tx, tenant, service, id).await?;
        let entry = Entry::new(
            actor,
            "identity.api_key.created",
            Target::new("api_key", id),
        );
        let facts = Facts::new()
            .with("service_account", service)
            .with("name", &new.name)
            .with("expires_at", expires_at);
        let facts = match &new.permissions {
            Some(permissions) => facts.with_list("permissions", permissions),
            None => facts,
        };
        let facts = match &new.networks {
            Some(networks) => facts.with_list("networks", networks.texts()),
            None => facts,
        };
        gantry_audit::append(tx, entry.about(tenant).after(facts).origin(&origin)).await?;
        let stored = store::get(tx, service, id).await?.ok_or(Error::NotFound)?;
        Ok::<_, Error>(ApiKey::from(stored))
    })
    .await?;
    if cx.request().replayed() {
        return Err(Error::KeyShownBefore(key.id).into());
    }
    let slug = &cx.access.slug;
    let location = format!(
        "/api/v1/tenants/{slug}/identity/service-accounts/{service}/keys/{}",
        key.id
    );
    let secret = secret.expose().clone();
    Ok(Created::at(location, NewKeyShown { key, secret }))
}

/// Lists the keys of a service account, newest first.
pub(crate) async fn list_api_keys(
    identity: Arc<Identity>,
    cx: TenantCx,
    (Path(service), Query(query)): (Path<IdentityId>, Query<PageQuery>),
) -> Result<Page<ApiKey>, Error> {
    let tenant = cx.tenant();
    let after: Option<store::Cursor> = cx.cursor(&query, &service)?;
    let limit = query.limit();
    let rows = identity
        .control
        .read(async move |tx| {
            let found = service::store::get(tx, tenant, service).await?;
            Ok::<_, Error>(store::list(tx, found.id, after, limit).await?)
        })
        .await?;
    let page = cx.page(&query, &service, rows, |last| store::Cursor::from(last))?;
    Ok(Page {
        items: page.items.into_iter().map(ApiKey::from).collect(),
        next_page_token: page.next_page_token,
    })
}

/// Which key of which account.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct KeyPath {
    service: IdentityId,
    key: ApiKeyId,
}

/// Revokes a key, at once and for good. Once more is no error.
pub(crate) async fn revoke_api_key(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(KeyPath { service, key }): Path<KeyPath>,
) -> Result<NoContent, Error> {
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, state) = (cx.principal.identity, Arc::clone(&identity));
    identity
        .control
        .write(async move |tx| {
            let found = service::store::get(tx, tenant, service).await?;
            store::get(tx, service, key).await?.ok_or(Error::NotFound)?;
            let giver = giver(&state, tx, &access, caller, SERVICE_MANAGE).await?;
            giver.may_take(&found.grants, Some(service))?;
            if store::revoke(tx, key).await? {
                events::key_changed(tx, tenant, service, key).await?;
                let entry = Entry::new(
                    actor,
                    "identity.api_key.revoked",
                    Target::new("api_key", key),
                );
                let facts = Facts::new().with("service_account", service);
                gantry_audit::append(tx, entry.about(tenant).before(facts).origin(&origin)).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}
