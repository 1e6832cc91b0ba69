//! Rows of `custom_roles`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{IdentityId, ScopeKind, TenantId, define_id, fold};

use super::{Role, Roles, TenantRoles};
use crate::Error;

/// A role that a tenant made.
pub(crate) struct Custom {
    pub(crate) key: String,
    pub(crate) title: String,
    /// Names, joined by commas, as they were declared when it was stored.
    pub(crate) permissions: String,
    pub(crate) version: i64,
}

gantry_db::from_row!(Custom {
    key,
    title,
    permissions,
    version
});

impl Custom {
    /// What it means today.
    pub(crate) fn role(&self, process: &Roles) -> Role {
        let permissions = process.known(&self.permissions);
        Role {
            key: self.key.clone(),
            title: self.title.clone(),
            scopes: process.scopes_of(&permissions),
            permissions: Arc::new(permissions),
        }
    }
}

/// The tenant's own roles by title; there are few, see [`super::api`].
pub(crate) async fn list(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Custom>, DbError> {
    tx.all(
        sql!(
            "select key, title, permissions, version from custom_roles
             where tenant_id = $1 order by title_folded"
        ),
        &args![tenant],
    )
    .await
}

/// All roles of a tenant, by what is stored in this transaction.
pub(crate) async fn roles<'a>(
    tx: &mut Tx,
    process: &'a Roles,
    tenant: TenantId,
) -> Result<TenantRoles<'a>, DbError> {
    let own: BTreeMap<String, Role> = list(tx, tenant)
        .await?
        .into_iter()
        .map(|custom| (custom.key.clone(), custom.role(process)))
        .collect();
    Ok(TenantRoles::new(process, own))
}

/// One of the tenant's own roles.
pub(crate) async fn get(
    tx: &mut Tx,
    tenant: TenantId,
    key: &str,
) -> Result<Option<Custom>, DbError> {
    tx.opt(
        sql!(
            "select key, title, permissions, version from custom_roles
             where tenant_id = $1 and key = $2"
        ),
        &args![tenant, key],
    )
    .await
}

/// A new role; its key. Errors: [`Error::RoleTitleTaken`].
pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    title: &str,
    permissions: &BTreeSet<String>,
    by: IdentityId,
) -> Result<String, Error> {
    let (id, now): (RoleId, _) = (tx.kernel().id(), tx.now());
    let key = format!("custom.{id}");
    tx.execute(
        sql!(
            "insert into custom_roles (tenant_id, key, title, title_folded, permissions, version,
                                       created_by, created_at, updated_at)
             values ($1, $2, $3, $4, $5, 1, $6, $7, $7)"
        ),
        &args![
            tenant,
            key,
            title,
            fold(title),
            joined(permissions),
            by,
            now
        ],
    )
    .await
    .map_err(title_taken)?;
    Ok(key)
}

/// Replaces title and permissions. Errors: [`Error::Stale`], [`Error::RoleTitleTaken`].
pub(super) async fn update(
    tx: &mut Tx,
    tenant: TenantId,
    key: &str,
    version: i64,
    title: &str,
    permissions: &BTreeSet<String>,
) -> Result<(), Error> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update custom_roles
                 set title = $4, title_folded = $5, permissions = $6, version = version + 1,
                     updated_at = $7
                 where tenant_id = $1 and key = $2 and version = $3"
            ),
            &args![
                tenant,
                key,
                version,
                title,
                fold(title),
                joined(permissions),
                now
            ],
        )
        .await
        .map_err(title_taken)?;
    if changed == 0 {
        return Err(Error::Stale);
    }
    Ok(())
}

/// Errors: [`Error::Stale`].
pub(super) async fn delete(
    tx: &mut Tx,
    tenant: TenantId,
    key: &str,
    version: i64,
) -> Result<(), Error> {
    let removed = tx
        .execute(
            sql!("delete from custom_roles where tenant_id = $1 and key = $2 and version = $3"),
            &args![tenant, key, version],
        )
        .await?;
    if removed == 0 {
        return Err(Error::Stale);
    }
    Ok(())
}

/// The scopes with which the role is held or offered.
pub(super) async fn scopes_in_use(
    tx: &mut Tx,
    tenant: TenantId,
    key: &str,
) -> Result<Vec<ScopeKind>, DbError> {
    let now = tx.now();
    let rows: Vec<(String,)> = tx
        .all(
            sql!(
                "select scope from grants where tenant_id = $1 and role = $2
                 union
                 select g.scope from service_grants g join service_accounts s on s.id = g.service_id
                 where s.tenant_id = $1 and g.role = $2
                 union
                 select scope from invitations
                 where tenant_id = $1 and role = $2 and state = 'pending' and expires_at > $3"
            ),
            &args![tenant, key, now],
        )
        .await?;
    let kinds = [ScopeKind::All, ScopeKind::Units, ScopeKind::Own];
    Ok(kinds
        .into_iter()
        .filter(|kind| rows.iter().any(|(scope,)| scope == kind.as_str()))
        .collect())
}

define_id! {
    /// What makes the key of a role the only one ever.
    pub struct RoleId;
}

fn joined(permissions: &BTreeSet<String>) -> String {
    let names: Vec<&str> = permissions.iter().map(String::as_str).collect();
    names.join(",")
}

fn title_taken(error: DbError) -> Error {
    if error.is_unique_on("custom_roles", "title_folded") {
        Error::RoleTitleTaken
    } else {
        error.into()
    }
}
