//! Rows of `oidc_attempts`: browsers on their way to a provider and back.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{SessionId, Timestamp};

use super::log_in::Purpose;

/// A browser on its way.
pub(super) struct NewAttempt {
    pub(super) state_hash: [u8; 32],
    pub(super) browser_hash: [u8; 32],
    pub(super) provider: String,
    pub(super) issuer: String,
    pub(super) purpose: Purpose,
    pub(super) expires_at: Timestamp,
}

/// Notes that a browser left.
pub(super) async fn put(tx: &mut Tx, new: &NewAttempt) -> Result<(), DbError> {
    let (mode, session) = match new.purpose {
        Purpose::LogIn(mode) => (Some(mode.as_str()), None),
        Purpose::Link(session) => (None, Some(session)),
    };
    tx.execute(
        sql!(
            "insert into oidc_attempts (state_hash, browser_hash, provider, issuer, mode,
                                        session_id, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)"
        ),
        &args![
            new.state_hash.to_vec(),
            new.browser_hash.to_vec(),
            new.provider,
            new.issuer,
            mode,
            session,
            new.expires_at
        ],
    )
    .await?;
    Ok(())
}

/// What a browser left for.
pub(super) struct Taken {
    pub(super) provider: String,
    pub(super) issuer: String,
    pub(super) mode: Option<String>,
    pub(super) session_id: Option<SessionId>,
}

from_row!(Taken {
    provider,
    issuer,
    mode,
    session_id
});

/// Uses up the attempt that this browser comes back from. Another browser's stays: it may still come.
pub(super) async fn take(
    tx: &mut Tx,
    state_hash: &[u8; 32],
    browser_hash: &[u8; 32],
) -> Result<Option<Taken>, DbError> {
    let now = tx.now();
    tx.opt(
        sql!(
            "delete from oidc_attempts
             where state_hash = $1 and browser_hash = $2 and expires_at > $3
             returning provider, issuer, mode, session_id"
        ),
        &args![state_hash.to_vec(), browser_hash.to_vec(), now],
    )
    .await
}

/// Removes up to 500 attempts that are over.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "delete from oidc_attempts where state_hash in
             (select state_hash from oidc_attempts where expires_at <= $1
              order by expires_at limit 500)"
        ),
        &args![now],
    )
    .await
}
