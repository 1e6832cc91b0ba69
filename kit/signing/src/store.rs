//! The table of signing keys.

use std::fmt;
use std::str::FromStr;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{Timestamp, text_value};

use crate::NewKey;

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// Signs.
    Active,
    /// Published, and signs later.
    Next,
    /// Signs no more; its tokens are accepted.
    Retired,
    /// Its tokens are refused.
    Revoked,
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::Next => "next",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        })
    }
}

impl FromStr for KeyState {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "active" => Ok(Self::Active),
            "next" => Ok(Self::Next),
            "retired" => Ok(Self::Retired),
            "revoked" => Ok(Self::Revoked),
            _ => Err(()),
        }
    }
}

text_value!(KeyState);

pub(crate) struct KeyRow {
    pub(crate) kid: String,
    pub(crate) public_key: Vec<u8>,
    /// There while the key signs or will.
    pub(crate) sealed_private: Option<Vec<u8>>,
    pub(crate) state: KeyState,
    pub(crate) created_at: Timestamp,
    /// When it signs, or began to.
    pub(crate) not_before: Timestamp,
    /// When it is forgotten, once it signs no more.
    pub(crate) not_after: Option<Timestamp>,
}

from_row!(KeyRow {
    kid,
    public_key,
    sealed_private,
    state,
    created_at,
    not_before,
    not_after
});

/// All keys: the active one, the next one, then those that sign no more, newest first.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<KeyRow>, DbError> {
    let mut keys: Vec<KeyRow> = tx
        .all(
            sql!(
                "select kid, public_key, sealed_private, state, created_at, not_before, not_after
                 from signing_keys order by not_before desc, kid desc"
            ),
            &args![],
        )
        .await?;
    keys.sort_by_key(|key| key.state);
    Ok(keys)
}

/// The keys whose tokens are accepted at this moment, in the order of [`all`].
pub(crate) async fn good(tx: &mut Tx) -> Result<Vec<KeyRow>, DbError> {
    let now = tx.now();
    let mut keys = all(tx).await?;
    keys.retain(|key| {
        key.state != KeyState::Revoked && key.not_after.is_none_or(|until| until > now)
    });
    Ok(keys)
}

/// Adds a key; another process may have been faster.
pub(crate) async fn insert(
    tx: &mut Tx,
    key: &NewKey,
    state: KeyState,
    not_before: Timestamp,
) -> Result<bool, DbError> {
    let now = tx.now();
    let added = tx
        .execute(
            sql!(
                "insert into signing_keys (kid, public_key, sealed_private, state, created_at, not_before)
                 values ($1, $2, $3, $4, $5, $6) on conflict do nothing"
            ),
            &args![key.kid, key.public, key.sealed, state, now, not_before],
        )
        .await?;
    Ok(added > 0)
}

/// Changes when the next key signs.
pub(crate) async fn move_start(tx: &mut Tx, kid: &str, at: Timestamp) -> Result<(), DbError> {
    tx.execute(
        sql!("update signing_keys set not_before = $2 where kid = $1 and state = 'next'"),
        &args![kid, at],
    )
    .await
    .map(drop)
}

/// The key signs from now on.
pub(crate) async fn activate(tx: &mut Tx, kid: &str) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!("update signing_keys set state = 'active', not_before = $2 where kid = $1"),
        &args![kid, now],
    )
    .await
    .map(drop)
}

/// The key signs no more: nobody needs its private part.
pub(crate) async fn close(
    tx: &mut Tx,
    kid: &str,
    state: KeyState,
    until: Timestamp,
) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "update signing_keys set state = $2, sealed_private = null, not_after = $3 where kid = $1"
        ),
        &args![kid, state, until],
    )
    .await
    .map(drop)
}

/// Removes a key.
pub(crate) async fn forget(tx: &mut Tx, kid: &str) -> Result<(), DbError> {
    tx.execute(sql!("delete from signing_keys where kid = $1"), &args![kid])
        .await
        .map(drop)
}
