//! The tables `files` and `files_held`, as far as they follow the bytes. What records do with files is in `kit/files`.

use std::time::Duration;

use gantry_contracts::within_limit;
use gantry_db::{DbError, Tx, args, sql};
use gantry_files::{File, FileId, FileName, GRACE, Look, Media, State};
use gantry_jobs::enqueue;
use gantry_kernel::{IdentityId, Timestamp};

use crate::Error;

/// The limit on what a tenant stores, in millions of bytes.
pub const MEGABYTES: &str = "files.megabytes";
/// The most uploads of one person that nothing holds yet.
pub const MOST_LOOSE: i64 = 30;
/// How long bytes may be on their way; an upload has a minute.
const ARRIVAL: Duration = Duration::from_hours(1);
/// How long an upload waits for a record to hold it.
const LOOSE: Duration = Duration::from_hours(24);

/// A file whose bytes are about to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Arriving {
    pub(crate) id: FileId,
    pub(crate) media: Media,
    pub(crate) name: Option<FileName>,
    pub(crate) bytes: i64,
    pub(crate) sha256: String,
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) sealed_key: Vec<u8>,
    pub(crate) uploaded_by: IdentityId,
}

/// Makes room for a file and its row; `limit` is how much the tenant may store.
pub(crate) async fn reserve(tx: &mut Tx, file: &Arriving, limit: Option<i64>) -> Result<(), Error> {
    let loose: i64 = tx
        .one(
            sql!("select count(*) from files where uploaded_by = $1 and attached_at is null"),
            &args![file.uploaded_by],
        )
        .await?;
    if loose >= MOST_LOOSE {
        return Err(Error::Loose);
    }
    let held = hold(tx, file.bytes).await?;
    within_limit(
        MEGABYTES,
        limit,
        held.div_euclid(1_000_000) + i64::from(held % 1_000_000 > 0),
    )?;
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into files (id, state, media, name, bytes, sha256, width, height, sealed_key, uploaded_by,
                                created_at, updated_at)
             values ($1, 'arriving', $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"
        ),
        &args![
            file.id,
            file.media,
            file.name,
            file.bytes,
            file.sha256,
            file.size.map(|(width, _)| i64::from(width)),
            file.size.map(|(_, height)| i64::from(height)),
            file.sealed_key,
            file.uploaded_by,
            now,
        ],
    )
    .await?;
    enqueue(tx, Look::job(file.id).at(now + ARRIVAL)).await?;
    Ok(())
}

async fn hold(tx: &mut Tx, more: i64) -> Result<i64, DbError> {
    tx.one(
        sql!("update files_held set bytes = bytes + $1 where id = 1 returning bytes"),
        &args![more],
    )
    .await
}

/// The bytes are there; `None` when the row was given up meanwhile.
pub(crate) async fn arrived(
    tx: &mut Tx,
    id: FileId,
    state: State,
) -> Result<Option<File>, DbError> {
    let now = tx.now();
    let file = moved(tx, id, State::Arriving, state, None).await?;
    if file.is_some() {
        enqueue(tx, Look::job(id).at(now + LOOSE)).await?;
    }
    Ok(file)
}

/// From one state to another; `None` when it is in a third.
pub(crate) async fn moved(
    tx: &mut Tx,
    id: FileId,
    from: State,
    to: State,
    refusal: Option<&str>,
) -> Result<Option<File>, DbError> {
    let now = tx.now();
    tx.opt(
        sql!(
            "update files set state = $3, refusal = $4, updated_at = $5 where id = $1 and state = $2
             returning id, state, media, name, bytes, sha256, width, height, refusal, uploaded_by, attached_at,
                       removed_at, created_at"
        ),
        &args![id, from, to, refusal, now],
    )
    .await
}

/// The key of a file, as it was sealed.
pub(crate) async fn sealed_key(tx: &mut Tx, id: FileId) -> Result<Vec<u8>, DbError> {
    tx.one(
        sql!("select sealed_key from files where id = $1"),
        &args![id],
    )
    .await
}

/// What is to be done about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing now.
    Nothing,
    /// Delete the bytes, then the row.
    Remove,
    /// Delete the bytes; the row says why.
    Empty,
}

/// Looks at a file, and marks it when its bytes go.
pub(crate) async fn decide(tx: &mut Tx, id: FileId) -> Result<Step, DbError> {
    let Some(file) = gantry_files::by_id(tx, id).await? else {
        return Ok(Step::Nothing);
    };
    let over = |since: Timestamp, patience: Duration, now: Timestamp| since + patience <= now;
    let now = tx.now();
    let unwanted = match (file.state, file.attached_at, file.removed_at) {
        (State::Removing, _, _) => return Ok(Step::Remove),
        (State::Arriving, _, _) => over(file.created_at, ARRIVAL, now),
        (_, _, Some(removed)) => over(removed, GRACE, now),
        (_, None, None) => over(file.created_at, LOOSE, now),
        (_, Some(_), None) => false,
    };
    if unwanted {
        let marked = moved(tx, id, file.state, State::Removing, None).await?;
        return Ok(marked.map_or(Step::Nothing, |_| Step::Remove));
    }
    if file.state == State::Refused && file.bytes > 0 {
        return Ok(Step::Empty);
    }
    Ok(Step::Nothing)
}

/// The bytes are gone: so is the row.
pub(crate) async fn removed(tx: &mut Tx, id: FileId) -> Result<(), DbError> {
    let bytes: Option<i64> = tx
        .opt(
            sql!("delete from files where id = $1 and state = 'removing' returning bytes"),
            &args![id],
        )
        .await?;
    hold(tx, -bytes.unwrap_or(0)).await.map(drop)
}

/// The bytes are gone, and the row stays.
pub(crate) async fn emptied(tx: &mut Tx, id: FileId) -> Result<(), DbError> {
    let Some(file) = gantry_files::by_id(tx, id).await? else {
        return Ok(());
    };
    tx.execute(
        sql!("update files set bytes = 0 where id = $1 and state = 'refused'"),
        &args![id],
    )
    .await?;
    hold(tx, -file.bytes).await.map(drop)
}
