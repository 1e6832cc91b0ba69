//! Rows of `recovery_codes`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::IdentityId;

/// Keeps a code.
pub(super) async fn put(tx: &mut Tx, person: IdentityId, hash: Vec<u8>) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!("insert into recovery_codes (identity_id, hash, created_at) values ($1, $2, $3)"),
        &args![person, hash, now],
    )
    .await?;
    Ok(())
}

/// Uses a code up. `false` when the account has no such unused one.
pub(super) async fn consume(
    tx: &mut Tx,
    person: IdentityId,
    hash: Vec<u8>,
) -> Result<bool, DbError> {
    let now = tx.now();
    let used = tx
        .execute(
            sql!(
                "update recovery_codes set used_at = $3
                 where identity_id = $1 and hash = $2 and used_at is null"
            ),
            &args![person, hash, now],
        )
        .await?;
    Ok(used > 0)
}

/// Codes that can still be used.
pub(crate) async fn left(tx: &mut Tx, person: IdentityId) -> Result<i64, DbError> {
    tx.one(
        sql!("select count(*) from recovery_codes where identity_id = $1 and used_at is null"),
        &args![person],
    )
    .await
}

/// Forgets all codes of an account.
pub(crate) async fn forget(tx: &mut Tx, person: IdentityId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from recovery_codes where identity_id = $1"),
        &args![person],
    )
    .await?;
    Ok(())
}
