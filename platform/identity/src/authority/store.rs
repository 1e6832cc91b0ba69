//! The joined read: session, account, platform roles, and membership, state and grants of one tenant.

use gantry_db::{DbError, FromRow, Row, TenantState, Tx, args, sql};
use gantry_http::Granted;
use gantry_kernel::{IdentityId, SessionId, Slug, TenantId, Timestamp};

use crate::role::{Grant, Roles};

/// What is stored about a session and its owner.
pub(super) struct Found {
    pub(super) session: SessionId,
    pub(super) identity: IdentityId,
    pub(super) secret_hash: Option<Vec<u8>>,
    pub(super) last_seen_at: Timestamp,
    pub(super) operator: Option<IdentityId>,
    operator_tenant: Option<TenantId>,
    /// The one workspace whose provider vouched for the person.
    pub(super) only_tenant: Option<TenantId>,
    proven_at: Timestamp,
    second_factor_at: Option<Timestamp>,
    has_second_factor: bool,
    pub(super) platform: Vec<String>,
    tenant: Option<Membership>,
    expires_at: Timestamp,
    revoked: bool,
    active: bool,
}

/// The membership that was asked about.
pub(super) struct Membership {
    pub(super) id: TenantId,
    pub(super) slug: Slug,
    pub(super) state: TenantState,
    /// Its members come in with a second factor only.
    pub(super) second_factor_only: bool,
    /// What the grants mean, once they are looked up.
    pub(super) granted: Vec<Granted>,
}

impl Found {
    /// Whether the session may be used at `now`.
    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        !self.revoked && self.active && self.expires_at > now
    }

    /// The membership that was asked about, if this session may use it: staff who act as somebody else see the one
    /// workspace they named, and who came by a workspace's provider sees that one.
    pub(super) fn membership(&self) -> Option<&Membership> {
        let opens = |only: Option<TenantId>, tenant| only.is_none_or(|only| only == tenant);
        self.tenant
            .as_ref()
            .filter(|tenant| opens(self.operator_tenant, tenant.id))
            .filter(|tenant| opens(self.only_tenant, tenant.id))
    }

    /// Whether a second factor was given that the account still has.
    pub(super) fn is_multi_factor(&self) -> bool {
        self.has_second_factor && self.second_factor_at.is_some()
    }

    /// When the strongest proof that the account can give was last given; `None` when it never was in this
    /// session.
    pub(super) fn confirmed_at(&self) -> Option<Timestamp> {
        if self.operator.is_some() {
            None
        } else if self.has_second_factor {
            self.second_factor_at
        } else {
            Some(self.proven_at)
        }
    }
}

/// A grant, and what is stored about its role if the tenant made it.
type Held = (Grant, Option<String>);

/// One row per grant; what is before the grant is the same in each.
struct Joined {
    found: Found,
    held: Option<Held>,
}

/// What was read, before it is looked up what the grants mean.
pub(super) struct Stored {
    found: Found,
    held: Vec<Held>,
}

impl Stored {
    pub(super) fn resolve(self, roles: &Roles) -> Found {
        let Self { mut found, held } = self;
        let holder = found.identity;
        if let Some(tenant) = found.tenant.as_mut() {
            let known = held
                .iter()
                .filter_map(|(grant, custom)| roles.granted(grant, custom.as_deref(), holder));
            tenant.granted = known.collect();
        }
        found
    }
}

impl FromRow for Joined {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let platform: Option<String> = row.get("platform")?;
        let revoked: Option<Timestamp> = row.get("revoked_at")?;
        let verified: Option<Timestamp> = row.get("verified_at")?;
        let second_factor: Option<Timestamp> = row.get("second_factor_since")?;
        let account: String = row.get("account_state")?;
        let tenant: Option<TenantId> = row.get("tenant_id")?;
        let second_factor_only: Option<bool> = row.get("require_second_factor")?;
        let tenant = match tenant {
            Some(id) => Some(Membership {
                id,
                slug: row.get("slug")?,
                state: row.get("tenant_state")?,
                second_factor_only: second_factor_only.unwrap_or_default(),
                granted: Vec::new(),
            }),
            None => None,
        };
        let role: Option<String> = row.get("role")?;
        let held = match role {
            Some(role) => {
                let (scope, units): (String, String) = (row.get("scope")?, row.get("units")?);
                let custom: Option<String> = row.get("custom")?;
                Grant::from_columns(role, &scope, &units).map(|grant| (grant, custom))
            }
            None => None,
        };
        let found = Found {
            session: row.get("id")?,
            identity: row.get("identity_id")?,
            secret_hash: row.get("secret_hash")?,
            last_seen_at: row.get("last_seen_at")?,
            second_factor_at: row.get("second_factor_at")?,
            operator: row.get("operator_id")?,
            operator_tenant: row.get("operator_tenant_id")?,
            only_tenant: row.get("only_tenant_id")?,
            proven_at: row.get("proven_at")?,
            has_second_factor: second_factor.is_some(),
            platform: platform
                .map(|roles| roles.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            tenant,
            expires_at: row.get("expires_at")?,
            revoked: revoked.is_some(),
            active: account == "active" && verified.is_some(),
        };
        Ok(Self { found, held })
    }
}

/// Looks up a session and, if `tenant` (an id or a slug) is given, its owner's membership there.
pub(super) async fn find(
    tx: &mut Tx,
    session: SessionId,
    tenant: Option<&str>,
) -> Result<Option<Stored>, DbError> {
    // An id is never taken for a slug: a workspace cannot name itself after another one's id.
    let id = tenant.and_then(|text| text.parse::<TenantId>().ok());
    let slug = if id.is_some() { None } else { tenant };
    let rows: Vec<Joined> = tx
        .all(
            sql!(
                "select s.id, s.identity_id, s.secret_hash, s.last_seen_at, s.expires_at,
                        s.revoked_at, s.proven_at, s.second_factor_at, s.operator_id,
                        s.operator_tenant_id, s.only_tenant_id,
                        i.state as account_state, i.verified_at, i.second_factor_since,
                        (select string_agg(p.role, ',') from platform_grants p
                         where p.identity_id = s.identity_id) as platform,
                        m.tenant_id, t.slug, t.state as tenant_state, g.role, g.scope, g.units,
                        r.permissions as custom, p.require_second_factor
                 from sessions s
                 join identities i on i.id = s.identity_id
                 left join tenants t on t.id = cast($2 as text) or t.slug = cast($3 as text)
                 left join tenant_security p on p.tenant_id = t.id
                 left join memberships m on m.tenant_id = t.id and m.identity_id = s.identity_id
                 left join grants g on g.tenant_id = m.tenant_id and g.identity_id = m.identity_id
                 left join custom_roles r on r.tenant_id = g.tenant_id and r.key = g.role
                 where s.id = $1"
            ),
            &args![session, id, slug],
        )
        .await?;
    let mut stored: Option<Stored> = None;
    for Joined { found, held } in rows {
        let stored = stored.get_or_insert(Stored {
            found,
            held: Vec::new(),
        });
        stored.held.extend(held);
    }
    Ok(stored)
}
