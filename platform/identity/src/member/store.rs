//! Rows of `memberships` and `grants`. Both live in control: a person's access to a tenant is known without
//! opening the tenant's database.

use gantry_db::{DbError, FromRow, Row, Tx, args, sql};
use gantry_kernel::{Email, IdentityId, Slug, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::events;
use crate::role::{Grant, OWNER};

/// A member with the person's name.
pub(crate) struct Member {
    pub(crate) identity: IdentityId,
    pub(crate) email: Email,
    pub(crate) name: String,
    pub(crate) last_login_at: Option<Timestamp>,
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) grants: Vec<Grant>,
}

struct MemberRow {
    identity_id: IdentityId,
    email: Email,
    name: String,
    last_login_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
}

gantry_db::from_row!(MemberRow {
    identity_id,
    email,
    name,
    last_login_at,
    version,
    created_at
});

/// `None` when the stored scope is not known any more.
struct GrantRow(Option<Grant>);

impl FromRow for GrantRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let (scope, units): (String, String) = (row.get("scope")?, row.get("units")?);
        Ok(Self(Grant::from_columns(row.get("role")?, &scope, &units)))
    }
}

/// Where a page of members ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    at: Timestamp,
    identity: IdentityId,
}

impl From<&Member> for Cursor {
    fn from(member: &Member) -> Self {
        Self {
            at: member.created_at,
            identity: member.identity,
        }
    }
}

/// How many members the tenant has.
pub(crate) async fn count(tx: &mut Tx, tenant: TenantId) -> Result<i64, DbError> {
    tx.one(
        sql!("select count(*) from memberships where tenant_id = $1"),
        &args![tenant],
    )
    .await
}

/// Up to `limit` members in the order they joined.
pub(crate) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Member>, DbError> {
    let rows: Vec<MemberRow> = tx
        .all(
            sql!(
                "select m.identity_id, i.email, i.name, i.last_login_at, m.version, m.created_at
                 from memberships m join identities i on i.id = m.identity_id
                 where m.tenant_id = $1
                   and (cast($2 as bigint) is null or m.created_at > $2
                        or (m.created_at = $2 and m.identity_id > $3))
                 order by m.created_at, m.identity_id
                 limit $4"
            ),
            &args![
                tenant,
                after.map(|after| after.at),
                after.map(|after| after.identity),
                limit
            ],
        )
        .await?;
    let mut members = Vec::with_capacity(rows.len());
    for row in rows {
        let grants = grants(tx, tenant, row.identity_id).await?;
        members.push(member(row, grants));
    }
    Ok(members)
}

fn member(row: MemberRow, grants: Vec<Grant>) -> Member {
    Member {
        identity: row.identity_id,
        email: row.email,
        name: row.name,
        last_login_at: row.last_login_at,
        version: row.version,
        created_at: row.created_at,
        grants,
    }
}

/// One member.
pub(crate) async fn get(
    tx: &mut Tx,
    tenant: TenantId,
    identity: IdentityId,
) -> Result<Option<Member>, DbError> {
    let row: Option<MemberRow> = tx
        .opt(
            sql!(
                "select m.identity_id, i.email, i.name, i.last_login_at, m.version, m.created_at
                 from memberships m join identities i on i.id = m.identity_id
                 where m.tenant_id = $1 and m.identity_id = $2"
            ),
            &args![tenant, identity],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let grants = grants(tx, tenant, identity).await?;
    Ok(Some(member(row, grants)))
}

/// Whether somebody belongs to the tenant.
pub(crate) async fn is_member(
    tx: &mut Tx,
    tenant: TenantId,
    identity: IdentityId,
) -> Result<bool, DbError> {
    let found: Option<(i64,)> = tx
        .opt(
            sql!("select 1 from memberships where tenant_id = $1 and identity_id = $2"),
            &args![tenant, identity],
        )
        .await?;
    Ok(found.is_some())
}

/// What a member was granted.
pub(crate) async fn grants(
    tx: &mut Tx,
    tenant: TenantId,
    identity: IdentityId,
) -> Result<Vec<Grant>, DbError> {
    let rows: Vec<GrantRow> = tx
        .all(
            sql!(
                "select role, scope, units from grants
                 where tenant_id = $1 and identity_id = $2 order by role"
            ),
            &args![tenant, identity],
        )
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.0).collect())
}

