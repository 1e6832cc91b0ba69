//! What is to leave the process by mail: an intent with ids, written in the transaction that wants it.
//! The rendered text, and every token in it, comes into being only when it is sent.

use std::str::FromStr;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{Email, Timestamp, define_id, text_value};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{NewJob, enqueue};

define_id! {
    /// An intent in the outbox.
    pub struct OutboxId;
}

/// The kind of job that delivers a mail; platform/notify does it.
pub const MAIL_DELIVER: &str = "mail.deliver";

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The name of a [`MailKind`](crate::MailKind).
    pub template: &'static str,
    /// Who gets it.
    pub to: Email,
    /// Ids that the template's `prepare` starts from; never tokens, never rendered text.
    pub params: Value,
}

/// What a `mail.deliver` job carries.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MailJob {
    /// The intent.
    pub outbox: OutboxId,
}

/// How far a mail has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Waits for its first or next attempt.
    Queued,
    /// Waits for somebody: mail is not configured, or a restored outbox is under review.
    Held,
    /// An attempt is under way, or was when the process died.
    Sending,
    /// A mail server has taken it.
    Sent,
    /// No longer wanted when its turn came.
    Skipped,
    /// Refused for good or given up; `last_error` has the server's words.
    Dead,
}

impl OutboxState {
    /// The word in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Skipped => "skipped",
            Self::Dead => "dead",
        }
    }
}

impl std::fmt::Display for OutboxState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not a state of an outbox row.
#[derive(Debug, thiserror::Error)]
#[error("unknown outbox state")]
pub struct UnknownState;

impl FromStr for OutboxState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Ok(match text {
            "queued" => Self::Queued,
            "held" => Self::Held,
            "sending" => Self::Sending,
            "sent" => Self::Sent,
            "skipped" => Self::Skipped,
            "dead" => Self::Dead,
            _ => return Err(UnknownState),
        })
    }
}

text_value!(OutboxState);

/// An intent as its deliverer needs it.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The intent.
    pub id: OutboxId,
    /// The mail kind's name.
    pub template: String,
    /// Who gets it.
    pub recipient: Email,
    /// JSON text of the ids.
    pub params: String,
    /// How far it has come.
    pub state: OutboxState,
    /// Attempts begun.
    pub attempts: u32,
    /// `Message-ID` of every attempt, once there was one.
    pub message_id: Option<String>,
}
from_row!(Intent {
    id,
    template,
    recipient,
    params,
    state,
    attempts,
    message_id
});

/// What an administrator may see of an intent: nothing with which an account could be taken.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Listed {
    /// The intent.
    pub id: OutboxId,
    /// The mail kind's name.
    pub template: String,
    /// Who gets it.
    pub recipient: String,
    /// How far it has come.
    pub state: OutboxState,
    /// Attempts begun.
    pub attempts: u32,
    /// What the last failed attempt came to.
    pub last_error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When a mail server took it.
    pub sent_at: Option<Timestamp>,
}
from_row!(Listed {
    id,
    template,
    recipient,
    state,
    attempts,
    last_error,
    created_at,
    updated_at,
    sent_at
});

/// Asks for a mail in the caller's transaction.
pub async fn put_mail(tx: &mut Tx, mail: Mail) -> Result<OutboxId, DbError> {
    let id: OutboxId = tx.kernel().id();
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into outbox (id, channel, template, recipient, params, state, attempts,
                                 created_at, updated_at)
             values ($1, 'mail', $2, $3, $4, 'queued', 0, $5, $5)"
        ),
        &args![id, mail.template, mail.to, mail.params.to_string(), now],
    )
    .await?;
    deliver_soon(tx, id).await?;
    Ok(id)
}

async fn deliver_soon(tx: &mut Tx, id: OutboxId) -> Result<(), DbError> {
    let job = NewJob::new(MAIL_DELIVER, &MailJob { outbox: id }).dedupe(format!("mail:{id}"));
    enqueue(tx, job).await?;
    Ok(())
}

/// One intent.
pub async fn get(tx: &mut Tx, id: OutboxId) -> Result<Option<Intent>, DbError> {
    tx.opt(
        sql!(
            "select id, template, recipient, params, state, attempts, message_id
             from outbox where id = $1"
        ),
        &args![id],
    )
    .await
}

