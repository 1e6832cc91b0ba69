//! Refresh tokens: one use each, rotated, and a family dies when an old one comes back.
//!
//! A client that lost our answer repeats its request. That is told from theft by one rule: the parent is
//! accepted again only while its child is unused and for at most the grace period, and then the child is
//! replaced. Whoever used the child first wins; the other ends the family and both must sign in.
//!
//! A token is forgotten with its session, never before: one that nobody knows any more ends no family, and
//! a thief could wait for that.

use std::time::Duration;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{Actor, IdentityId, Origin, Secret, SessionId, Timestamp, crypto};

use crate::config::IdentityConfig;
use crate::session::Methods;

/// What presenting a refresh token led to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A new token of the same session.
    Rotated {
        identity: IdentityId,
        session: SessionId,
        methods: Methods,
        operator: Option<IdentityId>,
        token: Secret<String>,
        expires: Timestamp,
    },
    /// The token is unknown or expired, or its session has ended.
    Refused,
    /// An old token came back: the session was ended.
    Reused { session: SessionId },
}

struct Presented {
    session_id: SessionId,
    identity_id: IdentityId,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
    replaced_at: Option<Timestamp>,
    session_expires_at: Timestamp,
    absolute_at: Timestamp,
    revoked_at: Option<Timestamp>,
    methods: String,
    operator_id: Option<IdentityId>,
    state: String,
}

from_row!(Presented {
    session_id,
    identity_id,
    expires_at,
    used_at,
    replaced_at,
    session_expires_at,
    absolute_at,
    revoked_at,
    methods,
    operator_id,
    state,
});

/// A new token of a session.
pub(crate) async fn insert(
    tx: &mut Tx,
    session: SessionId,
    parent: Option<&[u8]>,
    expires: Timestamp,
) -> Result<Secret<String>, DbError> {
    let token = tx.kernel().token();
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into refresh_tokens (hash, session_id, parent, issued_at, expires_at)
             values ($1, $2, $3, $4, $5)"
        ),
        &args![
            hash(token.expose()),
            session,
            parent.map(<[u8]>::to_vec),
            now,
            expires
        ],
    )
    .await?;
    Ok(token)
}

/// Exchanges a token for its successor. The transaction must be committed whatever the outcome is.
pub(crate) async fn rotate(
    tx: &mut Tx,
    token: &str,
    origin: &Origin,
    config: &IdentityConfig,
) -> Result<Outcome, DbError> {
    let hash = hash(token);
    let now = tx.now();
    let Some(presented) = presented(tx, &hash).await? else {
        return Ok(Outcome::Refused);
    };
    let alive = presented.revoked_at.is_none()
        && presented.session_expires_at > now
        && presented.state == "active";
    if !alive {
        return Ok(Outcome::Refused);
    }
    let grace = config.refresh_grace.get();
    match presented.used_at {
        None if presented.replaced_at.is_some() => reuse(tx, &presented, "replaced", origin).await,
        None if presented.expires_at <= now => Ok(Outcome::Refused),
        None => {
            tx.execute(
                sql!("update refresh_tokens set used_at = $2 where hash = $1"),
                &args![hash, now],
            )
            .await?;
            successor(tx, &presented, &hash, config).await
        }
        Some(used) if within(now, used, grace) && replace_unused_child(tx, &hash).await? => {
            successor(tx, &presented, &hash, config).await
        }
        Some(_) => reuse(tx, &presented, "used", origin).await,
    }
}

/// A clock that was turned back makes no token older than it is.
fn within(now: Timestamp, used: Timestamp, grace: Duration) -> bool {
    now - used <= grace
}

async fn presented(tx: &mut Tx, hash: &[u8]) -> Result<Option<Presented>, DbError> {
    tx.opt(
        sql!(
            "select r.session_id, s.identity_id, r.expires_at, r.used_at, r.replaced_at,
                    s.expires_at as session_expires_at, s.absolute_at, s.revoked_at,
                    s.methods, s.operator_id, i.state
             from refresh_tokens r
             join sessions s on s.id = r.session_id
             join identities i on i.id = s.identity_id
             where r.hash = $1"
        ),
        &args![hash.to_vec()],
    )
    .await
}

/// Marks the unused child of `parent` as replaced. `false` when it was used (or there is none).
async fn replace_unused_child(tx: &mut Tx, parent: &[u8]) -> Result<bool, DbError> {
    let now = tx.now();
    let replaced = tx
        .execute(
            sql!(
                "update refresh_tokens set replaced_at = $2
                 where parent = $1 and used_at is null and replaced_at is null"
            ),
            &args![parent.to_vec(), now],
        )
        .await?;
    Ok(replaced > 0)
}

async fn successor(
    tx: &mut Tx,
    presented: &Presented,
    parent: &[u8],
    config: &IdentityConfig,
) -> Result<Outcome, DbError> {
    let now = tx.now();
    let expires = (now + config.refresh_token.get()).min(presented.absolute_at);
    let token = insert(tx, presented.session_id, Some(parent), expires).await?;
    tx.execute(
        sql!("update sessions set last_seen_at = $2, expires_at = $3 where id = $1"),
        &args![presented.session_id, now, expires],
    )
    .await?;
    Ok(Outcome::Rotated {
        identity: presented.identity_id,
        session: presented.session_id,
        methods: Methods::parse(&presented.methods),
        operator: presented.operator_id,
        token,
        expires,
    })
}

async fn reuse(
    tx: &mut Tx,
    presented: &Presented,
    what: &'static str,
    origin: &Origin,
) -> Result<Outcome, DbError> {
    crate::session::store::revoke(
        tx,
        presented.identity_id,
        presented.session_id,
        "refresh_reuse",
    )
    .await?;
    let entry = Entry::new(
        Actor::Anonymous,
        "identity.refresh_token.reused",
        Target::new("session", presented.session_id),
    );
    let facts = Facts::new()
        .with("identity", presented.identity_id)
        .with("token", what);
    gantry_audit::append(tx, entry.denied().after(facts).origin(origin)).await?;
    Ok(Outcome::Reused {
        session: presented.session_id,
    })
}

fn hash(token: &str) -> Vec<u8> {
    crypto::sha256(token.as_bytes()).to_vec()
}
