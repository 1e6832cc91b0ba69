//! Rows of `identities` and `platform_grants`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Email, IdentityId};

use super::Account;
use crate::role::OPERATOR;
use crate::sign_up;

/// The account with this address.
pub(crate) async fn by_email(tx: &mut Tx, email: &Email) -> Result<Option<Account>, DbError> {
    tx.opt(
        sql!(
            "select id, email, name, password_hash, state, verified_at
             from identities where email = $1"
        ),
        &args![email],
    )
    .await
}

/// The account with this id.
pub(crate) async fn by_id(tx: &mut Tx, id: IdentityId) -> Result<Option<Account>, DbError> {
    tx.opt(
        sql!(
            "select id, email, name, password_hash, state, verified_at
             from identities where id = $1"
        ),
        &args![id],
    )
    .await
}

/// The unconfirmed account of an address, made when there is none. It has no password: that comes with the
/// sign-up that is confirmed. `None` when a confirmed account has the address.
pub(crate) async fn await_confirmation(
    tx: &mut Tx,
    email: &Email,
    name: &str,
) -> Result<Option<IdentityId>, DbError> {
    let id: IdentityId = tx.kernel().id();
    let now = tx.now();
    let put: Option<(IdentityId,)> = tx
        .opt(
            sql!(
                "insert into identities (id, email, name, state, version, created_at, updated_at)
                 values ($1, $2, $3, 'active', 1, $4, $4)
                 on conflict (email) do update set
                     version = identities.version + 1, updated_at = excluded.updated_at
                 where identities.verified_at is null
                 returning id"
            ),
            &args![id, email, name, now],
        )
        .await?;
    Ok(put.map(|(id,)| id))
}

/// Confirms an account with the name and the password of the sign-up whose mail was answered. `false` when
/// it is confirmed already or was disabled.
pub(crate) async fn confirm(
    tx: &mut Tx,
    id: IdentityId,
    name: &str,
    password_hash: Option<&str>,
) -> Result<bool, DbError> {
    let now = tx.now();
    let confirmed = tx
        .execute(
            sql!(
                "update identities set name = $2, password_hash = $3, verified_at = $4,
                        version = version + 1, updated_at = $4
                 where id = $1 and verified_at is null and state = 'active'"
            ),
            &args![id, name, password_hash, now],
        )
        .await?;
    Ok(confirmed > 0)
}

/// Makes a confirmed account where the mailbox was proven in another way than by the mail of a sign-up;
/// sign-ups of the address give way. `None` when a confirmed account has the address: it is not touched.
pub(crate) async fn make_confirmed(
    tx: &mut Tx,
    email: &Email,
    name: &str,
    password_hash: Option<&str>,
) -> Result<Option<IdentityId>, DbError> {
    let Some(id) = await_confirmation(tx, email, name).await? else {
        return Ok(None);
    };
    sign_up::forget(tx, id).await?;
    let confirmed = confirm(tx, id, name, password_hash).await?;
    Ok(confirmed.then_some(id))
}

/// Stores a new password hash; `None` leaves the account without a password until a link sets one.
pub(crate) async fn set_password(
    tx: &mut Tx,
    id: IdentityId,
    password_hash: Option<&str>,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update identities set password_hash = $2, version = version + 1, updated_at = $3
             where id = $1"
        ),
        &args![id, password_hash, now],
    )
    .await?;
    Ok(())
}

/// Notes a log-in and, when the cost of hashes changed, the hash at the new cost.
pub(crate) async fn logged_in(
    tx: &mut Tx,
    id: IdentityId,
    rehashed: Option<&str>,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update identities set last_login_at = $2,
                    password_hash = coalesce(cast($3 as text), password_hash)
             where id = $1"
        ),
        &args![id, now, rehashed],
    )
    .await?;
    Ok(())
}

/// Makes the person an operator of the platform.
pub(crate) async fn make_operator(tx: &mut Tx, id: IdentityId) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into platform_grants (identity_id, role, created_at) values ($1, $2, $3)
             on conflict (identity_id, role) do nothing"
        ),
        &args![id, OPERATOR, now],
    )
    .await?;
    Ok(())
}

/// Whether the platform has an operator who can sign in.
pub(crate) async fn has_operator(tx: &mut Tx) -> Result<bool, DbError> {
    let count: i64 = tx
        .one(
            sql!(
                "select count(*) from platform_grants p join identities i on i.id = p.identity_id
                 where p.role = $1 and i.verified_at is not null and i.state = 'active'"
            ),
            &args![OPERATOR],
        )
        .await?;
    Ok(count > 0)
}
