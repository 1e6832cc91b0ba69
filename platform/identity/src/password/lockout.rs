//! What guessing costs: after five failures an account name answers nothing for 1, 5, 15, then 60 minutes.
//!
//! The name is counted whether or not it exists, so that the lock tells nothing. Who is locked is refused
//! before anything is hashed. What is locked is one [`Guesser`]: strangers together, each known device and each
//! session alone; open sessions are not touched. So a stranger can neither throw anybody out nor keep them out.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::Timestamp;

use super::guesser::{AccountKey, Guesser};

/// Failures that lock.
const FAILURES: i64 = 5;
/// How long each lock lasts; the last one repeats.
const MINUTES: [u64; 4] = [1, 5, 15, 60];
/// After this long without a failure the count starts anew.
pub(super) const FORGET_AFTER: Duration = Duration::from_hours(24);

/// A row of `lockouts`.
pub(super) struct Lockout {
    pub(super) failures: i64,
    pub(super) level: i64,
    pub(super) locked_until: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
}

from_row!(Lockout {
    failures,
    level,
    locked_until,
    updated_at
});

impl Lockout {
    /// How much longer the lock lasts.
    fn left(&self, now: Timestamp) -> Option<Duration> {
        self.locked_until
            .filter(|until| *until > now)
            .map(|until| until - now)
    }
}

/// What a failure led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Counted; `first` of a series.
    Counted { first: bool },
    /// This one locked.
    Locked { level: i64, minutes: u64 },
    /// Others at the same time locked before it; it is not counted and hears what a late-comer hears.
    Late(Duration),
}

/// The length of the lock after `level` earlier ones, in minutes.
pub(super) fn minutes(level: i64) -> u64 {
    let step = usize::try_from(level).unwrap_or(0).min(MINUTES.len() - 1);
    MINUTES[step]
}

pub(super) async fn row(tx: &mut Tx, counter: &[u8; 32]) -> Result<Option<Lockout>, DbError> {
    tx.opt(
        sql!("select failures, level, locked_until, updated_at from lockouts where counter = $1"),
        &args![counter.to_vec()],
    )
    .await
}

pub(super) async fn put(
    tx: &mut Tx,
    counter: &[u8; 32],
    account: Option<&AccountKey>,
    row: &Lockout,
) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into lockouts (counter, account, failures, level, locked_until, updated_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (counter) do update set
                 failures = excluded.failures, level = excluded.level,
                 locked_until = excluded.locked_until, updated_at = excluded.updated_at"
        ),
        &args![
            counter.to_vec(),
            account.map(|account| account.bytes().to_vec()),
            row.failures,
            row.level,
            row.locked_until,
            row.updated_at
        ],
    )
    .await?;
    Ok(())
}

/// How much longer this count is locked.
pub(crate) async fn remaining(
    tx: &mut Tx,
    counter: &[u8; 32],
) -> Result<Option<Duration>, DbError> {
    let now = tx.now();
    Ok(row(tx, counter).await?.and_then(|row| row.left(now)))
}

/// Counts a failure.
pub(crate) async fn fail(tx: &mut Tx, guesser: &Guesser) -> Result<Failure, DbError> {
    let now = tx.now();
    let known = row(tx, &guesser.counter).await?;
    if let Some(after) = known.as_ref().and_then(|known| known.left(now)) {
        return Ok(Failure::Late(after));
    }
    let known = known.filter(|known| now - known.updated_at < FORGET_AFTER);
    let (failures, level) = known.map_or((0, 0), |known| (known.failures, known.level));
    let mut next = Lockout {
        failures: failures + 1,
        level,
        locked_until: None,
        updated_at: now,
    };
    let mut outcome = Failure::Counted {
        first: failures == 0,
    };
    if next.failures >= FAILURES {
        let minutes = minutes(level);
        next.failures = 0;
        next.level = level + 1;
        next.locked_until = Some(now + Duration::from_secs(minutes * 60));
        outcome = Failure::Locked {
            level: next.level,
            minutes,
        };
    }
    put(tx, &guesser.counter, Some(&guesser.account), &next).await?;
    Ok(outcome)
}

/// Forgets the failures of one guesser, after it proved itself. Others at the same account stay counted: their
/// attack does not begin anew because the owner signed in.
pub(crate) async fn clear(tx: &mut Tx, guesser: &Guesser) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from lockouts where counter = $1"),
        &args![guesser.counter.to_vec()],
    )
    .await?;
    Ok(())
}

/// Forgets all failures at an account, after a reset or an unlock; says how many locks that ended.
pub(crate) async fn clear_all(tx: &mut Tx, account: &AccountKey) -> Result<i64, DbError> {
    let (account, now) = (account.bytes().to_vec(), tx.now());
    let locks: i64 = tx
        .one(
            sql!("select count(*) from lockouts where account = $1 and locked_until > $2"),
            &args![account.clone(), now],
        )
        .await?;
    tx.execute(
        sql!("delete from lockouts where account = $1"),
        &args![account.clone()],
    )
    .await?;
    tx.execute(
        sql!(
            "insert into forgiven (account, at) values ($1, $2)
             on conflict (account) do update set at = excluded.at"
        ),
        &args![account, now],
    )
    .await?;
    Ok(locks)
}

/// When the failures at an account were last forgotten by a reset or an unlock, if that was after `since`.
pub(super) async fn forgiven(
    tx: &mut Tx,
    account: &AccountKey,
    since: Timestamp,
) -> Result<Option<Timestamp>, DbError> {
    let found: Option<(Timestamp,)> = tx
        .opt(
            sql!("select at from forgiven where account = $1 and at > $2"),
            &args![account.bytes().to_vec(), since],
        )
        .await?;
    Ok(found.map(|(at,)| at))
}

/// Removes up to 500 rows of each kind that count no more.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<u64, DbError> {
    let before = tx.now().before(FORGET_AFTER);
    let forgiven = tx
        .execute(
            sql!(
                "delete from forgiven where account in
                 (select account from forgiven where at < $1 order by at limit 500)"
            ),
            &args![before],
        )
        .await?;
    let lockouts = tx
        .execute(
            sql!(
                "delete from lockouts where counter in
             (select counter from lockouts where updated_at < $1 order by updated_at limit 500)"
            ),
            &args![before],
        )
        .await?;
    Ok(forgiven + lockouts)
}
