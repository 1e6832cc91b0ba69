//! The joined read: session, account, platform roles, and membership, state and grants of one tenant.

use gantry_db::{DbError, FromRow, Row, TenantState, Tx, args, sql};
use gantry_kernel::{IdentityId, SessionId, Slug, TenantId, Timestamp};

use crate::role::Grant;

/// What is stored about a session and its owner.
pub(super) struct Found {
    pub(super) session: SessionId,
    pub(super) identity: IdentityId,
    pub(super) secret_hash: Option<Vec<u8>>,
    pub(super) last_seen_at: Timestamp,
    pub(super) platform: Vec<String>,
    pub(super) tenant: Option<Membership>,
    expires_at: Timestamp,
    revoked: bool,
    active: bool,
}

/// The membership that was asked about.
pub(super) struct Membership {
    pub(super) id: TenantId,
    pub(super) slug: Slug,
    pub(super) state: TenantState,
    pub(super) grants: Vec<Grant>,
}

impl Found {
    /// Whether the session may be used at `now`.
    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        !self.revoked && self.active && self.expires_at > now
    }
}

/// One row per grant; what is before the grant is the same in each.
struct Joined {
    found: Found,
    grant: Option<Grant>,
}

impl FromRow for Joined {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let platform: Option<String> = row.get("platform")?;
        let revoked: Option<Timestamp> = row.get("revoked_at")?;
        let verified: Option<Timestamp> = row.get("verified_at")?;
        let account: String = row.get("account_state")?;
        let tenant: Option<TenantId> = row.get("tenant_id")?;
        let tenant = match tenant {
            Some(id) => Some(Membership {
                id,
                slug: row.get("slug")?,
                state: row.get("tenant_state")?,
                grants: Vec::new(),
            }),
            None => None,
        };
        let role: Option<String> = row.get("role")?;
        let grant = match role {
            Some(role) => {
                let (scope, units): (String, String) = (row.get("scope")?, row.get("units")?);
                Grant::from_columns(role, &scope, &units)
            }
            None => None,
        };
        let found = Found {
            session: row.get("id")?,
            identity: row.get("identity_id")?,
            secret_hash: row.get("secret_hash")?,
            last_seen_at: row.get("last_seen_at")?,
            platform: platform
                .map(|roles| roles.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            tenant,
            expires_at: row.get("expires_at")?,
            revoked: revoked.is_some(),
            active: account == "active" && verified.is_some(),
        };
        Ok(Self { found, grant })
    }
}

/// Looks up a session and, if `tenant` (an id or a slug) is given, its owner's membership there.
pub(super) async fn find(
    tx: &mut Tx,
    session: SessionId,
    tenant: Option<&str>,
) -> Result<Option<Found>, DbError> {
    // An id is never taken for a slug: a workspace cannot name itself after another one's id.
    let id = tenant.and_then(|text| text.parse::<TenantId>().ok());
    let slug = if id.is_some() { None } else { tenant };
    let rows: Vec<Joined> = tx
        .all(
            sql!(
                "select s.id, s.identity_id, s.secret_hash, s.last_seen_at, s.expires_at,
                        s.revoked_at, i.state as account_state, i.verified_at,
                        (select string_agg(p.role, ',') from platform_grants p
                         where p.identity_id = s.identity_id) as platform,
                        m.tenant_id, t.slug, t.state as tenant_state, g.role, g.scope, g.units
                 from sessions s
                 join identities i on i.id = s.identity_id
                 left join tenants t on t.id = cast($2 as text) or t.slug = cast($3 as text)
                 left join memberships m on m.tenant_id = t.id and m.identity_id = s.identity_id
                 left join grants g on g.tenant_id = m.tenant_id and g.identity_id = m.identity_id
                 where s.id = $1"
            ),
            &args![session, id, slug],
        )
        .await?;
    let mut found: Option<Found> = None;
    for Joined { found: row, grant } in rows {
        let found = found.get_or_insert(row);
        if let (Some(tenant), Some(grant)) = (found.tenant.as_mut(), grant) {
            tenant.grants.push(grant);
        }
    }
    Ok(found)
}
