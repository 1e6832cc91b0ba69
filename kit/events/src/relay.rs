//! Giving waiting events their place in the order.

use std::collections::BTreeSet;
use std::time::Duration;

use gantry_db::{DbError, Engine, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, TenantId, Timestamp};

use crate::{CHANNEL, EventId};

/// Events placed in one transaction.
pub const BATCH: u32 = 500;
/// How long an event is kept for readers that come back. Whoever was away for longer reads everything again.
pub const KEPT: Duration = Duration::from_hours(24);
/// The most events kept of one database.
pub const MOST: i64 = 20_000;

/// An event without a place.
#[derive(Clone, Debug)]
pub struct Waiting {
    id: EventId,
    at: Timestamp,
    kind: String,
    subjects: serde_json::Value,
    tenant_id: Option<TenantId>,
    unit_id: Option<String>,
    permission: Option<String>,
    person_id: Option<IdentityId>,
}

from_row!(Waiting {
    id,
    at,
    kind,
    subjects,
    tenant_id,
    unit_id,
    permission,
    person_id
});

/// What a relay came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relayed {
    /// The last place given.
    pub last: i64,
    /// The tenants of control's events.
    pub tenants: BTreeSet<TenantId>,
    /// The people of control's events that belong to no tenant.
    pub people: BTreeSet<IdentityId>,
    /// Whether any of control's events is for operators.
    pub operators: bool,
}

/// When the oldest waiting event wants its place; `None` if none waits.
pub async fn due(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    let now = tx.now();
    let oldest: Option<(Timestamp,)> = tx
        .opt(
            sql!("select at from events_waiting order by id limit 1"),
            &args![],
        )
        .await?;
    // One from the future was left before the clock was set back.
    Ok(oldest.map(|(at,)| at.min(now)))
}

/// Up to `limit` waiting events, in the order in which their process made them.
pub async fn waiting(tx: &mut Tx, limit: u32) -> Result<Vec<Waiting>, DbError> {
    tx.all(
        sql!(
            "select id, at, kind, subjects, tenant_id, unit_id, permission, person_id
             from events_waiting order by id limit $1"
        ),
        &args![limit],
    )
    .await
}

/// Whom a placed event is for.
#[derive(Clone, Copy, Debug)]
struct Audience {
    tenant_id: Option<TenantId>,
    person_id: Option<IdentityId>,
    by_permission: bool,
}

from_row!(Audience {
    tenant_id,
    person_id,
    by_permission
});

impl From<&Waiting> for Audience {
    fn from(row: &Waiting) -> Self {
        Self {
            tenant_id: row.tenant_id,
            person_id: row.person_id,
            by_permission: row.permission.is_some(),
        }
    }
}

/// Places `rows`, which [`waiting`] gave in a transaction before this one: reading the queue here would make every
/// writer conflict with it on PostgreSQL. Of two that place the same rows one fails, by the unique index on their ids.
pub async fn relay(tx: &mut Tx, rows: &[Waiting]) -> Result<Relayed, DbError> {
    let (last,): (Option<i64>,) = tx
        .one(sql!("select max(seq) as last from events"), &args![])
        .await?;
    let last = last.unwrap_or(0);
    let placed = match (tx.engine(), rows.last()) {
        (_, None) => Vec::new(),
        (Engine::Sqlite, Some(newest)) => place_all(tx, last, newest.id).await?,
        (Engine::Postgres, Some(_)) => place_each(tx, last, rows).await?,
    };
    let count = i64::try_from(placed.len()).unwrap_or(i64::MAX);
    let mut relayed = Relayed {
        last: last.saturating_add(count),
        ..Relayed::default()
    };
    for audience in placed {
        match (audience.tenant_id, audience.person_id) {
            (Some(tenant), _) => {
                relayed.tenants.insert(tenant);
            }
            (None, Some(person)) if tx.place().is_none() => {
                relayed.people.insert(person);
            }
            (None, None) if tx.place().is_none() && audience.by_permission => {
                relayed.operators = true;
            }
            (None, _) => {}
        }
    }
    Ok(relayed)
}

/// Places all that wait up to `newest`. Where writers take turns the queue may be read here, and two statements do for all
/// of them.
async fn place_all(tx: &mut Tx, last: i64, newest: EventId) -> Result<Vec<Audience>, DbError> {
    tx.execute(
        sql!(
            "insert into events (seq, id, at, kind, subjects, tenant_id, unit_id, permission, person_id)
             select cast($1 as bigint) + row_number() over (order by id), id, at, kind, subjects, tenant_id,
                    unit_id, permission, person_id
             from events_waiting where id <= $2 order by id"
        ),
        &args![last, newest],
    )
    .await?;
    tx.all(
        sql!(
            "delete from events_waiting where id <= $1
             returning tenant_id, person_id, permission is not null as by_permission"
        ),
        &args![newest],
    )
    .await
}

async fn place_each(
    tx: &mut Tx,
    mut last: i64,
    rows: &[Waiting],
) -> Result<Vec<Audience>, DbError> {
    for row in rows {
        last += 1;
        tx.execute(
            sql!(
                "insert into events (seq, id, at, kind, subjects, tenant_id, unit_id, permission, person_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            ),
            &args![
                last,
                row.id,
                row.at,
                row.kind,
                row.subjects,
                row.tenant_id,
                row.unit_id,
                row.permission,
                row.person_id
            ],
        )
        .await?;
        tx.execute(
            sql!("delete from events_waiting where id = $1"),
            &args![row.id],
        )
        .await?;
    }
    Ok(rows.iter().map(Audience::from).collect())
}

/// Removes what is older than [`KEPT`] or beyond [`MOST`]; the newest event always stays, so that the order goes on
/// where it was. Called as events are placed, so a database in which nothing happens costs nothing.
pub async fn sweep(tx: &mut Tx, last: i64) -> Result<u64, DbError> {
    let before = tx.now().before(KEPT);
    tx.execute(
        sql!("delete from events where seq < $1 and (seq <= $2 or at < $3)"),
        &args![last, last - MOST, before],
    )
    .await
}

/// Tells the other processes on this installation's PostgreSQL whom there is something new for, when the transaction of
/// control commits. One process alone serves files, and needs no telling.
pub async fn announce_elsewhere(tx: &mut Tx, whom: &str) -> Result<(), DbError> {
    if tx.engine() == Engine::Sqlite {
        return Ok(());
    }
    tx.one::<(i64,)>(
        sql! {
            sqlite: "select 1 as told where $1 <> $2",
            postgres: "select cast(1 as bigint) as told from pg_notify($1, $2)",
        },
        &args![CHANNEL, whom],
    )
    .await
    .map(drop)
}
