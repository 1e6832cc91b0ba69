//! Rows of `invitations`.

use std::time::Duration;

use gantry_db::{DbError, FromRow, Row, Tx, args, sql};
use gantry_kernel::{Email, IdentityId, Slug, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::InvitationId;
use crate::events;
use crate::role::Grant;

/// An invitation.
pub(crate) struct Invitation {
    pub(crate) id: InvitationId,
    pub(crate) tenant: TenantId,
    pub(crate) email: Email,
    pub(crate) grant: Grant,
    pub(crate) state: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) invited_by: IdentityId,
    pub(crate) mailed_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

impl FromRow for Invitation {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let (scope, units): (String, String) = (row.get("scope")?, row.get("units")?);
        let grant = Grant::from_columns(row.get("role")?, &scope, &units)
            .ok_or_else(|| DbError::Other("an invitation has an unknown scope".to_owned()))?;
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant_id")?,
            email: row.get("email")?,
            grant,
            state: row.get("state")?,
            expires_at: row.get("expires_at")?,
            invited_by: row.get("invited_by")?,
            mailed_at: row.get("mailed_at")?,
            created_at: row.get("created_at")?,
        })
    }
}

impl Invitation {
    /// Whether it can be accepted at `now`.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        self.state == "pending" && self.expires_at > now
    }
}

/// Where a page of invitations ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    at: Timestamp,
    id: InvitationId,
}

impl From<&Invitation> for Cursor {
    fn from(invitation: &Invitation) -> Self {
        Self {
            at: invitation.created_at,
            id: invitation.id,
        }
    }
}

/// A new open invitation. Errors: [`DbError::Unique`] when the address has one in this tenant.
pub(crate) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    email: &Email,
    grant: &Grant,
    invited_by: IdentityId,
    lifetime: Duration,
) -> Result<InvitationId, DbError> {
    let id: InvitationId = tx.kernel().id();
    let now = tx.now();
    // One that ran out makes room.
    tx.execute(
        sql!(
            "update invitations set state = 'expired', version = version + 1, updated_at = $3
             where tenant_id = $1 and email = $2 and state = 'pending' and expires_at <= $3"
        ),
        &args![tenant, email, now],
    )
    .await?;
    tx.execute(
        sql!(
            "insert into invitations (id, tenant_id, email, role, scope, units, state, expires_at,
                                      invited_by, mailed_at, version, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9, 1, $9, $9)"
        ),
        &args![
            id,
            tenant,
            email,
            grant.role,
            grant.scope.as_str(),
            grant.units_text(),
            now + lifetime,
            invited_by,
            now,
        ],
    )
    .await?;
    events::invitation_changed(tx, tenant, id).await?;
    Ok(id)
}

/// One invitation, whatever its tenant: for the bearer of its link.
pub(crate) async fn by_id(tx: &mut Tx, id: InvitationId) -> Result<Option<Invitation>, DbError> {
    tx.opt(
        sql!(
            "select id, tenant_id, email, role, scope, units, state, expires_at, invited_by,
                    mailed_at, created_at
             from invitations where id = $1"
        ),
        &args![id],
    )
    .await
}

/// One invitation of a tenant.
pub(crate) async fn get(
    tx: &mut Tx,
    tenant: TenantId,
    id: InvitationId,
) -> Result<Option<Invitation>, DbError> {
    Ok(by_id(tx, id)
        .await?
        .filter(|invitation| invitation.tenant == tenant))
}

/// Up to `limit` invitations, newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    state: Option<&str>,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Invitation>, DbError> {
    let now = tx.now();
    tx.all(
        sql!(
            "select id, tenant_id, email, role, scope, units, expires_at, invited_by, mailed_at,
                    created_at,
                    case when state = 'pending' and expires_at <= $6 then 'expired' else state end
                        as state
             from invitations
             where tenant_id = $1
               and (cast($2 as text) is null
                    or case when state = 'pending' and expires_at <= $6 then 'expired'
                            else state end = $2)
               and (cast($3 as bigint) is null or created_at < $3
                    or (created_at = $3 and id < $4))
             order by created_at desc, id desc
             limit $5"
        ),
        &args![
            tenant,
            state,
            after.map(|after| after.at),
            after.map(|after| after.id),
            limit,
            now,
        ],
    )
    .await
}

/// Moves an open invitation to its end. `false` when it was not open.
pub(crate) async fn close(
    tx: &mut Tx,
    id: InvitationId,
    state: &'static str,
    accepted_by: Option<IdentityId>,
) -> Result<bool, DbError> {
    let now = tx.now();
    let closed = tx
        .execute(
            sql!(
                "update invitations set state = $2, accepted_by = $3, version = version + 1,
                        updated_at = $4
                 where id = $1 and state = 'pending'"
            ),
            &args![id, state, accepted_by, now],
        )
        .await?;
    Ok(closed > 0)
}

/// Notes that the mail is sent once more, and lets the invitation live its whole time again as one of
/// `invited_by`: who invited first may have left.
pub(crate) async fn renew(
    tx: &mut Tx,
    id: InvitationId,
    invited_by: IdentityId,
    lifetime: Duration,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update invitations set mailed_at = $2, expires_at = $3, invited_by = $4,
                    version = version + 1, updated_at = $2
             where id = $1"
        ),
        &args![id, now, now + lifetime, invited_by],
    )
    .await?;
    Ok(())
}

/// Slug and name of the tenant, while it is one that people can join.
pub(crate) async fn tenant(
    tx: &mut Tx,
    tenant: TenantId,
) -> Result<Option<(Slug, String)>, DbError> {
    tx.opt(
        sql!("select slug, name from tenants where id = $1 and state = 'active'"),
        &args![tenant],
    )
    .await
}
