//! The job that moves.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, future::BoxFuture};
use gantry_db::copy::{CopyError, Relocation};
use gantry_db::{ControlTx, DbError, Home};
use gantry_jobs::{JobCx, JobError, JobKind, Lease};
use tokio::time::Instant;

use super::store::{self, Move, MoveState};
use super::{MOVE, Payload, audit, tell};
use crate::{By, Tenancy};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The kind of job. Attempts are bounded here and not by the queue: one that ended in a crash may have
/// left the tenant refusing writes, so somebody has to come after the last.
pub fn job(tenancy: Arc<Tenancy>) -> JobKind {
    JobKind::new(MOVE, move |cx| run(Arc::clone(&tenancy), cx))
        .max_attempts(u32::MAX)
        .backoff(FIRST_PAUSE, LONGEST_PAUSE)
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the changes of the last moments did not follow within the longest pause allowed")]
    TooLong,
    #[error(transparent)]
    Job(#[from] JobError),
}

async fn run(tenancy: Arc<Tenancy>, cx: JobCx) -> Result<(), JobError> {
    let Payload { id } = cx.payload()?;
    let found = tenancy
        .control
        .read(async |tx| store::by_id(tx, id).await)
        .await?;
    let Some(one) = found else {
        return Ok(());
    };
    match one.state {
        MoveState::Requested | MoveState::Copying | MoveState::Pausing => {
            attempt(tenancy, cx, one).await
        }
        // Whoever is reverted leaves its former database until the tenant is back.
        MoveState::Confirmed | MoveState::Moved | MoveState::Failed => {
            remove_leftovers(&tenancy, &one).await
        }
        MoveState::Reverted => Ok(()),
    }
}

async fn attempt(tenancy: Arc<Tenancy>, cx: JobCx, one: Move) -> Result<(), JobError> {
    if one.state == MoveState::Pausing {
        give_back(&tenancy, &one).await?;
    }
    if one.failures >= i64::from(tenancy.config.move_attempts) {
        return give_up(tenancy, cx.lease.clone(), one).await;
    }
    match relocate(Arc::clone(&tenancy), cx.lease.clone(), one.clone()).await {
        Ok(()) => {
            tenancy.forget(one.tenant_id);
            remove_leftovers(&tenancy, &one).await
        }
        Err(Failure::Job(error)) => Err(error),
        Err(failure) => {
            let reason = failure.to_string();
            tracing::warn!(tenant.id = %one.tenant_id, reason, "a move did not come about yet");
            let (id, said) = (one.id, reason.clone());
            tenancy
                .control
                .write(async move |tx: &mut ControlTx| store::failed_once(tx, id, &said).await)
                .await?;
            Err(JobError::retry(reason))
        }
    }
}

fn relocate(
    tenancy: Arc<Tenancy>,
    lease: Lease,
    one: Move,
) -> BoxFuture<'static, Result<(), Failure>> {
    async move {
        let to = home(&tenancy, &one.to_home)?;
        enter(&tenancy, &lease, &one, MoveState::Copying).await?;
        let mut moving = tenancy.tenants.relocate(one.tenant_id, &to).await?;
        let followed = moving.follow().await?;
        enter(&tenancy, &lease, &one, MoveState::Pausing).await?;
        let outcome = switch(&tenancy, &lease, &one, moving, followed).await;
        if outcome.is_err() {
            // What was switched after all is not undone by this: it concerns the database that the
            // directory points to.
            give_back(&tenancy, &one).await?;
        }
        outcome
    }
    .boxed()
}

