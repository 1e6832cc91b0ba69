//! Rows of `identities` and `platform_grants`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Email, IdentityId, Timestamp};

use super::Account;
use crate::role::OPERATOR;
use crate::sign_up;

/// The account with this address.
pub(crate) async fn by_email(tx: &mut Tx, email: &Email) -> Result<Option<Account>, DbError> {
    tx.opt(
        sql!(
            "select id, email, name, password_hash, state, verified_at, second_factor_since
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
            "select id, email, name, password_hash, state, verified_at, second_factor_since
             from identities where id = $1"
        ),
        &args![id],
    )
    .await
}

/// The account of an address, made unconfirmed and without a password when there is none, and whether it is
/// confirmed. A confirmed one is not changed, but the work is the same.
pub(crate) async fn claim(
    tx: &mut Tx,
    email: &Email,
    name: &str,
) -> Result<(IdentityId, bool), DbError> {
    let id: IdentityId = tx.kernel().id();
    let now = tx.now();
    let (id, verified_at): (IdentityId, Option<Timestamp>) = tx
        .one(
            sql!(
                "insert into identities (id, email, name, state, version, created_at, updated_at)
                 values ($1, $2, $3, 'active', 1, $4, $4)
                 on conflict (email) do update set
                     version = identities.version
                         + case when identities.verified_at is null then 1 else 0 end,
                     updated_at = case when identities.verified_at is null
                         then excluded.updated_at else identities.updated_at end
                 returning id, verified_at"
            ),
            &args![id, email, name, now],
        )
        .await?;
    Ok((id, verified_at.is_some()))
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
    let (id, confirmed) = claim(tx, email, name).await?;
    if confirmed {
        return Ok(None);
    }
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

/// Notes a log-in.
pub(crate) async fn logged_in(tx: &mut Tx, id: IdentityId) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!("update identities set last_login_at = $2 where id = $1"),
        &args![id, now],
    )
    .await?;
    Ok(())
}

/// Stores the same password hashed at today's cost.
pub(crate) async fn rehashed(tx: &mut Tx, id: IdentityId, hash: &str) -> Result<(), DbError> {
    tx.execute(
        sql!("update identities set password_hash = $2 where id = $1"),
        &args![id, hash],
    )
    .await?;
    Ok(())
}

/// Gives the account another address. An account there that nobody confirmed gives way. `false` when a confirmed one
/// has the address.
pub(crate) async fn move_to(tx: &mut Tx, id: IdentityId, email: &Email) -> Result<bool, DbError> {
    tx.execute(
        sql!("delete from identities where email = $1 and verified_at is null and id <> $2"),
        &args![email, id],
    )
    .await?;
    let now = tx.now();
    let moved = tx
        .execute(
            sql!(
                "update identities set email = $2, version = version + 1, updated_at = $3
                 where id = $1
                   and not exists (select 1 from identities o where o.email = $2 and o.id <> $1)"
            ),
            &args![id, email, now],
        )
        .await?;
    Ok(moved > 0)
}

/// Forgets a person, with everything that refers to them: sessions, memberships, platform roles, notices.
pub(crate) async fn delete(tx: &mut Tx, id: IdentityId) -> Result<(), DbError> {
    gantry_notices::forget_person(tx, id).await?;
    tx.execute(sql!("delete from identities where id = $1"), &args![id])
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

/// Everybody with a role on the platform who can sign in, with the role.
pub(crate) async fn operators(tx: &mut Tx) -> Result<Vec<(IdentityId, String)>, DbError> {
    tx.all(
        sql!(
            "select p.identity_id, p.role
             from platform_grants p join identities i on i.id = p.identity_id
             where i.verified_at is not null and i.state = 'active'
             order by p.identity_id, p.role"
        ),
        &args![],
    )
    .await
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
