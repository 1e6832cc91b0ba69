//! What becomes of sessions when control comes back from a backup.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_db::{ControlTx, DbError, args, sql};

/// In a control database that came back from a backup: ends every session, and every log-in that was under
/// way. Among them are those that were ended since the backup was taken, and nobody can tell which.
pub fn end_restored(tx: &mut ControlTx) -> BoxFuture<'_, Result<(), DbError>> {
    async move {
        let now = tx.now();
        tx.execute(
            sql!(
                "update sessions set revoked_at = $1, revoked_reason = 'restored' where revoked_at is null"
            ),
            &args![now],
        )
        .await?;
        tx.execute(sql!("delete from challenges"), &args![]).await?;
        Ok(())
    }
    .boxed()
}
