//! Reading evidence.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::Timestamp;

use super::{Backup, Evidence, State};
use crate::BackupId;

macro_rules! columns {
    () => {
        "id, name, state, cause, started_at, finished_at, places, proven, failed, bytes, copied_at, \
         removed_at, program, verified_at, error"
    };
}

macro_rules! place_columns {
    () => {
        "place, error, taken_at, bytes, row_count, content, sha256, proven_at, restore_us, answers"
    };
}

/// Backups begun before `before`, newest first, in `state` if one is given.
pub(crate) async fn page(
    tx: &mut Tx,
    state: Option<State>,
    before: Option<BackupId>,
    limit: i64,
) -> Result<Vec<Backup>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            columns!(),
            " from backups where (cast($1 as text) is null or state = $1)
               and (cast($2 as text) is null or id < $2) order by id desc limit $3"
        )),
        &args![state, before, limit],
    )
    .await
}

/// When the first backup began that is still known of.
pub(crate) async fn first_begun(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    let (first,) = tx
        .one(sql!("select min(started_at) from backups"), &args![])
        .await?;
    Ok(first)
}

/// One by its id.
pub(crate) async fn by_id(tx: &mut Tx, id: BackupId) -> Result<Option<Backup>, DbError> {
    tx.opt(
        sql!(concat!(
            "select ",
            columns!(),
            " from backups where id = $1"
        )),
        &args![id],
    )
    .await
}

/// One by its name in the store.
pub(crate) async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Backup>, DbError> {
    tx.opt(
        sql!(concat!(
            "select ",
            columns!(),
            " from backups where name = $1"
        )),
        &args![name],
    )
    .await
}

/// The newest of which everything was proven and that is still there.
pub(crate) async fn last_done(tx: &mut Tx) -> Result<Option<Backup>, DbError> {
    tx.opt(
        sql!(concat!(
            "select ",
            columns!(),
            " from backups where state = 'done' and removed_at is null order by id desc limit 1"
        )),
        &args![],
    )
    .await
}

/// When any database was last proven.
pub(crate) async fn last_proof(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    let (at,) = tx
        .one(sql!("select max(proven_at) from backup_places"), &args![])
        .await?;
    Ok(at)
}

/// The evidence of a backup.
pub(crate) async fn places(tx: &mut Tx, id: BackupId) -> Result<Vec<Evidence>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            place_columns!(),
            " from backup_places where backup_id = $1 order by place"
        )),
        &args![id],
    )
    .await
}

/// The evidence of a backup after the place `after`, in `state` if one is given.
pub(crate) async fn places_page(
    tx: &mut Tx,
    id: BackupId,
    state: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Evidence>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            place_columns!(),
            " from backup_places where backup_id = $1 and (cast($2 as text) is null or state = $2)
               and (cast($3 as text) is null or place > $3) order by place limit $4"
        )),
        &args![id, state, after, limit],
    )
    .await
}

/// Whether a backup has something of a place.
pub(crate) async fn holds(tx: &mut Tx, id: BackupId, place: &str) -> Result<bool, DbError> {
    let found: Option<(String,)> = tx
        .opt(
            sql!(
                "select place from backup_places
                 where backup_id = $1 and place = $2 and taken_at is not null"
            ),
            &args![id, place],
        )
        .await?;
    Ok(found.is_some())
}

/// The newest backup of a place that is still there: the moment it holds, and when a copy of it in another store was
/// last found whole, if it was at the last look.
pub(crate) async fn last_of(
    tx: &mut Tx,
    place: &str,
) -> Result<Option<(Timestamp, Option<Timestamp>)>, DbError> {
    let rows: Vec<(Timestamp, Option<Timestamp>)> = tx
        .all(
            sql!(
                "select p.taken_at,
                     (select max(c.whole_at) from backup_copies c
                      where c.backup_id = b.id and c.state = 'whole') from backup_places p join backups b on b.id = p.backup_id
                 where p.place = $1 and p.taken_at is not null and b.removed_at is null
                   and b.state in ('done', 'partial')
                 order by p.taken_at desc limit 1"
            ),
            &args![place],
        )
        .await?;
    Ok(rows.into_iter().next())
}

/// When a place was last proven, and the moment that backup holds.
pub(crate) async fn last_proof_of(
    tx: &mut Tx,
    place: &str,
) -> Result<Option<(Timestamp, Timestamp)>, DbError> {
    let rows: Vec<(Timestamp, Timestamp)> = tx
        .all(
            sql!(
                "select proven_at, taken_at from backup_places
                 where place = $1 and state = 'proven' and proven_at is not null
                   and taken_at is not null
                 order by proven_at desc limit 1"
            ),
            &args![place],
        )
        .await?;
    Ok(rows.into_iter().next())
}
