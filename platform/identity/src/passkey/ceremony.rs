//! Rows of `passkey_ceremonies`: what was asked of an authenticator, for whoever gets the answer. It is a row, so that
//! any process can take the answer, and one alone does.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, Secret, SessionId, crypto};
use gantry_webauthn::{Asked, Options};

use super::UserHandle;

/// How long somebody may look for their key.
const LIFETIME: Duration = Duration::from_mins(5);

/// What is asked for, and where alone the answer counts: in one session, or in one half log-in.
#[derive(Clone, Debug)]
pub(crate) struct Purpose(&'static str, String);

impl Purpose {
    pub(crate) fn register(session: SessionId) -> Self {
        Self("register", session.to_string())
    }

    /// By whoever holds the token: nobody is known yet.
    pub(crate) fn log_in() -> Self {
        Self("log_in", String::new())
    }

    pub(crate) fn second_factor(challenge: &Secret<String>) -> Self {
        let hash = crypto::sha256_hex(challenge.expose().as_bytes());
        Self("second_factor", hash)
    }

    pub(crate) fn step_up(session: SessionId) -> Self {
        Self("step_up", session.to_string())
    }
}

/// What is kept of a question until it is answered.
pub(super) struct Ceremony {
    pub(super) identity_id: Option<IdentityId>,
    pub(super) user_handle: Option<UserHandle>,
    pub(super) state: String,
}

from_row!(Ceremony {
    identity_id,
    user_handle,
    state
});

/// Opens a ceremony; `public_key` is what its page hands to the browser.
pub(super) async fn open(
    tx: &mut Tx,
    purpose: &Purpose,
    ceremony: &Ceremony,
    public_key: Options,
) -> Result<Asked, DbError> {
    let token = tx.kernel().token();
    let expires_at = tx.now() + LIFETIME;
    tx.execute(
        sql!(
            "insert into passkey_ceremonies (hash, purpose, bound_to, identity_id, user_handle,
                                             state, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)"
        ),
        &args![
            hash(&token),
            purpose.0,
            purpose.1,
            ceremony.identity_id,
            ceremony.user_handle,
            ceremony.state,
            expires_at
        ],
    )
    .await?;
    Ok(Asked {
        ceremony: token.expose().clone(),
        public_key,
        expires_at,
    })
}

/// Closes a ceremony, with whatever answer. `None` when it was closed before, is too old, or is another one's.
pub(super) async fn close(
    tx: &mut Tx,
    purpose: &Purpose,
    token: &Secret<String>,
) -> Result<Option<Ceremony>, DbError> {
    let now = tx.now();
    tx.opt(
        sql!(
            "delete from passkey_ceremonies
             where hash = $1 and purpose = $2 and bound_to = $3 and expires_at > $4
             returning identity_id, user_handle, state"
        ),
        &args![hash(token), purpose.0, purpose.1, now],
    )
    .await
}

/// Removes up to 500 ceremonies that are over.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "delete from passkey_ceremonies where hash in
             (select hash from passkey_ceremonies where expires_at <= $1
              order by expires_at limit 500)"
        ),
        &args![now],
    )
    .await
}

fn hash(token: &Secret<String>) -> Vec<u8> {
    crypto::sha256(token.expose().as_bytes()).to_vec()
}
