//! Rows of `totp`.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, Timestamp};

/// The authenticator app of an account.
pub(super) struct App {
    pub(super) sealed_secret: Vec<u8>,
    pub(super) confirmed_at: Option<Timestamp>,
}

from_row!(App {
    sealed_secret,
    confirmed_at
});

/// Keeps the secret of an app that has not shown a code yet, in place of an earlier such one. `false` when the account
/// has an app.
pub(super) async fn begin(tx: &mut Tx, person: IdentityId, sealed: &[u8]) -> Result<bool, DbError> {
    let now = tx.now();
    let put = tx
        .execute(
            sql!(
                "insert into totp (identity_id, sealed_secret, last_step, created_at)
                 values ($1, $2, 0, $3)
                 on conflict (identity_id) do update set
                     sealed_secret = excluded.sealed_secret, created_at = excluded.created_at
                 where totp.confirmed_at is null"
            ),
            &args![person, sealed.to_vec(), now],
        )
        .await?;
    Ok(put > 0)
}

/// The app of an account, confirmed or not.
pub(super) async fn get(tx: &mut Tx, person: IdentityId) -> Result<Option<App>, DbError> {
    tx.opt(
        sql!("select sealed_secret, confirmed_at from totp where identity_id = $1"),
        &args![person],
    )
    .await
}

/// Since when the account has an app that counts.
pub(crate) async fn confirmed_at(
    tx: &mut Tx,
    person: IdentityId,
) -> Result<Option<Timestamp>, DbError> {
    let app = get(tx, person).await?;
    Ok(app.and_then(|app| app.confirmed_at))
}

/// Makes the app count. `false` when it did before.
pub(super) async fn confirm(tx: &mut Tx, person: IdentityId, step: i64) -> Result<bool, DbError> {
    let now = tx.now();
    let confirmed = tx
        .execute(
            sql!(
                "update totp set confirmed_at = $2, last_step = $3
                 where identity_id = $1 and confirmed_at is null"
            ),
            &args![person, now, step],
        )
        .await?;
    Ok(confirmed > 0)
}

/// Uses a time step up, with all before it. `false` when that happened before.
pub(super) async fn use_step(tx: &mut Tx, person: IdentityId, step: i64) -> Result<bool, DbError> {
    let used = tx
        .execute(
            sql!("update totp set last_step = $2 where identity_id = $1 and last_step < $2"),
            &args![person, step],
        )
        .await?;
    Ok(used > 0)
}

/// Removes the app. `false` when there was none that counted.
pub(crate) async fn remove(tx: &mut Tx, person: IdentityId) -> Result<bool, DbError> {
    let app = get(tx, person).await?;
    tx.execute(
        sql!("delete from totp where identity_id = $1"),
        &args![person],
    )
    .await?;
    Ok(app.is_some_and(|app| app.confirmed_at.is_some()))
}
