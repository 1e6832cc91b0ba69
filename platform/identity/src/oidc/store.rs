//! Rows of `oidc_providers` and `oidc_links`.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, Slug, TenantId, Timestamp};
use gantry_openid::Issuer;

use super::config::ClientAuthKind;
use super::provider::{Provider, scope};
use super::{LinkId, ProviderError, ProviderId};
use crate::Error;

/// A workspace's provider.
#[derive(Clone)]
pub(super) struct ProviderRow {
    pub(super) id: ProviderId,
    pub(super) tenant_id: TenantId,
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_auth: String,
    pub(super) sealed_secret: Option<Vec<u8>>,
    pub(super) disabled_at: Option<Timestamp>,
    pub(super) version: i64,
    pub(super) created_at: Timestamp,
}

from_row!(ProviderRow {
    id,
    tenant_id,
    name,
    issuer,
    client_id,
    client_auth,
    sealed_secret,
    disabled_at,
    version,
    created_at
});

/// A provider by which people can sign in now.
pub(super) async fn open_provider(
    tx: &mut Tx,
    id: ProviderId,
) -> Result<Option<ProviderRow>, DbError> {
    tx.opt(
        sql!(
            "select p.id, p.tenant_id, p.name, p.issuer, p.client_id, p.client_auth,
                    p.sealed_secret, p.disabled_at, p.version, p.created_at
             from oidc_providers p join tenants t on t.id = p.tenant_id
             where p.id = $1 and p.disabled_at is null and t.state in ('active', 'suspended')"
        ),
        &args![id],
    )
    .await
}

/// The providers by which people can sign in to a workspace, by id or slug.
pub(super) async fn open_providers(
    tx: &mut Tx,
    workspace: &str,
) -> Result<Vec<ProviderRow>, DbError> {
    let id: Option<TenantId> = workspace.parse().ok();
    let slug: Option<Slug> = workspace.parse().ok().filter(|_| id.is_none());
    tx.all(
        sql!(
            "select p.id, p.tenant_id, p.name, p.issuer, p.client_id, p.client_auth,
                    p.sealed_secret, p.disabled_at, p.version, p.created_at
             from oidc_providers p join tenants t on t.id = p.tenant_id
             where (t.id = cast($1 as text) or t.slug = cast($2 as text))
               and p.disabled_at is null and t.state in ('active', 'suspended')
             order by p.created_at, p.id"
        ),
        &args![id, slug],
    )
    .await
}

/// All providers of a workspace.
pub(super) async fn providers(tx: &mut Tx, tenant: TenantId) -> Result<Vec<ProviderRow>, DbError> {
    tx.all(
        sql!(
            "select id, tenant_id, name, issuer, client_id, client_auth, sealed_secret,
                    disabled_at, version, created_at
             from oidc_providers where tenant_id = $1 order by created_at, id"
        ),
        &args![tenant],
    )
    .await
}

/// One of them. Errors: [`Error::NotFound`].
pub(super) async fn provider(
    tx: &mut Tx,
    tenant: TenantId,
    id: ProviderId,
) -> Result<ProviderRow, Error> {
    let found = tx
        .opt(
            sql!(
                "select id, tenant_id, name, issuer, client_id, client_auth, sealed_secret,
                        disabled_at, version, created_at
                 from oidc_providers where tenant_id = $1 and id = $2"
            ),
            &args![tenant, id],
        )
        .await?;
    found.ok_or(Error::NotFound)
}

/// How many a workspace has.
pub(super) async fn count_providers(tx: &mut Tx, tenant: TenantId) -> Result<i64, DbError> {
    tx.one(
        sql!("select count(*) from oidc_providers where tenant_id = $1"),
        &args![tenant],
    )
    .await
}

/// A provider to write.
pub(super) struct NewProvider {
    pub(super) id: ProviderId,
    pub(super) tenant: TenantId,
    pub(super) name: String,
    pub(super) issuer: Issuer,
    pub(super) client_id: String,
    pub(super) client_auth: ClientAuthKind,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) by: IdentityId,
}

/// A new provider. Errors: [`ProviderError::IssuerTaken`].
pub(super) async fn insert_provider(tx: &mut Tx, new: &NewProvider) -> Result<(), Error> {
    let now = tx.now();
    let written = tx
        .execute(
            sql!(
                "insert into oidc_providers (id, tenant_id, name, issuer, client_id, client_auth,
                                             sealed_secret, version, created_by, created_at,
                                             updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $9)
                 on conflict (tenant_id, issuer) do nothing"
            ),
            &args![
                new.id,
                new.tenant,
                new.name,
                new.issuer.as_str(),
                new.client_id,
                new.client_auth.as_str(),
                new.sealed,
                new.by,
                now
            ],
        )
        .await?;
    if written == 0 {
        return Err(ProviderError::IssuerTaken.into());
    }
    Ok(())
}

