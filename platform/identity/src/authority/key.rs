//! The joined read for a key: key, service account, tenant and grants.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use gantry_db::{DbError, FromRow, Row, TenantState, Tx, args, sql};
use gantry_http::{Access, Granted};
use gantry_kernel::{ApiKeyId, IdentityId, Slug, TenantId, Timestamp};

use crate::role::{Grant, Roles, is_for_people};
use crate::service::key::network::Networks;
use crate::service::key::store::names;

/// What is stored about a key and its account.
pub(super) struct FoundKey {
    pub(super) service: IdentityId,
    pub(super) hash: Vec<u8>,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) access: Access,
    networks: Option<Networks>,
    expires_at: Timestamp,
    over: bool,
}

impl FoundKey {
    /// Whether the key may be used at `now`.
    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        !self.over && self.expires_at > now
    }

    /// Whether the key may be used from this address; one that is bound to networks needs to know it.
    pub(super) fn admits(&self, from: Option<IpAddr>) -> bool {
        let bound = self.networks.as_ref();
        bound.is_none_or(|networks| from.is_some_and(|ip| networks.contain(ip)))
    }

    /// What the key opens, if that is the tenant which `asked` (an id or a slug) names.
    pub(super) fn access_to(&self, asked: &str) -> Option<Access> {
        let named = match asked.parse::<TenantId>() {
            Ok(id) => id == self.access.tenant,
            Err(_) => asked == self.access.slug.as_str(),
        };
        named.then(|| self.access.clone())
    }
}

/// One row per grant; what is before the grant is the same in each.
struct Joined {
    key: FoundKey,
    narrowed: Option<String>,
    held: Option<(Grant, Option<String>)>,
}

impl FromRow for Joined {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let (revoked, disabled): (Option<Timestamp>, Option<Timestamp>) =
            (row.get("revoked_at")?, row.get("disabled_at")?);
        let (tenant, slug): (TenantId, Slug) = (row.get("tenant_id")?, row.get("slug")?);
        let state: TenantState = row.get("state")?;
        let networks: Option<String> = row.get("networks")?;
        let role: Option<String> = row.get("role")?;
        let held = match role {
            Some(role) => {
                let (scope, units): (String, String) = (row.get("scope")?, row.get("units")?);
                let custom: Option<String> = row.get("custom")?;
                Grant::from_columns(role, &scope, &units).map(|grant| (grant, custom))
            }
            None => None,
        };
        let key = FoundKey {
            service: row.get("service_id")?,
            hash: row.get("hash")?,
            last_used_at: row.get("last_used_at")?,
            access: Access {
                tenant,
                slug,
                state,
                grants: Vec::new(),
            },
            networks: networks.as_deref().map(Networks::stored),
            expires_at: row.get("expires_at")?,
            over: revoked.is_some() || disabled.is_some(),
        };
        Ok(Self {
            key,
            narrowed: row.get("permissions")?,
            held,
        })
    }
}

/// What was read, before it is looked up what the grants mean.
pub(super) struct StoredKey(Vec<Joined>);

impl StoredKey {
    /// `None` when there is no such key.
    pub(super) fn resolve(self, roles: &Roles) -> Option<FoundKey> {
        let mut rows = self.0.into_iter();
        let Joined {
            mut key,
            narrowed,
            held,
        } = rows.next()?;
        let narrowed = narrowed.as_deref().map(names);
        let held = held.into_iter().chain(rows.filter_map(|row| row.held));
        let known = held.filter_map(|(grant, custom)| {
            let granted = roles.granted(&grant, custom.as_deref(), key.service)?;
            Some(narrow(granted, narrowed.as_ref()))
        });
        let grants = known.collect();
        key.access.grants = grants;
        Some(key)
    }
}

/// Without what only people do, whatever a role carries by now, and without what the key was not made for.
fn narrow(granted: Granted, to: Option<&BTreeSet<String>>) -> Granted {
    let kept = granted
        .permissions
        .iter()
        .filter(|name| !is_for_people(name) && to.is_none_or(|to| to.contains(*name)));
    Granted {
        permissions: Arc::new(kept.cloned().collect()),
        scope: granted.scope,
    }
}

/// Looks up a key by its id; whether it is the real one, its hash must show.
pub(super) async fn find(tx: &mut Tx, id: ApiKeyId) -> Result<StoredKey, DbError> {
    let rows = tx
        .all(
            sql!(
                "select k.service_id, k.hash, k.permissions, k.networks, k.expires_at, k.last_used_at,
                        k.revoked_at, s.disabled_at, s.tenant_id, t.slug, t.state,
                        g.role, g.scope, g.units, r.permissions as custom
                 from api_keys k
                 join service_accounts s on s.id = k.service_id
                 join tenants t on t.id = s.tenant_id
                 left join service_grants g on g.service_id = s.id
                 left join custom_roles r on r.tenant_id = s.tenant_id and r.key = g.role
                 where k.id = $1"
            ),
            &args![id],
        )
        .await?;
    Ok(StoredKey(rows))
}
