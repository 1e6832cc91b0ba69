//! The statements on the `jobs` table that the runner needs. All of them change a leased job only
//! under its token: a worker that lost its lease changes nothing.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{JobId, Timestamp};

/// A job taken by this process.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) id: JobId,
    pub(crate) kind: String,
    pub(crate) payload: String,
    pub(crate) attempts: u32,
}
from_row!(Claimed {
    id,
    kind,
    payload,
    attempts
});

/// What a look into a place found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// A job of a known kind is due.
    pub(crate) ready: bool,
    /// The earliest time of any queued job, known kind or not, leased or not.
    pub(crate) next: Option<Timestamp>,
}

impl Look {
    /// Together with work that a probe found to be due at `latent`.
    pub(crate) fn with(self, latent: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            ready: self.ready || latent.is_some_and(|due| due <= now),
            next: self.next.into_iter().chain(latent).min(),
        }
    }
}

/// `kinds` is the list of known kinds, each between commas: `,a,b,`.
pub(crate) async fn look(tx: &mut Tx, kinds: &str) -> Result<Look, DbError> {
    let now = tx.now();
    let (next,) = tx
        .one::<(Option<Timestamp>,)>(
            sql!("select min(due_at) from jobs where state = 'queued'"),
            &args![],
        )
        .await?;
    if next.is_none_or(|next| next > now) {
        return Ok(Look { ready: false, next });
    }
    let known = tx
        .opt::<(JobId,)>(
            sql! {
                sqlite: "select id from jobs where state = 'queued' and due_at <= $1
                           and instr($2, ',' || kind || ',') > 0 order by due_at limit 1",
                postgres: "select id from jobs where state = 'queued' and due_at <= $1
                             and strpos($2, ',' || kind || ',') > 0 order by due_at limit 1",
            },
            &args![now, kinds],
        )
        .await?;
    Ok(Look {
        ready: known.is_some(),
        next,
    })
}

/// Kinds of due jobs that nobody here knows.
pub(crate) async fn unknown_kinds(tx: &mut Tx, kinds: &str) -> Result<Vec<String>, DbError> {
    let now = tx.now();
    tx.all::<String>(
        sql! {
            sqlite: "select distinct kind from jobs where state = 'queued' and due_at <= $1
                       and instr($2, ',' || kind || ',') = 0",
            postgres: "select distinct kind from jobs where state = 'queued' and due_at <= $1
                         and strpos($2, ',' || kind || ',') = 0",
        },
        &args![now, kinds],
    )
    .await
}

/// Leases up to `limit` due jobs of known kinds, oldest first, and counts an attempt for each. A job
/// leased under a token that begins with `owner` is left alone even when its lease has ended: it runs
/// in this very process, and only the wall clock has jumped ahead of the next renewal.
pub(crate) async fn claim(
    tx: &mut Tx,
    kinds: &str,
    owner: &str,
    token: &str,
    lease: Duration,
    limit: usize,
) -> Result<Vec<Claimed>, DbError> {
    let now = tx.now();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut claimed: Vec<Claimed> = tx
        .all(
            sql! {
                sqlite: "update jobs set lease_token = $1, due_at = $2, attempts = attempts + 1,
                                updated_at = $3
                         where id in (select id from jobs where state = 'queued' and due_at <= $3
                                        and instr($4, ',' || kind || ',') > 0
                                        and (lease_token is null or lease_token not like $6)
                                      order by due_at, id limit $5)
                         returning id, kind, payload, attempts",
                postgres: "with picked as (select id from jobs where state = 'queued' and due_at <= $3
                                             and strpos($4, ',' || kind || ',') > 0
                                             and (lease_token is null or lease_token not like $6)
                                           order by due_at, id limit $5 for update skip locked)
                           update jobs set lease_token = $1, due_at = $2, attempts = attempts + 1,
                                  updated_at = $3
                           from picked where jobs.id = picked.id
                           returning jobs.id, jobs.kind, jobs.payload, jobs.attempts",
            },
            &args![token, now + lease, now, kinds, limit, format!("{owner}%")],
        )
        .await?;
    // Ids are ordered by time, and RETURNING promises no order.
    claimed.sort_by_key(|job| job.id);
    if !claimed.is_empty() {
        tx.note_due(now + lease);
    }
    Ok(claimed)
}

