//! Work that is found by looking at what it is about instead of in the queue.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::Timestamp;

use crate::{JobKind, NewJob, Probe, enqueue};

/// When the earliest work is due that a kind's probe finds and no job stands for yet.
pub(crate) async fn due<'k>(
    tx: &mut Tx,
    kinds: impl Iterator<Item = &'k JobKind>,
) -> Result<Option<Timestamp>, DbError> {
    let mut earliest: Option<Timestamp> = None;
    for kind in kinds {
        if let Some(due) = due_of(tx, kind).await? {
            earliest = Some(earliest.map_or(due, |known| known.min(due)));
        }
    }
    Ok(earliest)
}

/// Enqueues a job for each kind whose work is due.
pub(crate) async fn surface<'k>(
    tx: &mut Tx,
    kinds: impl Iterator<Item = &'k JobKind>,
) -> Result<(), DbError> {
    let now = tx.now();
    for kind in kinds {
        if due_of(tx, kind).await?.is_some_and(|due| due <= now) {
            enqueue(tx, NewJob::new(kind.name, &()).dedupe(kind.name)).await?;
        }
    }
    Ok(())
}

/// The earliest time that any of the probes answers.
pub(crate) async fn earliest(tx: &mut Tx, probes: &[Probe]) -> Result<Option<Timestamp>, DbError> {
    let mut earliest: Option<Timestamp> = None;
    for probe in probes {
        if let Some(due) = probe(tx).await? {
            earliest = Some(earliest.map_or(due, |known| known.min(due)));
        }
    }
    Ok(earliest)
}

/// A job of the kind that is queued, running or waiting for its next attempt stands for all of its work.
async fn due_of(tx: &mut Tx, kind: &JobKind) -> Result<Option<Timestamp>, DbError> {
    let Some(probe) = kind.probe else {
        return Ok(None);
    };
    let Some(due) = probe(tx).await? else {
        return Ok(None);
    };
    let stands: Option<(i64,)> = tx
        .opt(
            sql!("select 1 from jobs where dedupe_key = $1 and state = 'queued'"),
            &args![kind.name],
        )
        .await?;
    Ok(stands.is_none().then_some(due))
}
