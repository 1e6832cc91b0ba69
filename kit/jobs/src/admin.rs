//! What an administrator sees of a queue and can do about it; each function works in one place.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{JobId, Timestamp};
use serde::Serialize;

/// How many jobs of a kind are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Count {
    /// The kind.
    pub kind: String,
    /// `queued`, `running` or `dead`.
    pub state: String,
    /// Jobs.
    pub jobs: i64,
}
from_row!(Count { kind, state, jobs });

/// A job that will not be tried again by itself. The payload is left out: it is the module's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DeadJob {
    /// The job.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Attempts made.
    pub attempts: u32,
    /// What the last one came to.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it died.
    pub updated_at: Timestamp,
}
from_row!(DeadJob {
    id,
    kind,
    attempts,
    last_error,
    created_at,
    updated_at
});

/// What came of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Queued again, due now, with all its attempts.
    Queued,
    /// There is no such dead job.
    NotDead,
    /// An unfinished job with the same dedupe key does the same work already.
    Superseded,
}

/// Jobs by kind and state.
pub async fn counts(tx: &mut Tx) -> Result<Vec<Count>, DbError> {
    tx.all(
        sql!(
            "select kind, state, count(*) as jobs from
               (select kind, case when state = 'queued' and lease_token is not null
                                  then 'running' else state end as state from jobs) as each_job
             group by kind, state order by kind, state"
        ),
        &args![],
    )
    .await
}

/// Since when the longest-waiting job has been due, if any is overdue.
pub async fn oldest_due(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    let now = tx.now();
    let (oldest,) = tx
        .one::<(Option<Timestamp>,)>(
            sql!("select min(due_at) from jobs where state = 'queued' and due_at <= $1"),
            &args![now],
        )
        .await?;
    Ok(oldest)
}

/// Dead jobs, most recently created first; `before` is the last id already seen.
pub async fn list_dead(
    tx: &mut Tx,
    before: Option<JobId>,
    limit: u32,
) -> Result<Vec<DeadJob>, DbError> {
    tx.all(
        sql!(
            "select id, kind, attempts, last_error, created_at, updated_at from jobs
             where state = 'dead' and (cast($1 as text) is null or id < $1)
             order by id desc limit $2"
        ),
        &args![before, limit],
    )
    .await
}

/// Gives a dead job all its attempts again, from now.
pub async fn replay(tx: &mut Tx, id: JobId) -> Result<Replay, DbError> {
    let now = tx.now();
    let twin = tx
        .opt::<(JobId,)>(
            sql!(
                "select twin.id from jobs join jobs as twin on twin.dedupe_key = jobs.dedupe_key
                 where jobs.id = $1 and jobs.state = 'dead' and twin.state = 'queued'"
            ),
            &args![id],
        )
        .await?;
    if twin.is_some() {
        return Ok(Replay::Superseded);
    }
    let changed = tx
        .execute(
            sql!(
                "update jobs set state = 'queued', attempts = 0, due_at = $2, updated_at = $2
                 where id = $1 and state = 'dead'"
            ),
            &args![id, now],
        )
        .await?;
    if changed == 0 {
        return Ok(Replay::NotDead);
    }
    tx.note_due(now);
    Ok(Replay::Queued)
}

/// What waits in control, and how many tenants have work that is due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that are due and that nobody works on.
    pub due: i64,
    /// Since when the first of them has been due.
    pub oldest_due: Option<Timestamp>,
    /// Jobs given up.
    pub dead: i64,
    /// Mails that wait for their first or next attempt.
    pub mails_queued: i64,
    /// Mails that wait for somebody.
    pub mails_held: i64,
    /// Mails given up.
    pub mails_dead: i64,
    /// Tenants with work that may be due.
    pub tenants_due: i64,
}
from_row!(Backlog {
    due,
    oldest_due,
    dead,
    mails_queued,
    mails_held,
    mails_dead,
    tenants_due
});

/// The backlog of control. Tenants' own queues are not read: there may be ten thousand.
pub async fn backlog(tx: &mut gantry_db::ControlTx) -> Result<Backlog, DbError> {
    let now = tx.now();
    tx.one(
        sql!(
            "select (select count(*) from jobs
                       where state = 'queued' and due_at <= $1 and lease_token is null) as due,
                    (select min(due_at) from jobs
                       where state = 'queued' and due_at <= $1 and lease_token is null) as oldest_due,
                    (select count(*) from jobs where state = 'dead') as dead,
                    (select count(*) from outbox where state = 'queued') as mails_queued,
                    (select count(*) from outbox where state = 'held') as mails_held,
                    (select count(*) from outbox where state = 'dead') as mails_dead,
                    (select count(*) from due_hints where due_at <= $1) as tenants_due"
        ),
        &args![now],
    )
    .await
}
