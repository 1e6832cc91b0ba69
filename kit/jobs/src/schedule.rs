//! Work that comes again and again: rows in control, one per schedule.
//!
//! Firing is one transaction that moves `next_at` on and enqueues the job, so of several processes
//! exactly one fires; the job itself is then leased like any other. However many runs were missed,
//! one makes up for them. A `next_at` further ahead than the schedule's own length (somebody set the
//! wall clock back) is drawn anew, so a wrong clock cannot silence a schedule.

use std::time::Duration;

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Kernel, Timestamp};

use crate::{NewJob, Schedule, enqueue};

/// Makes sure of a row for each schedule; a changed length takes effect from now.
pub(crate) async fn seed(tx: &mut Tx, schedules: &[Schedule]) -> Result<(), DbError> {
    let now = tx.now();
    for schedule in schedules {
        let first = now + jitter(schedule.every, tx.kernel());
        tx.execute(
            sql!(
                "insert into schedules (name, every_us, next_at) values ($1, $2, $3)
                 on conflict (name) do update set every_us = excluded.every_us,
                     next_at = excluded.next_at
                 where schedules.every_us <> excluded.every_us"
            ),
            &args![schedule.name, micros(schedule.every), first],
        )
        .await?;
    }
    Ok(())
}

/// Enqueues the jobs of due schedules; answers when the next one is due.
pub(crate) async fn fire(
    tx: &mut Tx,
    schedules: &[Schedule],
) -> Result<Option<Timestamp>, DbError> {
    let now = tx.now();
    let mut earliest: Option<Timestamp> = None;
    for schedule in schedules {
        let Some((next_at,)) = tx
            .opt::<(Timestamp,)>(
                sql!("select next_at from schedules where name = $1"),
                &args![schedule.name],
            )
            .await?
        else {
            continue;
        };
        let due = next_at <= now;
        let furthest = schedule.every + schedule.every / 10;
        let next = if due || next_at > now + furthest {
            let next = now + schedule.every + jitter(schedule.every, tx.kernel());
            tx.execute(
                sql!(
                    "update schedules set next_at = $3,
                            last_at = case when $4 then $5 else last_at end
                     where name = $1 and next_at = $2"
                ),
                &args![schedule.name, next_at, next, due, now],
            )
            .await?;
            next
        } else {
            next_at
        };
        if due {
            let key = format!("schedule:{}", schedule.name);
            enqueue(
                tx,
                NewJob::new(schedule.kind, &schedule.payload).dedupe(key),
            )
            .await?;
        }
        earliest = Some(earliest.map_or(next, |known| known.min(next)));
    }
    Ok(earliest)
}

/// Up to a tenth of the length.
fn jitter(every: Duration, kernel: &Kernel) -> Duration {
    let tenth = u64::try_from((every / 10).as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(kernel.below(tenth))
}

fn micros(every: Duration) -> i64 {
    i64::try_from(every.as_micros()).unwrap_or(i64::MAX)
}
