//! Rows of `sessions`.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, MAX_USER_AGENT, Origin, Secret, SessionId, TenantId, Timestamp};

use super::api::Mode;
use super::{CookieValue, Methods};
use crate::challenge;
use crate::config::IdentityConfig;
use crate::impersonation::{self, Impersonation};
use crate::oidc::{LinkId, Vouched, provider};
use crate::token::refresh;

/// Sessions of one person; one more ends the one that was idle for longest.
const MOST: i64 = 100;

/// A session as its owner sees it.
pub(crate) struct SessionRow {
    pub(crate) id: SessionId,
    pub(crate) kind: String,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) operator_id: Option<IdentityId>,
}

from_row!(SessionRow {
    id,
    kind,
    created_at,
    last_seen_at,
    expires_at,
    ip,
    user_agent,
    operator_id
});

/// A session to write.
pub(crate) struct NewSession<'a> {
    pub(crate) identity: IdentityId,
    pub(crate) methods: &'a Methods,
    pub(crate) multi_factor: bool,
    pub(crate) impersonation: Option<&'a Impersonation>,
    pub(crate) vouched: Option<Vouched>,
    pub(crate) origin: &'a Origin,
}

impl NewSession<'_> {
    /// The longest it lives, used or not.
    fn absolute(&self, tx: &Tx, config: &IdentityConfig) -> Timestamp {
        let longest = match self.impersonation {
            Some(_) => impersonation::LIFETIME,
            None => config.session_absolute.get(),
        };
        tx.now() + longest
    }
}

/// A new browser session and the cookie that carries it.
pub(crate) async fn create_cookie(
    tx: &mut Tx,
    new: &NewSession<'_>,
    config: &IdentityConfig,
) -> Result<(CookieValue, Timestamp), DbError> {
    let cookie = CookieValue {
        session: tx.kernel().id(),
        secret: tx.kernel().token(),
    };
    let absolute = new.absolute(tx, config);
    let expires = (tx.now() + config.session_idle.get()).min(absolute);
    let secret = Some(cookie.hash());
    insert(tx, cookie.session, new, secret, expires, absolute).await?;
    Ok((cookie, expires))
}

/// A new session of an API client, its first refresh token, and when that expires.
pub(crate) async fn create_token(
    tx: &mut Tx,
    new: &NewSession<'_>,
    config: &IdentityConfig,
) -> Result<(SessionId, Secret<String>, Timestamp), DbError> {
    let session: SessionId = tx.kernel().id();
    let absolute = new.absolute(tx, config);
    let expires = (tx.now() + config.refresh_token.get()).min(absolute);
    insert(tx, session, new, None, expires, absolute).await?;
    let token = refresh::insert(tx, session, None, expires).await?;
    Ok((session, token, expires))
}

async fn insert(
    tx: &mut Tx,
    session: SessionId,
    new: &NewSession<'_>,
    secret_hash: Option<Vec<u8>>,
    expires: Timestamp,
    absolute: Timestamp,
) -> Result<(), DbError> {
    let now = tx.now();
    let only = new.vouched.and_then(|by| by.only);
    // What a workspace says about somebody is no proof of the account: nothing sensitive follows from it.
    let proven_at = if only.is_some() {
        Timestamp::from_micros(0)
    } else {
        now
    };
    let kind = if secret_hash.is_some() {
        Mode::Cookie
    } else {
        Mode::Token
    };
    let agent: Option<String> = new.origin.user_agent.as_ref().map(|agent| {
        agent
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_USER_AGENT)
            .collect()
    });
    tx.execute(
        sql!(
            "insert into sessions (id, identity_id, kind, secret_hash, methods, proven_at,
                                   second_factor_at, created_at, last_seen_at, expires_at,
                                   absolute_at, ip, user_agent, operator_id, operator_tenant_id,
                                   operator_reason, link_id, only_tenant_id)
             values ($1, $2, $3, $4, $5, $15, $7, $6, $6, $8, $9, $10, $11, $12, $13, $14, $16,
                     $17)"
        ),
        &args![
            session,
            new.identity,
            kind.as_str(),
            secret_hash,
            new.methods.text(),
            now,
            new.multi_factor.then_some(now),
            expires,
            absolute,
            new.origin.ip.map(|ip| ip.to_string()),
            agent,
            new.impersonation.map(|by| by.operator),
            new.impersonation.map(|by| by.tenant),
            new.impersonation.map(|by| by.reason.as_str()),
            proven_at,
            new.vouched.map(|by| by.link),
            only,
        ],
    )
    .await?;
    Ok(())
}