/// What happens while writes are refused.
fn switch<'a>(
    tenancy: &'a Tenancy,
    lease: &'a Lease,
    one: &'a Move,
    mut moving: Relocation,
    before: u64,
) -> BoxFuture<'a, Result<(), Failure>> {
    async move {
        let id = one.tenant_id;
        // Neither this nor the closing is cut off: what is left half way could come about after it was taken back.
        let (begun, longest) = (Instant::now(), tenancy.config.move_max_pause.get());
        tenancy.tenants.hold_off(id).await?;
        let rows = tokio::time::timeout_at(begun + longest, moving.follow())
            .await
            .map_err(|_| Failure::TooLong)??;
        if begun.elapsed() >= longest {
            return Err(Failure::TooLong);
        }
        moving.close_former().await?;
        let moving = Arc::new(moving);
        let (adopting, lease, one) = (Arc::clone(&moving), lease.clone(), one.clone());
        tenancy
            .control
            .write(async move |tx: &mut ControlTx| {
                // A worker that came after this one has let writes in again: then this fails.
                lease.hold(tx).await?;
                adopting.adopt(tx).await?;
                let copied = whole(adopting.summary().rows());
                store::moved(
                    tx,
                    one.id,
                    adopting.replaced(),
                    copied,
                    whole(before + rows),
                )
                .await?;
                audit(tx, "tenancy.move.moved", &one, &By::system()).await?;
                tell(tx, "tenancy.move.finished", &one).await?;
                Ok::<_, Failure>(())
            })
            .await?;
        moving.adopted();
        Ok(())
    }
    .boxed()
}

/// Lets writes in again where a move did not come about. Whether it did is asked of the directory once
/// more, should the word of its commit have been lost.
fn give_back<'a>(tenancy: &'a Tenancy, one: &'a Move) -> BoxFuture<'a, Result<(), DbError>> {
    async move {
        tenancy.tenants.leave_for_good(one.tenant_id);
        tenancy.tenants.reopen(one.tenant_id).await?;
        tenancy.tenants.let_in(one.tenant_id).await
    }
    .boxed()
}

async fn enter(
    tenancy: &Tenancy,
    lease: &Lease,
    one: &Move,
    state: MoveState,
) -> Result<(), Failure> {
    let (lease, id) = (lease.clone(), one.id);
    tenancy
        .control
        .write(async move |tx: &mut ControlTx| {
            lease.hold(tx).await?;
            store::set_state(tx, id, state).await?;
            Ok::<_, Failure>(())
        })
        .await
}

async fn give_up(tenancy: Arc<Tenancy>, lease: Lease, one: Move) -> Result<(), JobError> {
    tracing::error!(tenant.id = %one.tenant_id, "a move is given up; the tenant stays where it is");
    let (giving_up, given_up) = (Arc::clone(&tenancy), one.clone());
    tenancy
        .control
        .write(async move |tx: &mut ControlTx| {
            lease.hold(tx).await?;
            // Where this process has no such home, there is nothing that it could have copied.
            if let Some(home) = giving_up.tenants.home(&given_up.to_home) {
                let id = given_up.tenant_id;
                let copy = giving_up.tenants.give_up_copy(tx, id, &home).await?;
                store::leave_copy(tx, given_up.id, &copy).await?;
            }
            store::set_state(tx, given_up.id, MoveState::Failed).await?;
            audit(tx, "tenancy.move.failed", &given_up, &By::system()).await?;
            tell(tx, "tenancy.move.failed", &given_up).await?;
            Ok::<_, JobError>(())
        })
        .await?;
    remove_leftovers(&tenancy, &one).await
}

/// Removes former databases, and copies that came to nothing, which nobody needs any more.
fn remove_leftovers<'a>(
    tenancy: &'a Tenancy,
    one: &'a Move,
) -> BoxFuture<'a, Result<(), JobError>> {
    async move {
        let tenant = one.tenant_id;
        let left = tenancy
            .control
            .read(async |tx| store::leftovers(tx, tenant).await)
            .await?;
        for one in left {
            let left_in = match one.state {
                MoveState::Failed => &one.to_home,
                _ => &one.from_home,
            };
            let home = home(tenancy, left_in)?;
            let former = one.former.clone().unwrap_or_default();
            tenancy.tenants.remove_database(&home, &former).await?;
            tenancy
                .control
                .write(async move |tx: &mut ControlTx| store::removed(tx, one.id).await)
                .await?;
        }
        Ok(())
    }
    .boxed()
}

fn home(tenancy: &Tenancy, name: &str) -> Result<Home, DbError> {
    tenancy
        .tenants
        .home(name)
        .ok_or_else(|| DbError::Unsupported(format!("this process has no home called {name}")))
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
