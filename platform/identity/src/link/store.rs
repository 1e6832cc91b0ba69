//! The tokens behind links. Only their SHA-256 is stored: 256 random bits need no salt and no cost.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::crypto::sha256;
use gantry_kernel::{Secret, Timestamp};

use super::Purpose;

/// A new token for `subject`. Older ones of the same purpose stay good until one is used: the mail that
/// carries them may be on its way.
pub(crate) async fn mint(
    tx: &mut Tx,
    purpose: Purpose,
    subject: &str,
    lifetime: Duration,
) -> Result<Secret<String>, DbError> {
    let token = tx.kernel().token();
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into email_tokens (hash, purpose, subject, created_at, expires_at)
             values ($1, $2, $3, $4, $5)"
        ),
        &args![
            hash(token.expose()),
            purpose.as_str(),
            subject,
            now,
            now + lifetime
        ],
    )
    .await?;
    Ok(token)
}

/// Uses a token up and names its subject; all other tokens of the subject and purpose die with it.
/// `None` when it was used, has expired or never was.
pub(crate) async fn consume(
    tx: &mut Tx,
    purpose: Purpose,
    token: &str,
) -> Result<Option<String>, DbError> {
    let now = tx.now();
    let used: Option<(String,)> = tx
        .opt(
            sql!(
                "update email_tokens set used_at = $3
                 where hash = $1 and purpose = $2 and used_at is null and expires_at > $3
                 returning subject"
            ),
            &args![hash(token), purpose.as_str(), now],
        )
        .await?;
    let Some((subject,)) = used else {
        return Ok(None);
    };
    tx.execute(
        sql!(
            "update email_tokens set used_at = $3
             where subject = $1 and purpose = $2 and used_at is null"
        ),
        &args![subject, purpose.as_str(), now],
    )
    .await?;
    Ok(Some(subject))
}

/// The subject of a token that could be used now, without using it.
pub(crate) async fn peek(
    tx: &mut Tx,
    purpose: Purpose,
    token: &str,
) -> Result<Option<String>, DbError> {
    let now = tx.now();
    let found: Option<(String,)> = tx
        .opt(
            sql!(
                "select subject from email_tokens
                 where hash = $1 and purpose = $2 and used_at is null and expires_at > $3"
            ),
            &args![hash(token), purpose.as_str(), now],
        )
        .await?;
    Ok(found.map(|(subject,)| subject))
}

/// Kills every token of a subject and purpose.
pub(crate) async fn forget(tx: &mut Tx, purpose: Purpose, subject: &str) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from email_tokens where subject = $1 and purpose = $2"),
        &args![subject, purpose.as_str()],
    )
    .await?;
    Ok(())
}

/// Removes up to 500 tokens that expired before `before`.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, DbError> {
    tx.execute(
        sql!(
            "delete from email_tokens where hash in
             (select hash from email_tokens where expires_at < $1 order by expires_at limit 500)"
        ),
        &args![before],
    )
    .await
}

fn hash(token: &str) -> Vec<u8> {
    sha256(token.as_bytes()).to_vec()
}
