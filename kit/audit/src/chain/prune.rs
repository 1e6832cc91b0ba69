//! Removing what is older than it must be kept, from the front of the chain.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::Timestamp;

use super::encode::{genesis, link};
use super::keys::Signed;
use super::seal::sign;
use super::walk::{anchor, chained, last_seal};
use super::{Fault, Head, Seal, SealKeys, head, place};

/// Rows removed in one transaction.
const BATCH: u32 = 500;

/// Why rows were not removed.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The chain is broken here; removing it would remove the proof.
    #[error("nothing is removed from an audit log that does not verify: {0}")]
    Broken(Fault),
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// How many rows.
    pub rows: u64,
    /// There may be more.
    pub more: bool,
}

/// Removes rows that are older than `before`, up to the first that is not, and leaves a signed anchor. Each
/// row is checked first. A forged beginning that is consistent in itself does not follow on to the row
/// after it, so removing it does not hide it; only of a whole chain the seal must be checked besides.
pub async fn prune(tx: &mut Tx, keys: &SealKeys, before: Timestamp) -> Result<Pruned, PruneError> {
    let from = front(tx, keys).await?;
    let rows = chained(tx, from.seq, BATCH).await?;
    let full = rows.len() >= BATCH as usize;
    let mut cut = from;
    for found in rows {
        let at = found.row.get("at").and_then(|at| at.parse().ok());
        let next = link(&cut.link, found.seq, &found.row);
        if found.seq != cut.seq + 1 || found.link() != Some(next) {
            return Err(PruneError::Broken(Fault::Changed {
                seq: found.seq,
                row: found.row_id,
            }));
        }
        if at.is_none_or(|at| Timestamp::from_micros(at) >= before) {
            break;
        }
        cut = Head {
            seq: found.seq,
            link: next,
        };
    }
    if cut == from {
        return Ok(Pruned {
            rows: 0,
            more: false,
        });
    }
    if cut == head(tx).await? {
        check_last_seal(tx, keys, cut).await?;
    }
    sign(tx, keys, "anchor", cut).await?;
    remove(tx, cut.seq).await?;
    Ok(Pruned {
        rows: cut.seq.abs_diff(from.seq),
        more: full,
    })
}

/// Where the chain begins now.
async fn front(tx: &mut Tx, keys: &SealKeys) -> Result<Head, PruneError> {
    let place = place(tx.place());
    let Some(anchor) = anchor(tx).await? else {
        return Ok(Head {
            seq: 0,
            link: genesis(&place),
        });
    };
    let forged = Fault::Forged {
        seq: anchor.seq,
        kind: anchor.kind.clone(),
    };
    match (
        keys.check(&place, &anchor),
        anchor.link.as_slice().try_into(),
    ) {
        (Signed::Well, Ok(link)) => Ok(Head {
            seq: anchor.seq,
            link,
        }),
        (Signed::UnknownKey, _) => Err(PruneError::Broken(Fault::UnknownKey {
            seq: anchor.seq,
            kind: anchor.kind,
            key: anchor.key_id,
        })),
        _ => Err(PruneError::Broken(forged)),
    }
}

async fn check_last_seal(tx: &mut Tx, keys: &SealKeys, end: Head) -> Result<(), PruneError> {
    let seal = last_seal(tx).await?;
    let place = place(tx.place());
    let holds = seal.is_some_and(|seal| {
        seal.seq == end.seq && seal.link == end.link && keys.check(&place, &seal) == Signed::Well
    });
    if holds {
        Ok(())
    } else {
        Err(PruneError::Broken(Fault::NotAsSigned { seq: end.seq }))
    }
}

async fn remove(tx: &mut Tx, to: i64) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from audit where id in (select row_id from audit_chain where seq <= $1)"),
        &args![to],
    )
    .await?;
    tx.execute(sql!("delete from audit_chain where seq <= $1"), &args![to])
        .await?;
    tx.execute(
        sql!("delete from audit_seals where kind = 'head' and seq <= $1"),
        &args![to],
    )
    .await?;
    Ok(())
}

/// After a change of the master key: signs the end of the chain, and its anchor, under the present key too,
/// so that the chain verifies when the older key is gone. What does not verify is not signed again. Says how many it signed.
pub async fn countersign(tx: &mut Tx, keys: &SealKeys) -> Result<u64, DbError> {
    let mut signed = 0;
    for (seal, here) in older(tx, keys).await? {
        sign(tx, keys, &seal.kind, here).await?;
        signed += 1;
    }
    Ok(signed)
}

/// The older master keys without which the end of the chain, or its anchor, could not be checked any more.
pub async fn older_keys(tx: &mut Tx, keys: &SealKeys) -> Result<Vec<String>, DbError> {
    let older = older(tx, keys).await?;
    Ok(older.into_iter().map(|(seal, _)| seal.key_id).collect())
}

/// The anchor and the seal of the end, if they are good and not signed under the present key.
async fn older(tx: &mut Tx, keys: &SealKeys) -> Result<Vec<(Seal, Head)>, DbError> {
    let place = place(tx.place());
    let mut older = Vec::new();
    for seal in [anchor(tx).await?, last_seal(tx).await?]
        .into_iter()
        .flatten()
    {
        let Ok(link) = seal.link.as_slice().try_into() else {
            continue;
        };
        let here = Head {
            seq: seal.seq,
            link,
        };
        let is_end = seal.kind == "anchor" || here == head(tx).await?;
        if is_end
            && keys.check(&place, &seal) == Signed::Well
            && !signed_by(tx, &seal, keys.current()).await?
        {
            older.push((seal, here));
        }
    }
    Ok(older)
}

/// Whether a key has signed this place: which signature is the last by the clock does not matter.
async fn signed_by(tx: &mut Tx, seal: &Seal, key_id: &str) -> Result<bool, DbError> {
    let found: Option<(i64,)> = tx
        .opt(
            sql!("select seq from audit_seals where kind = $1 and seq = $2 and key_id = $3"),
            &args![seal.kind, seal.seq, key_id],
        )
        .await?;
    Ok(found.is_some())
}
