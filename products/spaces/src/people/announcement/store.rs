//! The table `announcements`. One of a branch beyond the scope is not there; one of no branch is everybody's.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Scope, Timestamp, UnitId};
use serde::{Deserialize, Serialize};

use super::{Announcement, AnnouncementId};

/// A place in the list.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) pinned: bool,
    pub(super) from_at: Timestamp,
    pub(super) id: AnnouncementId,
}

pub(super) async fn by_id(
    tx: &mut Tx,
    scope: &Scope,
    id: AnnouncementId,
) -> Result<Option<Announcement>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, title, body, from_at, until_at, pinned, version, created_by, created_at, updated_at
             from announcements
             where id = $1 and (branch_id is null or $2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// What is pinned first, then what began last. With `at`, those that are shown then; of a branch, also those of none.
pub(super) async fn page(
    tx: &mut Tx,
    scope: &Scope,
    (branch, at): (Option<UnitId>, Option<Timestamp>),
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Announcement>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, title, body, from_at, until_at, pinned, version, created_by, created_at, updated_at
             from announcements
             where (branch_id is null or $1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id is null or branch_id = $2)
               and (cast($3 as bigint) is null or (from_at <= $3 and (until_at is null or until_at > $3)))
               and (cast($4 as boolean) is null or (pinned, from_at, id) < ($4, $5, $6))
             order by pinned desc, from_at desc, id desc
             limit $7"
        ),
        &args![
            scope.unit_filter(),
            branch,
            at,
            before.map(|place| place.pinned),
            before.map(|place| place.from_at),
            before.map(|place| place.id),
            limit,
        ],
    )
    .await
}

pub(super) async fn insert(tx: &mut Tx, row: &Announcement) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into announcements (id, branch_id, title, body, from_at, until_at, pinned, version, created_by,
                                        created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ),
        &args![
            row.id,
            row.branch_id,
            row.title,
            row.body,
            row.from_at,
            row.until_at,
            row.pinned,
            row.version,
            row.created_by,
            row.created_at,
            row.updated_at,
        ],
    )
    .await
    .map(drop)
}

/// Writes what may change, over the version before; whether that was still the stored one.
pub(super) async fn update(tx: &mut Tx, row: &Announcement) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            sql!(
                "update announcements set title = $3, body = $4, from_at = $5, until_at = $6, pinned = $7,
                                          version = $2, updated_at = $8
                 where id = $1 and version = $2 - 1"
            ),
            &args![
                row.id,
                row.version,
                row.title,
                row.body,
                row.from_at,
                row.until_at,
                row.pinned,
                row.updated_at,
            ],
        )
        .await?;
    Ok(changed > 0)
}

/// Removes one of this version; whether there was one.
pub(super) async fn delete(tx: &mut Tx, id: AnnouncementId, version: i64) -> Result<bool, DbError> {
    let removed = tx
        .execute(
            sql!("delete from announcements where id = $1 and version = $2"),
            &args![id, version],
        )
        .await?;
    Ok(removed > 0)
}
