//! Rows of `tenancy_moves`.

use gantry_db::{DbError, Tx, args, from_row, sql, text_value};
use gantry_kernel::{IdentityId, TenantId, Timestamp, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

define_id! {
    /// A move of a tenant's database.
    pub struct MoveId;
}

/// How far a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MoveState {
    /// Asked for.
    Requested,
    /// The tenant is copied while it is used.
    Copying,
    /// Writes are refused for a moment, while the last changes follow.
    Pausing,
    /// The tenant is in its new home; the former database is kept.
    Moved,
    /// For good: the former database is removed.
    Confirmed,
    /// A move back was asked for.
    Reverted,
    /// The tenant stayed where it was.
    Failed,
}

impl MoveState {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Requested, "requested"),
        (Self::Copying, "copying"),
        (Self::Pausing, "pausing"),
        (Self::Moved, "moved"),
        (Self::Confirmed, "confirmed"),
        (Self::Reverted, "reverted"),
        (Self::Failed, "failed"),
    ];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, word)| word)
    }

    /// Whether something is still to be done before the tenant is where it should be.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Requested | Self::Copying | Self::Pausing)
    }
}

impl std::fmt::Display for MoveState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not a state of a move.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a state of a move")]
pub struct NotAMoveState;

impl std::str::FromStr for MoveState {
    type Err = NotAMoveState;

    fn from_str(word: &str) -> Result<Self, NotAMoveState> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(state, _)| *state).ok_or(NotAMoveState)
    }
}

text_value!(MoveState);

/// A move as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Move {
    /// Which one.
    pub id: MoveId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Where it was.
    pub from_home: String,
    /// Where it goes.
    pub to_home: String,
    /// How far it is.
    pub state: MoveState,
    /// The database that was left; of a move that failed the copy that came to nothing; null before.
    pub former: Option<String>,
    /// When that was removed.
    pub removed_at: Option<Timestamp>,
    /// Rows in the new database when it took over.
    pub copied_rows: Option<i64>,
    /// How many of them changed while the tenant was copied, and followed.
    pub followed_rows: Option<i64>,
    /// Attempts that failed.
    pub failures: i64,
    /// Why the last one did.
    pub last_error: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The operator who asked; null: somebody with a shell on the server.
    pub requested_by: Option<IdentityId>,
    /// When writes began to be refused.
    pub paused_at: Option<Timestamp>,
    /// When the new database took over.
    pub moved_at: Option<Timestamp>,
    /// When something last happened.
    pub updated_at: Timestamp,
}

from_row!(Move {
    id,
    tenant_id,
    from_home,
    to_home,
    state,
    former,
    removed_at,
    copied_rows,
    followed_rows,
    failures,
    last_error,
    requested_at,
    requested_by,
    paused_at,
    moved_at,
    updated_at
});

macro_rules! columns {
    () => {
        "id, tenant_id, from_home, to_home, state, former, removed_at, copied_rows, followed_rows, \
         failures, last_error, requested_at, requested_by, paused_at, moved_at, updated_at"
    };
}

pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    from: &str,
    to: &str,
    by: Option<IdentityId>,
) -> Result<Move, DbError> {
    let (id, now) = (tx.kernel().id::<MoveId>(), tx.now());
    tx.one(
        sql!(concat!(
            "insert into tenancy_moves (id, tenant_id, from_home, to_home, state, failures,
                                        requested_at, requested_by, updated_at)
             values ($1, $2, $3, $4, 'requested', 0, $5, $6, $5) returning ",
            columns!()
        )),
        &args![id, tenant, from, to, now, by],
    )
    .await
}

pub(super) async fn by_id(tx: &mut Tx, id: MoveId) -> Result<Option<Move>, DbError> {
    tx.opt(
        sql!(concat!(
            "select ",
            columns!(),
            " from tenancy_moves where id = $1"
        )),
        &args![id],
    )
    .await
}

/// A tenant's moves, newest first.
pub(super) async fn of_tenant(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Move>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            columns!(),
            " from tenancy_moves where tenant_id = $1 order by id desc limit 100"
        )),
        &args![tenant],
    )
    .await
}

/// A move of the tenant that is not over: it goes on, or waits to be confirmed.
pub(crate) async fn open(tx: &mut Tx, tenant: TenantId) -> Result<Option<Move>, DbError> {
    tx.opt(
        sql!(concat!(
            "select ",
            columns!(),
            " from tenancy_moves where tenant_id = $1
              and state in ('requested', 'copying', 'pausing', 'moved')"
        )),
        &args![tenant],
    )
    .await
}

pub(super) async fn set_state(tx: &mut Tx, id: MoveId, state: MoveState) -> Result<Move, DbError> {
    let now = tx.now();
    tx.one(
        sql!(concat!(
            "update tenancy_moves set state = $2, updated_at = $3,
                 paused_at = case when $2 = 'pausing' then $3 else paused_at end
             where id = $1 returning ",
            columns!()
        )),
        &args![id, state, now],
    )
    .await
}

/// The new database has taken over.
pub(super) async fn moved(
    tx: &mut Tx,
    id: MoveId,
    former: &str,
    copied: i64,
    followed: i64,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update tenancy_moves set state = 'moved', former = $2, copied_rows = $3,
                 followed_rows = $4, moved_at = $5, updated_at = $5 where id = $1"
        ),
        &args![id, former, copied, followed, now],
    )
    .await
    .map(drop)
}

/// A copy that nobody will use is still to be removed.
pub(super) async fn leave_copy(tx: &mut Tx, id: MoveId, copy: &str) -> Result<(), DbError> {
    tx.execute(
        sql!("update tenancy_moves set former = $2 where id = $1"),
        &args![id, copy],
    )
    .await
    .map(drop)
}

pub(super) async fn failed_once(tx: &mut Tx, id: MoveId, error: &str) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update tenancy_moves set failures = failures + 1, last_error = $2, updated_at = $3
             where id = $1"
        ),
        &args![id, error, now],
    )
    .await
    .map(drop)
}

/// Moves of a tenant that left a database which nobody needs any more and which is still there.
pub(super) async fn leftovers(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Move>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            columns!(),
            " from tenancy_moves where tenant_id = $1 and state in ('confirmed', 'reverted', 'failed')
              and former is not null and removed_at is null order by id"
        )),
        &args![tenant],
    )
    .await
}

pub(super) async fn removed(tx: &mut Tx, id: MoveId) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!("update tenancy_moves set removed_at = $2, updated_at = $2 where id = $1"),
        &args![id, now],
    )
    .await
    .map(drop)
}
