//! Chaining rows that wait.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::Timestamp;

use super::encode::{genesis, link, selected};
use super::{Head, SealKeys, SealedRow, place};

/// Rows sealed in one transaction.
pub const BATCH: u32 = 500;
/// How long rows gather before they are sealed together.
pub const DELAY: Duration = Duration::from_millis(500);

/// When the oldest row that waits wants to be sealed; `None` if none waits.
pub async fn seal_due(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    let now = tx.now();
    // By the order and not as a minimum: of a join SQLite finds that only by reading all that waits.
    let oldest: Option<Timestamp> = tx
        .opt(
            sql!(
                "select u.at from audit_unsealed u join audit a on a.id = u.row_id
                 order by u.row_id limit 1"
            ),
            &args![],
        )
        .await?;
    // A row from the future was written before the clock was set back: it must not wait for its time.
    Ok(oldest.map(|at| if at > now { now } else { at + DELAY }))
}

/// Up to `limit` rows that wait, oldest first.
pub async fn unsealed(tx: &mut Tx, limit: u32) -> Result<Vec<SealedRow>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            selected!(),
            "u.row_id from audit_unsealed u join audit a on a.id = u.row_id
             order by u.row_id limit $1"
        )),
        &args![limit],
    )
    .await
}

/// The end of the chain, which may be its anchor or its beginning.
pub async fn head(tx: &mut Tx) -> Result<Head, DbError> {
    let last: Option<Head> = tx
        .opt(
            sql!("select seq, link from audit_chain order by seq desc limit 1"),
            &args![],
        )
        .await?;
    if let Some(last) = last {
        return Ok(last);
    }
    let anchored: Option<Head> = tx
        .opt(
            sql!(
                "select seq, link from audit_seals where kind = 'anchor'
                 order by seq desc, at desc limit 1"
            ),
            &args![],
        )
        .await?;
    Ok(anchored.unwrap_or_else(|| Head {
        seq: 0,
        link: genesis(&place(tx.place())),
    }))
}

/// Chains `rows`, which [`unsealed`] gave in a transaction before this one (rows do not change, and reading
/// the queue here would make every append conflict with it on PostgreSQL), and signs the new end. Of two
/// that seal the same rows one fails, by the unique index on the rows' ids.
pub async fn seal(tx: &mut Tx, keys: &SealKeys, rows: &[SealedRow]) -> Result<Head, DbError> {
    let before = head(tx).await?;
    let mut end = before;
    for row in rows {
        let seq = end.seq + 1;
        let link = link(&end.link, seq, row);
        tx.execute(
            sql!("insert into audit_chain (seq, row_id, link) values ($1, $2, $3)"),
            &args![seq, row.id(), link],
        )
        .await?;
        end = Head { seq, link };
    }
    if end != before {
        tx.execute(
            sql!(
                "delete from audit_unsealed
                 where row_id in (select row_id from audit_chain where seq > $1)"
            ),
            &args![before.seq],
        )
        .await?;
        sign(tx, keys, "head", end).await?;
    }
    Ok(end)
}

/// Signs a place in the chain and keeps the seal.
pub(super) async fn sign(
    tx: &mut Tx,
    keys: &SealKeys,
    kind: &str,
    at: Head,
) -> Result<(), DbError> {
    let seal = keys
        .sign(kind, &place(tx.place()), at.seq, at.link, tx.now())
        .map_err(|error| DbError::Other(format!("the audit log cannot be sealed: {error}")))?;
    tx.execute(
        sql!(
            "insert into audit_seals (kind, seq, key_id, at, link, signature)
             values ($1, $2, $3, $4, $5, $6)"
        ),
        &args![
            seal.kind,
            seal.seq,
            seal.key_id,
            seal.at,
            seal.link,
            seal.signature
        ],
    )
    .await
    .map(drop)
}
