//! Rows of `email_changes`.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{Email, IdentityId, SessionId, Timestamp};

use super::EmailChangeId;
use crate::link::{self, Purpose};

/// A wish to move.
#[derive(Clone, Debug)]
pub(crate) struct EmailChange {
    pub(crate) id: EmailChangeId,
    pub(crate) identity_id: IdentityId,
    pub(crate) session_id: SessionId,
    pub(crate) new_email: Email,
}

from_row!(EmailChange {
    id,
    identity_id,
    session_id,
    new_email
});

/// The person's newest wish; older ones and their links are forgotten.
pub(crate) async fn put(
    tx: &mut Tx,
    identity: IdentityId,
    session: SessionId,
    new_email: &Email,
) -> Result<EmailChangeId, DbError> {
    forget(tx, identity).await?;
    let id: EmailChangeId = tx.kernel().id();
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into email_changes (id, identity_id, session_id, new_email, created_at)
             values ($1, $2, $3, $4, $5)"
        ),
        &args![id, identity, session, new_email, now],
    )
    .await?;
    Ok(id)
}

/// One wish.
pub(crate) async fn get(tx: &mut Tx, id: EmailChangeId) -> Result<Option<EmailChange>, DbError> {
    tx.opt(
        sql!("select id, identity_id, session_id, new_email from email_changes where id = $1"),
        &args![id],
    )
    .await
}

/// Forgets what a person wished; the links die with it.
pub(crate) async fn forget(tx: &mut Tx, identity: IdentityId) -> Result<(), DbError> {
    let known: Vec<(EmailChangeId,)> = tx
        .all(
            sql!("delete from email_changes where identity_id = $1 returning id"),
            &args![identity],
        )
        .await?;
    for (id,) in known {
        link::forget(tx, Purpose::ChangeEmail, &id.to_string()).await?;
    }
    Ok(())
}

/// Removes up to 200 wishes made before `before`.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, DbError> {
    tx.execute(
        sql!(
            "delete from email_changes where id in
             (select id from email_changes where created_at < $1 order by created_at limit 200)"
        ),
        &args![before],
    )
    .await
}
