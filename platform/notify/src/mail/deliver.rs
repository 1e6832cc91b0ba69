//! One attempt at one mail: the `mail.deliver` job.

use gantry_db::{DbError, Tx};
use gantry_jobs::{
    Death, Intent, JobCx, JobError, OutboxId, OutboxMail, OutboxState,
    outbox::{self, MailJob},
};

use super::{Letter, NOT_CONFIGURED, SendError, compose, dead, hold, render, retention, write};
use crate::module::Notify;

/// What the place's database knows of the intent, once the attempt is committed as begun; `None` if
/// there is nothing left to do.
async fn begin(notify: &Notify, cx: &JobCx, id: OutboxId) -> Result<Option<Intent>, JobError> {
    let message_id = format!("{id}@{}", notify.mailer.domain());
    let lease = cx.lease.clone();
    write(notify, &cx.place, async move |tx| {
        lease.hold(tx).await?;
        match outbox::get(tx, id).await?.map(|intent| intent.state) {
            Some(OutboxState::Queued | OutboxState::Sending) => {
                outbox::begin(tx, id, &message_id).await?;
                Ok(outbox::get(tx, id).await?)
            }
            _ => Ok(None),
        }
    })
    .await
}

/// Records how the attempt ended and completes the job in the same transaction.
async fn end(
    notify: &Notify,
    cx: &JobCx,
    id: OutboxId,
    state: OutboxState,
    error: Option<String>,
) -> Result<(), JobError> {
    let (lease, kept) = (cx.lease.clone(), notify.retention);
    write(notify, &cx.place, async move |tx| {
        outbox::conclude(tx, id, state, error.as_deref()).await?;
        if state == OutboxState::Dead {
            dead::tell_operators(tx, id).await?;
        }
        if matches!(state, OutboxState::Sent | OutboxState::Skipped) {
            retention::plan(tx, tx.now() + kept).await?;
        }
        lease.finish(tx).await
    })
    .await
}

/// Records a failed attempt. `words` are for the outbox, `told` is what a log may see.
async fn fail(
    notify: &Notify,
    cx: &JobCx,
    id: OutboxId,
    words: String,
    told: String,
) -> Result<(), JobError> {
    if cx.is_last_attempt() {
        let words = format!("given up after {} attempts: {words}", cx.attempt);
        return end(notify, cx, id, OutboxState::Dead, Some(words)).await;
    }
    let lease = cx.lease.clone();
    write(notify, &cx.place, async move |tx| {
        lease.hold(tx).await?;
        outbox::conclude(tx, id, OutboxState::Queued, Some(&words)).await?;
        Ok(())
    })
    .await?;
    Err(JobError::retry(told))
}

/// Lets nobody wait for a mail whose job is given up without having concluded it: the process died in every
/// attempt, or the database could not be written in the last.
pub(crate) async fn given_up(tx: &mut Tx, death: &Death) -> Result<(), DbError> {
    let Some(MailJob { outbox: id }) = death.payload() else {
        return Ok(());
    };
    match outbox::get(tx, id).await?.map(|intent| intent.state) {
        Some(OutboxState::Queued | OutboxState::Sending) => {
            outbox::conclude(tx, id, OutboxState::Dead, Some(&death.detail)).await?;
            dead::tell_operators(tx, id).await
        }
        _ => Ok(()),
    }
}

pub(crate) async fn deliver(notify: &Notify, cx: JobCx) -> Result<(), JobError> {
    let MailJob { outbox: id } = cx.payload()?;
    if !notify.mailer.is_configured() {
        hold(&notify.control, &cx.place).await?;
        let reason = Some(NOT_CONFIGURED.to_owned());
        return end(notify, &cx, id, OutboxState::Held, reason).await;
    }
    let Some(intent) = begin(notify, &cx, id).await? else {
        return Ok(());
    };
    let Some(kind) = (notify.kinds)(&intent.template) else {
        let words = format!("no module here sends {}", intent.template);
        return fail(notify, &cx, id, words.clone(), words).await;
    };
    let params = match serde_json::from_str(&intent.params) {
        Ok(params) => params,
        Err(error) => {
            let words = Some(format!("params: {error}"));
            return end(notify, &cx, id, OutboxState::Dead, words).await;
        }
    };
    let mail = OutboxMail {
        id,
        to: intent.recipient.clone(),
        params,
        place: cx.place.clone(),
    };
    let variables = match kind.prepare(mail).await {
        Ok(Some(variables)) => variables,
        Ok(None) => return end(notify, &cx, id, OutboxState::Skipped, None).await,
        Err(error @ (JobError::LeaseLost | JobError::Stopped)) => return Err(error),
        Err(JobError::Fatal { detail }) => {
            return end(notify, &cx, id, OutboxState::Dead, Some(detail)).await;
        }
        Err(JobError::Retry { detail, .. }) => {
            return fail(notify, &cx, id, detail.clone(), detail).await;
        }
    };
    let message_id = intent
        .message_id
        .ok_or_else(|| JobError::retry("an attempt without a message id"))?;
    let message = render(&kind, &variables)
        .map_err(|error| error.to_string())
        .and_then(|rendered| {
            compose(Letter {
                from: &notify.mailer.from,
                reply_to: notify.mailer.reply_to.as_ref(),
                to: &intent.recipient,
                message_id: &message_id,
                date: cx.kernel.now(),
                rendered,
            })
            .map_err(|error| error.to_string())
        });
    let message = match message {
        Ok(message) => message,
        Err(words) => return end(notify, &cx, id, OutboxState::Dead, Some(words)).await,
    };
    match notify.mailer.send(message).await {
        Ok(()) => end(notify, &cx, id, OutboxState::Sent, None).await,
        Err(SendError::Permanent(words)) => {
            tracing::warn!(outbox = %id, template = intent.template, "a mail was refused for good");
            end(notify, &cx, id, OutboxState::Dead, Some(words)).await
        }
        Err(SendError::Transient(words)) => {
            let told = "the mail server did not take the mail".to_owned();
            fail(notify, &cx, id, words, told).await
        }
    }
}