/// What a provider becomes.
pub(super) struct ProviderChange<'a> {
    pub(super) version: i64,
    pub(super) name: &'a str,
    pub(super) client_id: &'a str,
    pub(super) client_auth: ClientAuthKind,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) enabled: bool,
}

/// Changes a provider. Errors: [`Error::Stale`].
pub(super) async fn update_provider(
    tx: &mut Tx,
    id: ProviderId,
    change: &ProviderChange<'_>,
) -> Result<(), Error> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update oidc_providers
                 set name = $3, client_id = $4, client_auth = $5, sealed_secret = $6,
                     disabled_at = case when $7 then null else coalesce(disabled_at, $8) end,
                     version = version + 1, updated_at = $8
                 where id = $1 and version = $2"
            ),
            &args![
                id,
                change.version,
                change.name,
                change.client_id,
                change.client_auth.as_str(),
                change.sealed,
                change.enabled,
                now
            ],
        )
        .await?;
    if changed == 0 {
        return Err(Error::Stale);
    }
    Ok(())
}

/// Removes a provider, and what was linked by it.
pub(super) async fn delete_provider(
    tx: &mut Tx,
    tenant: TenantId,
    provider: &ProviderRow,
) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from oidc_links where scope = $1 and issuer = $2"),
        &args![scope(Some(tenant)), provider.issuer],
    )
    .await?;
    tx.execute(
        sql!("delete from oidc_providers where id = $1"),
        &args![provider.id],
    )
    .await?;
    Ok(())
}

/// A link as its owner sees it.
pub(crate) struct LinkRow {
    pub(super) id: LinkId,
    pub(super) scope: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
}

from_row!(LinkRow {
    id,
    scope,
    issuer,
    subject,
    created_at,
    last_used_at
});

impl LinkRow {
    /// The workspace whose provider it is of.
    pub(super) fn tenant(&self) -> Option<TenantId> {
        self.scope.parse().ok()
    }
}

/// What is linked to an account.
pub(crate) async fn links(tx: &mut Tx, person: IdentityId) -> Result<Vec<LinkRow>, DbError> {
    tx.all(
        sql!(
            "select id, scope, issuer, subject, created_at, last_used_at
             from oidc_links where identity_id = $1 order by created_at, id"
        ),
        &args![person],
    )
    .await
}

/// One link of an account.
pub(super) async fn get_link(
    tx: &mut Tx,
    person: IdentityId,
    id: LinkId,
) -> Result<Option<LinkRow>, DbError> {
    tx.opt(
        sql!(
            "select id, scope, issuer, subject, created_at, last_used_at
             from oidc_links where identity_id = $1 and id = $2"
        ),
        &args![person, id],
    )
    .await
}

/// Links an account. Errors: [`ProviderError::Taken`].
pub(super) async fn link(
    tx: &mut Tx,
    person: IdentityId,
    provider: &Provider,
    subject: &str,
) -> Result<LinkId, Error> {
    let (id, now): (LinkId, _) = (tx.kernel().id(), tx.now());
    let written = tx
        .execute(
            sql!(
                "insert into oidc_links (id, identity_id, scope, issuer, subject, created_at)
                 values ($1, $2, $3, $4, $5, $6)
                 on conflict (scope, issuer, subject) do nothing"
            ),
            &args![
                id,
                person,
                scope(provider.tenant),
                provider.client.issuer.as_str(),
                subject,
                now
            ],
        )
        .await?;
    if written == 0 {
        return Err(ProviderError::Taken.into());
    }
    Ok(id)
}

/// Removes a link.
pub(super) async fn unlink(tx: &mut Tx, id: LinkId) -> Result<(), DbError> {
    tx.execute(sql!("delete from oidc_links where id = $1"), &args![id])
        .await?;
    Ok(())
}

/// Whose account it is that a provider speaks of; notes that it was used.
pub(super) async fn used(
    tx: &mut Tx,
    scope: &str,
    issuer: &str,
    subject: &str,
) -> Result<Option<(LinkId, IdentityId)>, DbError> {
    let now = tx.now();
    tx.opt(
        sql!(
            "update oidc_links set last_used_at = $4
             where scope = $1 and issuer = $2 and subject = $3
             returning id, identity_id"
        ),
        &args![scope, issuer, subject, now],
    )
    .await
}