/// Moves the end of a lease to `length` from now, never to an earlier time: a hint may already point
/// at its end, and after a wall clock set back the earlier time would have none. False if the lease
/// was lost.
pub(crate) async fn extend(
    tx: &mut Tx,
    id: JobId,
    token: &str,
    length: Duration,
) -> Result<bool, DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update jobs set due_at = case when due_at > $3 then due_at else $3 end,
                        updated_at = $4
                 where id = $1 and lease_token = $2"
            ),
            &args![id, token, now + length, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Makes the present attempt the first.
pub(crate) async fn count_afresh(tx: &mut Tx, id: JobId, token: &str) -> Result<(), DbError> {
    tx.execute(
        sql!("update jobs set attempts = 1 where id = $1 and lease_token = $2"),
        &args![id, token],
    )
    .await?;
    Ok(())
}

/// Completes a job: its row goes, unless it was asked for again meanwhile; false if the lease was lost.
pub(crate) async fn finish(tx: &mut Tx, id: JobId, token: &str) -> Result<bool, DbError> {
    let deleted = tx
        .execute(
            sql!("delete from jobs where id = $1 and lease_token = $2 and not again"),
            &args![id, token],
        )
        .await?;
    if deleted == 1 {
        return Ok(true);
    }
    start_afresh(tx, id, token, None).await
}

/// Puts a failed job back for a later attempt; false if the lease was lost.
pub(crate) async fn retry(
    tx: &mut Tx,
    id: JobId,
    token: &str,
    after: Duration,
    detail: &str,
) -> Result<bool, DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update jobs set lease_token = null, again = false, due_at = $3, last_error = $4,
                        updated_at = $5
                 where id = $1 and lease_token = $2"
            ),
            &args![id, token, now + after, detail, now],
        )
        .await?;
    if changed == 1 {
        tx.note_due(now + after);
    }
    Ok(changed == 1)
}

/// What became of a job that was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Buried {
    Dead,
    /// It was asked for again while it ran: the newer wish has had no attempt yet.
    Afresh,
    /// The lease was lost, so nothing was changed.
    Lost,
}

/// Declares a job dead.
pub(crate) async fn bury(
    tx: &mut Tx,
    id: JobId,
    token: &str,
    detail: &str,
) -> Result<Buried, DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update jobs set state = 'dead', lease_token = null, last_error = $3, updated_at = $4
                 where id = $1 and lease_token = $2 and not again"
            ),
            &args![id, token, detail, now],
        )
        .await?;
    if changed == 1 {
        return Ok(Buried::Dead);
    }
    let afresh = start_afresh(tx, id, token, Some(detail)).await?;
    Ok(if afresh { Buried::Afresh } else { Buried::Lost })
}

async fn start_afresh(
    tx: &mut Tx,
    id: JobId,
    token: &str,
    detail: Option<&str>,
) -> Result<bool, DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update jobs set again = false, lease_token = null, due_at = $3, attempts = 0,
                        last_error = $4, updated_at = $3
                 where id = $1 and lease_token = $2"
            ),
            &args![id, token, now, detail],
        )
        .await?;
    if changed == 1 {
        tx.note_due(now);
    }
    Ok(changed == 1)
}

/// Gives a job back untouched: the attempt does not count and anybody may take it at once.
pub(crate) async fn release(tx: &mut Tx, id: JobId, token: &str) -> Result<bool, DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update jobs set lease_token = null, due_at = $3, attempts = attempts - 1,
                        updated_at = $3
                 where id = $1 and lease_token = $2"
            ),
            &args![id, token, now],
        )
        .await?;
    if changed == 1 {
        tx.note_due(now);
    }
    Ok(changed == 1)
}