/// Adds what was proven just now to a session.
pub(crate) async fn confirm(
    tx: &mut Tx,
    session: SessionId,
    methods: &Methods,
) -> Result<(), DbError> {
    let now = tx.now();
    let known: (String,) = tx
        .one(
            sql!("select methods from sessions where id = $1"),
            &args![session],
        )
        .await?;
    let all = Methods::parse(&known.0).and(methods);
    tx.execute(
        sql!(
            "update sessions set methods = $2, proven_at = $3,
                    second_factor_at = coalesce(cast($4 as bigint), second_factor_at)
             where id = $1"
        ),
        &args![
            session,
            all.text(),
            now,
            methods.is_multi_factor().then_some(now)
        ],
    )
    .await?;
    Ok(())
}

/// Ends the sessions of a person that began, and went on, without a second factor; says how many.
pub(crate) async fn revoke_single_factor(
    tx: &mut Tx,
    identity: IdentityId,
    reason: &'static str,
) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update sessions set revoked_at = $2, revoked_reason = $3
             where identity_id = $1 and revoked_at is null and second_factor_at is null"
        ),
        &args![identity, now, reason],
    )
    .await
}

/// No session of a person counts as confirmed by a second factor any more.
pub(crate) async fn forget_second_factor(tx: &mut Tx, identity: IdentityId) -> Result<(), DbError> {
    tx.execute(
        sql!("update sessions set second_factor_at = null where identity_id = $1"),
        &args![identity],
    )
    .await?;
    Ok(())
}

/// Ends the browser session that a client had before it signed in, if it really held it.
pub(crate) async fn end_brought(tx: &mut Tx, brought: &CookieValue) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update sessions set revoked_at = $3, revoked_reason = 'replaced'
             where id = $1 and secret_hash = $2 and revoked_at is null and expires_at > $3"
        ),
        &args![brought.session, brought.hash(), now],
    )
    .await
}

/// Ends what is more than a person may have besides the newest session: those that were idle for longest. What one
/// workspace's provider began counts by itself, so that it pushes nothing else out.
pub(crate) async fn end_surplus(
    tx: &mut Tx,
    identity: IdentityId,
    newest: SessionId,
) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update sessions set revoked_at = $3, revoked_reason = 'too_many' where id in
             (select id from sessions
              where identity_id = $1 and id <> $2 and revoked_at is null and expires_at > $3
                and coalesce(only_tenant_id, '') =
                    (select coalesce(n.only_tenant_id, '') from sessions n where n.id = $2)
              order by last_seen_at desc, id desc limit 1000 offset $4)"
        ),
        &args![identity, newest, now, MOST - 1],
    )
    .await
}

/// The sessions of a person that are alive, newest first.
pub(crate) async fn list(tx: &mut Tx, identity: IdentityId) -> Result<Vec<SessionRow>, DbError> {
    let now = tx.now();
    tx.all(
        sql!(
            "select id, kind, created_at, last_seen_at, expires_at, ip, user_agent, operator_id
             from sessions
             where identity_id = $1 and revoked_at is null and expires_at > $2
             order by created_at desc, id desc
             limit $3"
        ),
        &args![identity, now, MOST],
    )
    .await
}

/// Whether a session can still be used.
pub(crate) async fn is_alive(tx: &mut Tx, session: SessionId) -> Result<bool, DbError> {
    let now = tx.now();
    let alive: i64 = tx
        .one(
            sql!(
                "select count(*) from sessions
                 where id = $1 and revoked_at is null and expires_at > $2"
            ),
            &args![session, now],
        )
        .await?;
    Ok(alive > 0)
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

/// Ends all sessions of a person, and those in which they act as somebody else, except one if it is named, and every
/// half log-in; says how many sessions.
pub(crate) async fn revoke_all(
    tx: &mut Tx,
    identity: IdentityId,
    except: Option<SessionId>,
    reason: &'static str,
) -> Result<u64, DbError> {
    challenge::forget(tx, identity).await?;
    let now = tx.now();
    tx.execute(
        sql!(
            "update sessions set revoked_at = $3, revoked_reason = $4
             where (identity_id = $1 or operator_id = $1) and revoked_at is null
               and (cast($2 as text) is null or id <> $2)"
        ),
        &args![identity, except, now, reason],
    )
    .await
}

/// Ends the sessions that began by a link, except one.
pub(crate) async fn revoke_linked(
    tx: &mut Tx,
    link: LinkId,
    except: SessionId,
) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update sessions set revoked_at = $3, revoked_reason = 'unlinked'
             where link_id = $1 and id <> $2 and revoked_at is null"
        ),
        &args![link, except, now],
    )
    .await
}

/// Ends the sessions that began by a workspace's provider.
pub(crate) async fn revoke_by_provider(
    tx: &mut Tx,
    tenant: TenantId,
    issuer: &str,
) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update sessions set revoked_at = $3, revoked_reason = 'provider_ended'
             where revoked_at is null and link_id in
             (select id from oidc_links where scope = $1 and issuer = $2)"
        ),
        &args![provider::scope(Some(tenant)), issuer, now],
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
