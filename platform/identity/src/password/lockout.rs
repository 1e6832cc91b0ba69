//! What guessing costs: after five failures an account name answers nothing for 1, 5, 15, then 60 minutes.
//!
//! The name is counted whether or not it exists, so that the lock tells nothing. A locked name refuses
//! before anything is hashed. Sessions that are open are not touched: a stranger cannot throw anybody out.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{Timestamp, crypto};

/// Failures that lock.
const FAILURES: i64 = 5;
/// How long each lock lasts; the last one repeats.
const MINUTES: [u64; 4] = [1, 5, 15, 60];
/// After this long without a failure the count starts anew.
const FORGET_AFTER: Duration = Duration::from_hours(24);

/// A keyed hash of a normalised address: counts without keeping addresses that were only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountKey([u8; 32]);

impl AccountKey {
    pub(crate) fn new(key: &[u8; 32], email: &gantry_kernel::Email) -> Self {
        Self(crypto::hmac_sha256(key, email.as_str().as_bytes()))
    }

    /// A short name for audit rows about accounts that do not exist.
    pub(crate) fn label(&self) -> String {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0[..8]);
        format!("{:016x}", u64::from_be_bytes(head))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

struct Lockout {
    failures: i64,
    level: i64,
    locked_until: Option<Timestamp>,
    updated_at: Timestamp,
}

from_row!(Lockout {
    failures,
    level,
    locked_until,
    updated_at
});

/// What a failure led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Counted; `first` of a series.
    Counted { first: bool },
    /// This one locked the account.
    Locked { level: i64, minutes: u64 },
}

async fn row(tx: &mut Tx, account: &AccountKey) -> Result<Option<Lockout>, DbError> {
    tx.opt(
        sql!("select failures, level, locked_until, updated_at from lockouts where account = $1"),
        &args![account.bytes()],
    )
    .await
}

/// How much longer the account is locked.
pub(crate) async fn remaining(
    tx: &mut Tx,
    account: &AccountKey,
) -> Result<Option<Duration>, DbError> {
    let now = tx.now();
    let until = row(tx, account)
        .await?
        .and_then(|lockout| lockout.locked_until);
    Ok(until.filter(|until| *until > now).map(|until| until - now))
}

/// Counts a failure.
pub(crate) async fn fail(tx: &mut Tx, account: &AccountKey) -> Result<Failure, DbError> {
    let now = tx.now();
    let known = row(tx, account)
        .await?
        .filter(|known| now - known.updated_at < FORGET_AFTER);
    let (failures, level) = known
        .as_ref()
        .map_or((0, 0), |known| (known.failures, known.level));
    let (failures, level, locked_until, outcome) = if failures + 1 < FAILURES {
        let until = known.and_then(|known| known.locked_until);
        (
            failures + 1,
            level,
            until,
            Failure::Counted {
                first: failures == 0,
            },
        )
    } else {
        let step = usize::try_from(level).unwrap_or(0).min(MINUTES.len() - 1);
        let minutes = MINUTES[step];
        let until = now + Duration::from_secs(minutes * 60);
        (
            0,
            level + 1,
            Some(until),
            Failure::Locked {
                level: level + 1,
                minutes,
            },
        )
    };
    tx.execute(
        sql!(
            "insert into lockouts (account, failures, level, locked_until, updated_at)
             values ($1, $2, $3, $4, $5)
             on conflict (account) do update set
                 failures = excluded.failures, level = excluded.level,
                 locked_until = excluded.locked_until, updated_at = excluded.updated_at"
        ),
        &args![account.bytes(), failures, level, locked_until, now],
    )
    .await?;
    Ok(outcome)
}

/// Forgets the failures, after a log-in or a reset.
pub(crate) async fn clear(tx: &mut Tx, account: &AccountKey) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from lockouts where account = $1"),
        &args![account.bytes()],
    )
    .await?;
    Ok(())
}

/// Removes up to 500 rows that count no more.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<u64, DbError> {
    let before = tx.now().before(FORGET_AFTER);
    tx.execute(
        sql!(
            "delete from lockouts where account in
             (select account from lockouts where updated_at < $1 order by updated_at limit 500)"
        ),
        &args![before],
    )
    .await
}