/// Makes somebody a member; nothing happens to one who is.
pub(crate) async fn join(
    tx: &mut Tx,
    tenant: TenantId,
    identity: IdentityId,
) -> Result<bool, DbError> {
    let now = tx.now();
    let joined = tx
        .execute(
            sql!(
                "insert into memberships (tenant_id, identity_id, version, created_at, updated_at)
                 values ($1, $2, 1, $3, $3) on conflict (tenant_id, identity_id) do nothing"
            ),
            &args![tenant, identity, now],
        )
        .await?;
    if joined > 0 {
        events::member_changed(tx, tenant, identity).await?;
    }
    Ok(joined > 0)
}

/// Gives a role; the scope of one that is held already is replaced.
pub(crate) async fn give(
    tx: &mut Tx,
    tenant: TenantId,
    identity: IdentityId,
    grant: &Grant,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into grants (tenant_id, identity_id, role, scope, units, created_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, identity_id, role) do update set
                 scope = excluded.scope, units = excluded.units"
        ),
        &args![
            tenant,
            identity,
            grant.role,
            grant.scope.as_str(),
            grant.units_text(),
            now
        ],
    )
    .await?;
    Ok(())
}

/// Replaces all grants of a member. Errors: [`Error::Stale`] when `version` is not the stored one.
pub(crate) async fn replace(
    tx: &mut Tx,
    tenant: TenantId,
    identity: IdentityId,
    version: i64,
    grants: &[Grant],
) -> Result<(), Error> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update memberships set version = version + 1, updated_at = $4
                 where tenant_id = $1 and identity_id = $2 and version = $3"
            ),
            &args![tenant, identity, version, now],
        )
        .await?;
    if changed == 0 {
        return Err(Error::Stale);
    }
    tx.execute(
        sql!("delete from grants where tenant_id = $1 and identity_id = $2"),
        &args![tenant, identity],
    )
    .await?;
    for grant in grants {
        give(tx, tenant, identity, grant).await?;
    }
    events::member_changed(tx, tenant, identity).await?;
    keep_an_owner(tx, tenant).await
}

/// Ends a membership.
pub(crate) async fn remove(
    tx: &mut Tx,
    tenant: TenantId,
    identity: IdentityId,
) -> Result<(), Error> {
    let removed = tx
        .execute(
            sql!("delete from memberships where tenant_id = $1 and identity_id = $2"),
            &args![tenant, identity],
        )
        .await?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    gantry_notices::forget_member(tx, tenant, identity).await?;
    events::member_changed(tx, tenant, identity).await?;
    keep_an_owner(tx, tenant).await
}

/// Refuses a change that leaves the tenant without an owner who can sign in. It runs after the change, in
/// its transaction: of two owners who remove each other at once, serialisation lets one through.
async fn keep_an_owner(tx: &mut Tx, tenant: TenantId) -> Result<(), Error> {
    let owners: i64 = tx
        .one(
            sql!(
                "select count(*) from grants g join identities i on i.id = g.identity_id
                 where g.tenant_id = $1 and g.role = $2 and g.scope = 'all' and i.state = 'active'"
            ),
            &args![tenant, OWNER],
        )
        .await?;
    if owners == 0 {
        Err(Error::LastOwner)
    } else {
        Ok(())
    }
}

/// A tenant somebody belongs to.
pub(crate) struct Membership {
    pub(crate) id: TenantId,
    pub(crate) slug: Slug,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) second_factor_required: bool,
    pub(crate) created_at: Timestamp,
}

gantry_db::from_row!(Membership {
    id,
    slug,
    name,
    state,
    second_factor_required,
    created_at
});

/// The tenants of a person that are not closed, by slug; also those that are still being made for them.
pub(crate) async fn tenants_of(
    tx: &mut Tx,
    identity: IdentityId,
) -> Result<Vec<Membership>, DbError> {
    tx.all(
        sql!(
            "select t.id, t.slug, t.name, t.state, m.created_at,
                    coalesce(s.require_second_factor, false) as second_factor_required
             from memberships m join tenants t on t.id = m.tenant_id
                 left join tenant_security s on s.tenant_id = t.id
             where m.identity_id = $1 and t.state <> 'closed'
             order by t.slug
             limit 500"
        ),
        &args![identity],
    )
    .await
}

/// The tenant that a slug or an id names, if the person belongs to it.
pub(crate) async fn tenant_of(
    tx: &mut Tx,
    identity: IdentityId,
    tenant: &str,
) -> Result<Option<TenantId>, DbError> {
    let found: Option<(TenantId,)> = tx
        .opt(
            sql!(
                "select t.id from tenants t join memberships m on m.tenant_id = t.id
                 where m.identity_id = $1 and (t.id = $2 or t.slug = $2)"
            ),
            &args![identity, tenant],
        )
        .await?;
    Ok(found.map(|(id,)| id))
}
