//! Rows of `passkeys`.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, Timestamp};
use gantry_webauthn::Key;

use super::{PasskeyId, UserHandle};
use crate::Error;

/// A refused copy is told of once in this long.
const QUIET: Duration = Duration::from_hours(24);

/// A passkey of somebody.
pub(crate) struct Stored {
    pub(crate) id: PasskeyId,
    pub(crate) identity_id: IdentityId,
    pub(crate) name: String,
    pub(crate) user_handle: UserHandle,
    credential: String,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) copied_at: Option<Timestamp>,
}

from_row!(Stored {
    id,
    identity_id,
    name,
    user_handle,
    credential,
    created_at,
    last_used_at,
    copied_at
});

impl Stored {
    /// The key.
    pub(crate) fn key(&self) -> Result<Key, gantry_webauthn::Error> {
        Key::parse(&self.credential)
    }
}

/// The keys of `stored`.
pub(super) fn keys(stored: &[Stored]) -> Result<Vec<Key>, gantry_webauthn::Error> {
    stored.iter().map(Stored::key).collect()
}

/// The passkeys of a person, oldest first.
pub(crate) async fn list(tx: &mut Tx, person: IdentityId) -> Result<Vec<Stored>, DbError> {
    tx.all(
        sql!(
            "select id, identity_id, name, user_handle, credential, created_at, last_used_at,
                    copied_at
             from passkeys where identity_id = $1 order by created_at, id"
        ),
        &args![person],
    )
    .await
}

/// The passkey with the authenticator's name for it.
pub(super) async fn by_credential(tx: &mut Tx, id: &[u8]) -> Result<Option<Stored>, DbError> {
    tx.opt(
        sql!(
            "select id, identity_id, name, user_handle, credential, created_at, last_used_at,
                    copied_at
             from passkeys where credential_id = $1"
        ),
        &args![id.to_vec()],
    )
    .await
}

/// A new passkey. `None` when the key is somebody's already.
pub(super) async fn insert(
    tx: &mut Tx,
    person: IdentityId,
    name: &str,
    handle: UserHandle,
    key: &Key,
) -> Result<Option<PasskeyId>, Error> {
    let id: PasskeyId = tx.kernel().id();
    let (now, text) = (tx.now(), key.text()?);
    let put = tx
        .execute(
            sql!(
                "insert into passkeys (id, identity_id, name, credential_id, user_handle,
                                       credential, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (credential_id) do nothing"
            ),
            &args![id, person, name, key.id().to_vec(), handle, text, now],
        )
        .await?;
    Ok((put > 0).then_some(id))
}

/// Notes that a passkey was used, with the counter and flags it showed.
pub(super) async fn used(tx: &mut Tx, id: PasskeyId, key: &Key) -> Result<(), Error> {
    let (now, text) = (tx.now(), key.text()?);
    tx.execute(
        sql!("update passkeys set credential = $2, last_used_at = $3 where id = $1"),
        &args![id, text, now],
    )
    .await?;
    Ok(())
}

/// Notes that there is a copy of a passkey. `false` when that was noted lately.
pub(super) async fn copied(tx: &mut Tx, id: PasskeyId) -> Result<bool, DbError> {
    let now = tx.now();
    let noted = tx
        .execute(
            sql!(
                "update passkeys set copied_at = $2
                 where id = $1 and (copied_at is null or copied_at <= $3)"
            ),
            &args![id, now, now.before(QUIET)],
        )
        .await?;
    Ok(noted > 0)
}

/// Renames a passkey of a person. `false` when there is no such one.
pub(super) async fn rename(
    tx: &mut Tx,
    person: IdentityId,
    id: PasskeyId,
    name: &str,
) -> Result<bool, DbError> {
    let renamed = tx
        .execute(
            sql!("update passkeys set name = $3 where identity_id = $1 and id = $2"),
            &args![person, id, name],
        )
        .await?;
    Ok(renamed > 0)
}

/// Removes a passkey of a person, or all. `false` when there is none.
pub(crate) async fn remove(
    tx: &mut Tx,
    person: IdentityId,
    id: Option<PasskeyId>,
) -> Result<bool, DbError> {
    let removed = tx
        .execute(
            sql!(
                "delete from passkeys
                 where identity_id = $1 and (cast($2 as text) is null or id = $2)"
            ),
            &args![person, id],
        )
        .await?;
    Ok(removed > 0)
}
