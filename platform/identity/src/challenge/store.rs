//! Rows of `challenges`.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, Secret, TenantId, Timestamp, crypto};

use crate::oidc::{LinkId, Vouched};
use crate::session::Methods;
use crate::session::api::Mode;
use crate::session::begin::Start;

/// How long somebody may look for their phone.
const LIFETIME: Duration = Duration::from_mins(5);
/// Wrong answers that end a challenge.
const TRIES: i64 = 5;

struct Row {
    identity_id: IdentityId,
    mode: String,
    methods: String,
    link_id: Option<LinkId>,
    only_tenant_id: Option<TenantId>,
}

from_row!(Row {
    identity_id,
    mode,
    methods,
    link_id,
    only_tenant_id
});

/// A new challenge for who proved `start.methods`.
pub(super) async fn put(
    tx: &mut Tx,
    start: &Start,
) -> Result<(Secret<String>, Timestamp), DbError> {
    let token = tx.kernel().token();
    let expires_at = tx.now() + LIFETIME;
    tx.execute(
        sql!(
            "insert into challenges (hash, identity_id, mode, methods, tries, expires_at, link_id,
                                     only_tenant_id)
             values ($1, $2, $3, $4, 0, $5, $6, $7)"
        ),
        &args![
            hash(&token),
            start.person,
            start.mode.as_str(),
            start.methods.text(),
            expires_at,
            start.vouched.map(|by| by.link),
            start.vouched.and_then(|by| by.only)
        ],
    )
    .await?;
    Ok((token, expires_at))
}

/// What an open challenge stands for.
pub(super) async fn get(tx: &mut Tx, token: &Secret<String>) -> Result<Option<Start>, DbError> {
    let now = tx.now();
    let row: Option<Row> = tx
        .opt(
            sql!(
                "select identity_id, mode, methods, link_id, only_tenant_id from challenges
                 where hash = $1 and expires_at > $2 and tries < $3"
            ),
            &args![hash(token), now, TRIES],
        )
        .await?;
    Ok(row.map(|row| Start {
        person: row.identity_id,
        mode: Mode::of(&row.mode),
        methods: Methods::parse(&row.methods),
        impersonation: None,
        brought: None,
        vouched: row.link_id.map(|link| Vouched {
            link,
            only: row.only_tenant_id,
        }),
    }))
}

/// Whose log-in an open challenge completes.
pub(crate) async fn person(
    tx: &mut Tx,
    token: &Secret<String>,
) -> Result<Option<IdentityId>, DbError> {
    Ok(get(tx, token).await?.map(|start| start.person))
}

/// Counts a wrong answer.
pub(super) async fn count(tx: &mut Tx, token: &Secret<String>) -> Result<(), DbError> {
    tx.execute(
        sql!("update challenges set tries = tries + 1 where hash = $1"),
        &args![hash(token)],
    )
    .await?;
    Ok(())
}

/// Uses a challenge up.
pub(super) async fn close(tx: &mut Tx, token: &Secret<String>) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from challenges where hash = $1"),
        &args![hash(token)],
    )
    .await?;
    Ok(())
}

/// Ends every half log-in of a person: what was proven for it does not count any more.
pub(crate) async fn forget(tx: &mut Tx, person: IdentityId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from challenges where identity_id = $1"),
        &args![person],
    )
    .await?;
    Ok(())
}

/// Removes up to 500 challenges that are over.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "delete from challenges where hash in
             (select hash from challenges where expires_at <= $1 order by expires_at limit 500)"
        ),
        &args![now],
    )
    .await
}

fn hash(token: &Secret<String>) -> Vec<u8> {
    crypto::sha256(token.expose().as_bytes()).to_vec()
}
