//! Rows of `sessions`.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, MAX_USER_AGENT, Origin, Secret, SessionId, Timestamp};

use super::CookieValue;
use crate::config::IdentityConfig;
use crate::token::refresh;

/// A session as its owner sees it.
pub(crate) struct SessionRow {
    pub(crate) id: SessionId,
    pub(crate) kind: String,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
}

from_row!(SessionRow {
    id,
    kind,
    created_at,
    last_seen_at,
    expires_at,
    ip,
    user_agent
});

/// A new browser session and the cookie that carries it.
pub(crate) async fn create_cookie(
    tx: &mut Tx,
    identity: IdentityId,
    origin: &Origin,
    config: &IdentityConfig,
) -> Result<(CookieValue, Timestamp), DbError> {
    let cookie = CookieValue {
        session: tx.kernel().id(),
        secret: tx.kernel().token(),
    };
    let expires = insert(
        tx,
        cookie.session,
        identity,
        "cookie",
        Some(cookie.hash()),
        origin,
        config.session_idle.get(),
        config,
    )
    .await?;
    Ok((cookie, expires))
}

/// A new session of an API client, its first refresh token, and when that expires.
pub(crate) async fn create_token(
    tx: &mut Tx,
    identity: IdentityId,
    origin: &Origin,
    config: &IdentityConfig,
) -> Result<(SessionId, Secret<String>, Timestamp), DbError> {
    let session: SessionId = tx.kernel().id();
    let expires = insert(
        tx,
        session,
        identity,
        "token",
        None,
        origin,
        config.refresh_token.get(),
        config,
    )
    .await?;
    let token = refresh::insert(tx, session, None, expires).await?;
    Ok((session, token, expires))
}

#[expect(
    clippy::too_many_arguments,
    reason = "a row has that many columns; both callers are above"
)]
async fn insert(
    tx: &mut Tx,
    session: SessionId,
    identity: IdentityId,
    kind: &'static str,
    secret_hash: Option<Vec<u8>>,
    origin: &Origin,
    idle: Duration,
    config: &IdentityConfig,
) -> Result<Timestamp, DbError> {
    let now = tx.now();
    let absolute = now + config.session_absolute.get();
    let expires = (now + idle).min(absolute);
    let agent: Option<String> = origin.user_agent.as_ref().map(|agent| {
        agent
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_USER_AGENT)
            .collect()
    });
    tx.execute(
        sql!(
            "insert into sessions (id, identity_id, kind, secret_hash, created_at, last_seen_at,
                                   expires_at, absolute_at, ip, user_agent)
             values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9)"
        ),
        &args![
            session,
            identity,
            kind,
            secret_hash,
            now,
            expires,
            absolute,
            origin.ip.map(|ip| ip.to_string()),
            agent,
        ],
    )
    .await?;
    Ok(expires)
}

/// The sessions of a person that are alive, newest first.
pub(crate) async fn list(tx: &mut Tx, identity: IdentityId) -> Result<Vec<SessionRow>, DbError> {
    let now = tx.now();
    tx.all(
        sql!(
            "select id, kind, created_at, last_seen_at, expires_at, ip, user_agent
             from sessions
             where identity_id = $1 and revoked_at is null and expires_at > $2
             order by created_at desc, id desc
             limit 200"
        ),
        &args![identity, now],
    )
    .await
}

/// Ends one session of a person. `false` when there is no such living session.
pub(crate) async fn revoke(
    tx: &mut Tx,
    identity: IdentityId,
    session: SessionId,
    reason: &'static str,
) -> Result<bool, DbError> {
    let now = tx.now();
    let ended = tx
        .execute(
            sql!(
                "update sessions set revoked_at = $3, revoked_reason = $4
                 where id = $2 and identity_id = $1 and revoked_at is null"
            ),
            &args![identity, session, now, reason],
        )
        .await?;
    Ok(ended > 0)
}

/// Ends all sessions of a person, except one if it is named; says how many.
pub(crate) async fn revoke_all(
    tx: &mut Tx,
    identity: IdentityId,
    except: Option<SessionId>,
    reason: &'static str,
) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update sessions set revoked_at = $3, revoked_reason = $4
             where identity_id = $1 and revoked_at is null
               and (cast($2 as text) is null or id <> $2)"
        ),
        &args![identity, except, now, reason],
    )
    .await
}

/// Notes that a session was used; a browser session's idle time starts anew.
pub(crate) async fn touch(
    tx: &mut Tx,
    session: SessionId,
    idle_until: Timestamp,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update sessions set last_seen_at = $2,
                    expires_at = case when kind <> 'cookie' then expires_at
                                      when $3 < absolute_at then $3 else absolute_at end
             where id = $1 and revoked_at is null"
        ),
        &args![session, now, idle_until],
    )
    .await?;
    Ok(())
}

/// Removes up to 200 sessions that expired before `before`, with their refresh tokens.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, DbError> {
    tx.execute(
        sql!(
            "delete from sessions where id in
             (select id from sessions where expires_at < $1 order by expires_at limit 200)"
        ),
        &args![before],
    )
    .await
}
