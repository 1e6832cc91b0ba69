//! Holding files and letting go of them, in the transaction of the record.

use std::fmt::Display;
use std::time::Duration;

use gantry_db::{DbError, Tx, args, sql};
use gantry_jobs::{NewJob, enqueue};
use gantry_kernel::IdentityId;
use serde::{Deserialize, Serialize};

use crate::{File, FileId, Holder, State};

/// The kind of job that looks whether anything needs a file any more; `platform/files` does it.
pub const LOOK: &str = "files.look";

/// How long the bytes stay after a record let go of a file: a tenant restored from a backup younger than this finds all its files.
pub const GRACE: Duration = Duration::from_hours(30 * 24);

/// The payload of [`LOOK`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Look {
    /// The file.
    pub file_id: FileId,
}

impl Look {
    /// Asks for a look at this file. A look is for one moment, so several may wait.
    pub fn job(file_id: FileId) -> NewJob {
        NewJob::new(LOOK, &Self { file_id })
    }
}

/// Why a file cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// No such upload of this person.
    #[error("there is no such upload of yours")]
    Unknown,
    /// A record holds it already.
    #[error("something else holds this file already")]
    Taken,
    /// It was looked into and refused.
    #[error("the file was refused")]
    Refused,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// One file, whoever it belongs to: who asks has checked that.
pub async fn by_id(tx: &mut Tx, id: FileId) -> Result<Option<File>, DbError> {
    tx.opt(
        sql!(
            "select id, state, media, name, bytes, sha256, width, height, refusal, uploaded_by, attached_at, removed_at,
                    created_at
             from files where id = $1"
        ),
        &args![id],
    )
    .await
}

/// From now on `subject`, a record of this kind, holds the file. It must be an upload of `person` that nothing holds yet: knowing the id of
/// somebody else's file gets nobody anywhere. A file that waits in quarantine may be held; it can be read when it leaves it.
pub async fn attach(
    tx: &mut Tx,
    id: FileId,
    person: IdentityId,
    holder: Holder,
    subject: impl Display,
) -> Result<File, AttachError> {
    let file = by_id(tx, id).await?.ok_or(AttachError::Unknown)?;
    if file.uploaded_by != person {
        return Err(AttachError::Unknown);
    }
    match file.state {
        State::Arriving | State::Removing => return Err(AttachError::Unknown),
        State::Refused => return Err(AttachError::Refused),
        State::Quarantined | State::Clean => {}
    }
    let now = tx.now();
    let held = tx
        .opt(
            sql!(
                "update files set holder = $2, subject = $3, attached_at = $4, updated_at = $4
                 where id = $1 and attached_at is null
                 returning id, state, media, name, bytes, sha256, width, height, refusal, uploaded_by, attached_at,
                           removed_at, created_at"
            ),
            &args![id, holder.0, subject.to_string(), now],
        )
        .await?;
    held.ok_or(AttachError::Taken)
}

/// The record lets go of the file: no link opens it any more, and its bytes go when [`GRACE`] is over. Nothing can hold it again.
pub async fn detach(tx: &mut Tx, id: FileId) -> Result<(), DbError> {
    let now = tx.now();
    let let_go = tx
        .execute(
            sql!(
                "update files set removed_at = $2, updated_at = $2
                 where id = $1 and attached_at is not null and removed_at is null"
            ),
            &args![id, now],
        )
        .await?;
    if let_go > 0 {
        enqueue(tx, Look::job(id).at(now + GRACE)).await?;
    }
    Ok(())
}
