//! Rows of `api_keys`.

use std::collections::BTreeSet;
use std::net::IpAddr;

use gantry_db::{DbError, FromRow, Row, Tx, args, sql};
use gantry_kernel::{ApiKeyId, IdentityId, Timestamp};
use serde::{Deserialize, Serialize};

use super::network::Networks;

/// A key, without its secret.
pub(crate) struct Key {
    pub(crate) id: ApiKeyId,
    pub(crate) name: String,
    pub(crate) permissions: Option<BTreeSet<String>>,
    pub(crate) networks: Option<Networks>,
    pub(crate) expires_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) last_used_ip: Option<String>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) created_by: IdentityId,
    pub(crate) created_at: Timestamp,
}

impl FromRow for Key {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let permissions: Option<String> = row.get("permissions")?;
        let networks: Option<String> = row.get("networks")?;
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            permissions: permissions.as_deref().map(names),
            networks: networks.as_deref().map(Networks::stored),
            expires_at: row.get("expires_at")?,
            last_used_at: row.get("last_used_at")?,
            last_used_ip: row.get("last_used_ip")?,
            revoked_at: row.get("revoked_at")?,
            created_by: row.get("created_by")?,
            created_at: row.get("created_at")?,
        })
    }
}

/// The permissions of a narrowed key, from the stored column.
pub(crate) fn names(stored: &str) -> BTreeSet<String> {
    stored.split(',').map(str::to_owned).collect()
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    at: Timestamp,
    id: ApiKeyId,
}

impl From<&Key> for Cursor {
    fn from(key: &Key) -> Self {
        Self {
            at: key.created_at,
            id: key.id,
        }
    }
}

/// A key to store.
pub(crate) struct NewKey {
    pub(crate) id: ApiKeyId,
    pub(crate) service: IdentityId,
    pub(crate) name: String,
    pub(crate) hash: [u8; 32],
    pub(crate) permissions: Option<BTreeSet<String>>,
    pub(crate) networks: Option<Networks>,
    pub(crate) expires_at: Timestamp,
    pub(crate) created_by: IdentityId,
}

/// A new key.
pub(crate) async fn insert(tx: &mut Tx, key: &NewKey) -> Result<(), DbError> {
    let now = tx.now();
    let permissions = key.permissions.as_ref().map(|names| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.join(",")
    });
    let networks = key.networks.as_ref();
    let networks = networks.map(|networks| networks.texts().join(","));
    tx.execute(
        sql!(
            "insert into api_keys (id, service_id, name, hash, permissions, networks, expires_at,
                                   created_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        ),
        &args![
            key.id,
            key.service,
            key.name,
            key.hash,
            permissions,
            networks,
            key.expires_at,
            key.created_by,
            now
        ],
    )
    .await?;
    Ok(())
}

/// How many keys of an account are good today.
pub(crate) async fn count_living(tx: &mut Tx, service: IdentityId) -> Result<i64, DbError> {
    let now = tx.now();
    tx.one(
        sql!(
            "select count(*) from api_keys
             where service_id = $1 and revoked_at is null and expires_at > $2"
        ),
        &args![service, now],
    )
    .await
}

/// One key of an account.
pub(crate) async fn get(
    tx: &mut Tx,
    service: IdentityId,
    id: ApiKeyId,
) -> Result<Option<Key>, DbError> {
    tx.opt(
        sql!(
            "select id, name, permissions, networks, expires_at, last_used_at, last_used_ip,
                    revoked_at, created_by, created_at
             from api_keys where service_id = $1 and id = $2"
        ),
        &args![service, id],
    )
    .await
}

/// Up to `limit` keys of an account, newest first, also those that are over and not yet swept away.
pub(crate) async fn list(
    tx: &mut Tx,
    service: IdentityId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Key>, DbError> {
    tx.all(
        sql!(
            "select id, name, permissions, networks, expires_at, last_used_at, last_used_ip,
                    revoked_at, created_by, created_at
             from api_keys
             where service_id = $1
               and (cast($2 as bigint) is null or created_at < $2 or (created_at = $2 and id < $3))
             order by created_at desc, id desc
             limit $4"
        ),
        &args![
            service,
            after.map(|after| after.at),
            after.map(|after| after.id),
            limit
        ],
    )
    .await
}

/// Ends a key; `false` when it was revoked before.
pub(crate) async fn revoke(tx: &mut Tx, id: ApiKeyId) -> Result<bool, DbError> {
    let now = tx.now();
    let revoked = tx
        .execute(
            sql!("update api_keys set revoked_at = $2 where id = $1 and revoked_at is null"),
            &args![id, now],
        )
        .await?;
    Ok(revoked > 0)
}

/// Notes that a key was used, and from where.
pub(crate) async fn touch(tx: &mut Tx, id: ApiKeyId, from: Option<IpAddr>) -> Result<(), DbError> {
    let (now, from) = (tx.now(), from.map(|ip| ip.to_string()));
    tx.execute(
        sql!("update api_keys set last_used_at = $2, last_used_ip = $3 where id = $1"),
        &args![id, now, from],
    )
    .await?;
    Ok(())
}

/// Removes up to 200 keys that would have expired before `before`. Revoked ones stay until then, too: whoever looks
/// into a leak wants to see them. The audit log keeps both ends of a key's life.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, DbError> {
    tx.execute(
        sql!(
            "delete from api_keys where id in
             (select id from api_keys where expires_at < $1 order by expires_at limit 200)"
        ),
        &args![before],
    )
    .await
}