/// Notes that an attempt begins, under a `Message-ID` that stays the same for all attempts.
pub async fn begin(tx: &mut Tx, id: OutboxId, message_id: &str) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update outbox set state = 'sending', attempts = attempts + 1,
                    message_id = coalesce(message_id, $2), updated_at = $3
             where id = $1"
        ),
        &args![id, message_id, now],
    )
    .await?;
    Ok(())
}

/// Notes what an attempt came to. `Sent` also records when.
pub async fn conclude(
    tx: &mut Tx,
    id: OutboxId,
    state: OutboxState,
    error: Option<&str>,
) -> Result<(), DbError> {
    let now = tx.now();
    let sent_at = (state == OutboxState::Sent).then_some(now);
    tx.execute(
        sql!(
            "update outbox set state = $2, last_error = $3, sent_at = $4, updated_at = $5
             where id = $1"
        ),
        &args![id, state, error, sent_at, now],
    )
    .await?;
    Ok(())
}

/// Puts a held, dead or skipped intent back into the queue; false if it is in no such state.
pub async fn requeue(tx: &mut Tx, id: OutboxId) -> Result<bool, DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "update outbox set state = 'queued', updated_at = $2
                 where id = $1 and state in ('held', 'dead', 'skipped')"
            ),
            &args![id, now],
        )
        .await?;
    if changed == 1 {
        deliver_soon(tx, id).await?;
    }
    Ok(changed == 1)
}

/// Puts up to `limit` intents held for `reason` back into the queue; answers how many.
pub async fn release_held(tx: &mut Tx, reason: &str, limit: u32) -> Result<usize, DbError> {
    let held: Vec<(OutboxId,)> = tx
        .all(
            sql!(
                "select id from outbox where state = 'held' and last_error = $1
                 order by created_at limit $2"
            ),
            &args![reason, limit],
        )
        .await?;
    for (id,) in &held {
        requeue(tx, *id).await?;
    }
    Ok(held.len())
}

/// Holds everything that waits to be sent, for `reason`, and takes away the jobs that would send it;
/// answers how many. [`requeue`] sends one after all.
pub async fn hold_all(tx: &mut Tx, reason: &str) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!("delete from jobs where kind = $1 and state = 'queued'"),
        &args![MAIL_DELIVER],
    )
    .await?;
    tx.execute(
        sql!(
            "update outbox set state = 'held', last_error = $1, updated_at = $2
             where state in ('queued', 'sending')"
        ),
        &args![reason, now],
    )
    .await
}

/// Newest first; `before` is the `(created_at, id)` of the last one already seen.
pub async fn list(
    tx: &mut Tx,
    state: Option<OutboxState>,
    before: Option<(Timestamp, OutboxId)>,
    limit: u32,
) -> Result<Vec<Listed>, DbError> {
    let (at, id) = before.unzip();
    tx.all(
        sql!(
            "select id, template, recipient, state, attempts, last_error, created_at, updated_at,
                    sent_at
             from outbox
             where (cast($1 as text) is null or state = $1)
               and (cast($2 as bigint) is null or created_at < $2 or (created_at = $2 and id < $3))
             order by created_at desc, id desc limit $4"
        ),
        &args![state, at, id, limit],
    )
    .await
}

/// Forgets up to `limit` intents that were sent or skipped and did not change after `before`; answers
/// how many. Held and dead ones stay until somebody decides about them.
pub async fn forget_settled(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, DbError> {
    tx.execute(
        sql!(
            "delete from outbox where id in
             (select id from outbox
              where state in ('sent', 'skipped') and created_at <= $1 and updated_at <= $1
              order by created_at limit $2)"
        ),
        &args![before, limit],
    )
    .await
}

/// When the longest unchanged intent that was sent or skipped last changed.
pub async fn oldest_settled(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    let (oldest,) = tx
        .one(
            sql!("select min(updated_at) from outbox where state in ('sent', 'skipped')"),
            &args![],
        )
        .await?;
    Ok(oldest)
}

/// How many intents are in each state.
pub async fn counts(tx: &mut Tx) -> Result<Vec<(OutboxState, i64)>, DbError> {
    tx.all(
        sql!("select state, count(*) from outbox group by state order by state"),
        &args![],
    )
    .await
}
