//! Rows of `sign_ups`: what unconfirmed people asked for.

use std::net::IpAddr;

use gantry_db::{DbError, TenantState, Tx, args, from_row, sql};
use gantry_kernel::{Email, IdentityId, Slug, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::SignUpId;
use crate::account::PersonName;

/// Sign-ups of one address that are kept. Mails to one mailbox are limited to a few per hour, so that nobody
/// pushes somebody else's sign-up out before its mail is read.
const KEPT: i64 = 10;

/// What is asked for.
pub(crate) struct NewSignUp {
    pub(crate) identity: IdentityId,
    pub(crate) name: PersonName,
    pub(crate) password_hash: String,
    pub(crate) workspace_name: PersonName,
    pub(crate) workspace_slug: Option<Slug>,
    pub(crate) ip: Option<IpAddr>,
}

/// What was asked for.
pub(crate) struct Wish {
    pub(crate) identity_id: IdentityId,
    pub(crate) name: String,
    pub(crate) password_hash: String,
    pub(crate) workspace_name: PersonName,
    pub(crate) workspace_slug: Option<Slug>,
}

from_row!(Wish {
    identity_id,
    name,
    password_hash,
    workspace_name,
    workspace_slug
});

/// Keeps a sign-up beside those the address has already, or (`keep` is false) none of an address whose account
/// is confirmed: the row is written and removed, which costs what keeping costs.
pub(crate) async fn put(tx: &mut Tx, new: &NewSignUp, keep: bool) -> Result<SignUpId, DbError> {
    let id: SignUpId = tx.kernel().id();
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into sign_ups (id, identity_id, name, password_hash, workspace_name,
                                   workspace_slug, ip, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)"
        ),
        &args![
            id,
            new.identity,
            new.name.as_str(),
            new.password_hash,
            new.workspace_name.as_str(),
            new.workspace_slug,
            new.ip.map(|ip| ip.to_string()),
            now
        ],
    )
    .await?;
    tx.execute(
        sql!(
            "delete from sign_ups where identity_id = $1 and id not in
             (select id from sign_ups where identity_id = $1
              order by created_at desc, id desc limit $2)"
        ),
        &args![new.identity, if keep { KEPT } else { 0 }],
    )
    .await?;
    Ok(id)
}

/// One sign-up.
pub(crate) async fn get(tx: &mut Tx, id: SignUpId) -> Result<Option<Wish>, DbError> {
    tx.opt(
        sql!(
            "select identity_id, name, password_hash, workspace_name, workspace_slug
             from sign_ups where id = $1"
        ),
        &args![id],
    )
    .await
}

/// Forgets the sign-ups of an account; the links to them die with them.
pub(crate) async fn forget(tx: &mut Tx, identity: IdentityId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from sign_ups where identity_id = $1"),
        &args![identity],
    )
    .await?;
    Ok(())
}

/// A sign-up that waits for its link: when it was asked for, and from which network address.
pub(crate) struct Pending {
    pub(crate) id: SignUpId,
    pub(crate) created_at: Timestamp,
    pub(crate) ip: Option<String>,
}

from_row!(Pending { id, created_at, ip });

/// The sign-ups of an address that can be confirmed, newest first; only one, if it is named.
pub(crate) async fn pending(
    tx: &mut Tx,
    email: &Email,
    only: Option<SignUpId>,
) -> Result<Vec<Pending>, DbError> {
    tx.all(
        sql!(
            "select s.id, s.created_at, s.ip
             from sign_ups s join identities i on i.id = s.identity_id
             where i.email = $1 and i.verified_at is null and i.state = 'active'
               and (cast($2 as text) is null or s.id = $2)
             order by s.created_at desc, s.id desc"
        ),
        &args![email, only],
    )
    .await
}

/// A workspace on its way.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NewTenant {
    /// The workspace.
    pub(crate) id: TenantId,
    /// The address it got.
    slug: Slug,
    /// Its name.
    name: String,
    /// `provisioning` until its database is there.
    state: TenantState,
}

from_row!(NewTenant {
    id,
    slug,
    name,
    state
});

/// A tenant that was just begun.
pub(crate) async fn tenant(tx: &mut Tx, tenant: TenantId) -> Result<NewTenant, DbError> {
    tx.one(
        sql!("select id, slug, name, state from tenants where id = $1"),
        &args![tenant],
    )
    .await
}

/// Removes up to 200 accounts that were never confirmed, and as many old sign-ups of those that somebody
/// still tries to confirm.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, DbError> {
    let accounts = tx
        .execute(
            sql!(
                "delete from identities where id in
                 (select i.id from identities i
                  where i.verified_at is null and i.updated_at < $1
                    and exists (select 1 from sign_ups s where s.identity_id = i.id)
                  order by i.updated_at limit 200)"
            ),
            &args![before],
        )
        .await?;
    let sign_ups = tx
        .execute(
            sql!(
                "delete from sign_ups where id in
                 (select id from sign_ups where created_at < $1 order by created_at limit 200)"
            ),
            &args![before],
        )
        .await?;
    Ok(accounts + sign_ups)
}
