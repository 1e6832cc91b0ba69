//! Asking for work: in the caller's own transaction, so that the work exists exactly if the change does.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{JobId, Timestamp};
use serde::Serialize;
use serde_json::Value;

/// A job to enqueue.
#[derive(Debug)]
pub struct NewJob {
    kind: &'static str,
    payload: Result<Value, String>,
    due_at: Option<Timestamp>,
    dedupe_key: Option<String>,
}

impl NewJob {
    /// A job of a kind, due at once. The payload holds ids, never secrets: it is shown to administrators.
    pub fn new(kind: &'static str, payload: &impl Serialize) -> Self {
        Self {
            kind,
            payload: serde_json::to_value(payload).map_err(|error| error.to_string()),
            due_at: None,
            dedupe_key: None,
        }
    }

    /// Not before this instant.
    #[must_use]
    pub fn at(mut self, due_at: Timestamp) -> Self {
        self.due_at = Some(due_at);
        self
    }

    /// At most one unfinished job has this key. Asking again while it waits moves it to the earlier
    /// of the two times; asking while it runs makes it run once more afterwards, because the running
    /// one may already have passed what the caller changed.
    #[must_use]
    pub fn dedupe(mut self, key: impl Into<String>) -> Self {
        self.dedupe_key = Some(key.into());
        self
    }
}

/// Enqueues a job in the transaction's own database. With a dedupe key that is taken, the id is that
/// of the job already there.
pub async fn enqueue(tx: &mut Tx, job: NewJob) -> Result<JobId, DbError> {
    let payload = job
        .payload
        .map_err(|error| DbError::Other(format!("payload of {}: {error}", job.kind)))?;
    let now = tx.now();
    let id: JobId = tx.kernel().id();
    let (id, due_at) = tx
        .one::<(JobId, Timestamp)>(
            sql!(
                "insert into jobs (id, kind, payload, dedupe_key, state, due_at, again, attempts,
                                   created_at, updated_at)
                 values ($1, $2, $3, $4, 'queued', $5, false, 0, $6, $6)
                 on conflict (dedupe_key) where state = 'queued' do update set
                     again = (jobs.again or jobs.lease_token is not null),
                     due_at = case when jobs.lease_token is null and excluded.due_at < jobs.due_at
                                   then excluded.due_at else jobs.due_at end
                 returning id, due_at"
            ),
            &args![
                id,
                job.kind,
                payload.to_string(),
                job.dedupe_key,
                job.due_at.unwrap_or(now),
                now
            ],
        )
        .await?;
    tx.note_due(due_at);
    Ok(id)
}
