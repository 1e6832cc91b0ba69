//! Reads over `identities` for operators, and the state of an account.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{Email, IdentityId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// A person's account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Person {
    /// The person.
    pub(crate) id: IdentityId,
    /// Their address.
    pub(crate) email: Email,
    /// Their name.
    pub(crate) name: String,
    /// `active` or `disabled`.
    pub(crate) state: String,
    /// Why it is disabled, as an operator put it.
    pub(crate) state_reason: Option<String>,
    /// When the address was confirmed.
    pub(crate) verified_at: Option<Timestamp>,
    /// Since when there is a second factor.
    pub(crate) second_factor_since: Option<Timestamp>,
    /// When they last signed in.
    pub(crate) last_login_at: Option<Timestamp>,
    /// When the account was made.
    pub(crate) created_at: Timestamp,
}

from_row!(Person {
    id,
    email,
    name,
    state,
    state_reason,
    verified_at,
    second_factor_since,
    last_login_at,
    created_at
});

/// Up to `limit` people, newest first, after `before`; only the one with this address, if it is given.
pub(super) async fn list(
    tx: &mut Tx,
    email: Option<&Email>,
    before: Option<IdentityId>,
    limit: i64,
) -> Result<Vec<Person>, DbError> {
    tx.all(
        sql!(
            "select id, email, name, state, state_reason, verified_at, second_factor_since,
                    last_login_at, created_at
             from identities
             where (cast($1 as text) is null or email = $1)
               and (cast($2 as text) is null or id < $2)
             order by id desc
             limit $3"
        ),
        &args![email, before, limit],
    )
    .await
}

/// One person.
pub(crate) async fn get(tx: &mut Tx, id: IdentityId) -> Result<Option<Person>, DbError> {
    tx.opt(
        sql!(
            "select id, email, name, state, state_reason, verified_at, second_factor_since,
                    last_login_at, created_at
             from identities where id = $1"
        ),
        &args![id],
    )
    .await
}

/// Disables an account for a reason, or lets it in again when there is none.
pub(super) async fn set_state(
    tx: &mut Tx,
    id: IdentityId,
    reason: Option<&str>,
) -> Result<(), DbError> {
    let now = tx.now();
    let state = if reason.is_some() {
        "disabled"
    } else {
        "active"
    };
    tx.execute(
        sql!(
            "update identities set state = $2, state_reason = $3, version = version + 1,
                    updated_at = $4
             where id = $1"
        ),
        &args![id, state, reason, now],
    )
    .await?;
    Ok(())
}
