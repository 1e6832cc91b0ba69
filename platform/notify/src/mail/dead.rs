//! Telling operators of mail that nobody will get.

use gantry_db::{DbError, Tx};
use gantry_jobs::{OutboxId, outbox};
use gantry_notices::{Notice, tell};

use crate::permissions::MAIL_READ;

const HOUR: i64 = 3_600;

/// Tells of the first dead mail of each kind in an hour of the clock: a mail server that refuses everything is one
/// thing to know, not a thousand.
pub(super) async fn tell_operators(tx: &mut Tx, id: OutboxId) -> Result<(), DbError> {
    let Some(intent) = outbox::get(tx, id).await? else {
        return Ok(());
    };
    let hour = tx.now().as_seconds() / HOUR;
    let mut notice = Notice::to_operators("notify.mail.dead", MAIL_READ)
        .once(format!("{}:{hour}", intent.template))
        .with("mail", id.to_string())
        .with("template", intent.template);
    if let Some(tenant) = tx.place() {
        notice = notice.with("tenant", tenant.to_string());
    }
    tell(tx, notice).await
}
