//! The job that makes a begun tenant usable.
//!
//! Two steps, both of which may be repeated: the database is made by kit/db (which gives the same
//! database however often it is asked), then one control transaction makes the owner a member, the
//! tenant active and the job done. A crash anywhere leaves a tenant that is still `provisioning`
//! and a job whose lease runs out.
//!
//! The steps are boxed futures, because the compiler cannot see through all layers at once that
//! they are `Send` (rust-lang/rust#110338).

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, future::BoxFuture};
use gantry_audit::{Entry, Facts, Target};
use gantry_db::{ControlDb, ControlTx, DbError, TenantState, Tenants, directory};
use gantry_jobs::{JobCx, JobError, JobKind, Lease};
use gantry_kernel::{Actor, Kind, Problem, TenantId};

use super::{PROVISION, Payload, store};
use crate::Tenancy;

/// Somebody waits for this: a short lease lets another process take over soon after a crash.
const LEASE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The kind of job. Attempts are bounded here and not by the queue, so that a tenant that cannot be
/// made ends as `failed` with a reason, also when every attempt ended in a crash.
pub fn job(tenancy: Arc<Tenancy>) -> JobKind {
    JobKind::new(PROVISION, move |cx| run(Arc::clone(&tenancy), cx))
        .max_attempts(u32::MAX)
        .lease(LEASE)
        .backoff(FIRST_PAUSE, LONGEST_PAUSE)
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Another attempt may succeed.
    #[error("{0}")]
    Passing(String),
    /// None can.
    #[error("{0}")]
    Final(String),
    #[error(transparent)]
    Job(#[from] JobError),
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Passing(error.to_string())
    }
}

impl From<Problem> for Failure {
    /// What another module refuses for good (the owner is gone) cannot be mended by waiting.
    fn from(problem: Problem) -> Self {
        match problem.kind {
            Kind::Internal | Kind::Unavailable | Kind::Timeout | Kind::TooMany => {
                Self::Passing(problem.to_string())
            }
            _ => Self::Final(problem.to_string()),
        }
    }
}

async fn run(tenancy: Arc<Tenancy>, cx: JobCx) -> Result<(), JobError> {
    let Payload { tenant } = cx.payload()?;
    let lease = cx.lease.clone();
    let last = cx.attempt >= tenancy.config.provision_attempts;
    if cx.attempt > tenancy.config.provision_attempts {
        let reason = "every attempt ended without a word: the process died or lost the database";
        return give_up(tenancy, lease, tenant, reason.to_owned()).await;
    }
    match attempt(Arc::clone(&tenancy), lease.clone(), tenant).await {
        Ok(()) => {
            tenancy.forget(tenant);
            Ok(())
        }
        Err(Failure::Job(error)) => Err(error),
        Err(Failure::Passing(reason)) if !last => {
            note(Arc::clone(&tenancy), tenant, reason.clone()).await;
            Err(JobError::retry(reason))
        }
        Err(Failure::Passing(reason) | Failure::Final(reason)) => {
            note(Arc::clone(&tenancy), tenant, reason.clone()).await;
            give_up(tenancy, lease, tenant, reason).await
        }
    }
}

async fn attempt(tenancy: Arc<Tenancy>, lease: Lease, tenant: TenantId) -> Result<(), Failure> {
    if is_wanted(tenancy.control.clone(), tenant).await? {
        make(tenancy.tenants.clone(), tenant).await?;
    }
    activate(tenancy, lease, tenant).await
}

fn is_wanted(control: ControlDb, tenant: TenantId) -> BoxFuture<'static, Result<bool, DbError>> {
    async move {
        let owner = control
            .read(async |tx| store::unfinished(tx, tenant).await)
            .await?;
        Ok(owner.is_some())
    }
    .boxed()
}

fn make(tenants: Tenants, tenant: TenantId) -> BoxFuture<'static, Result<(), DbError>> {
    async move { tenants.provision(tenant).await.map(drop) }.boxed()
}

fn activate(
    tenancy: Arc<Tenancy>,
    lease: Lease,
    tenant: TenantId,
) -> BoxFuture<'static, Result<(), Failure>> {
    async move {
        let control = tenancy.control.clone();
        control
            .write(async move |tx| finish(tx, &tenancy, &lease, tenant).await)
            .await
    }
    .boxed()
}

/// The transaction that makes the tenant usable: all of it, or nothing.
fn finish<'a>(
    tx: &'a mut ControlTx,
    tenancy: &'a Tenancy,
    lease: &'a Lease,
    tenant: TenantId,
) -> BoxFuture<'a, Result<(), Failure>> {
    async move {
        // Read again: only what this transaction sees decides.
        if let Some(owner) = store::unfinished(tx, tenant).await? {
            let members = tenancy.members.get().map_err(Problem::from)?;
            members.add_owner(tx, tenant, owner).await?;
            directory::set_state(tx, tenant, TenantState::Active, None).await?;
            store::set_state(tx, tenant, "done").await?;
            let facts = Facts::new().with("state", "active").with("owner", owner);
            append(tx, "tenancy.tenant.activated", tenant, facts).await?;
        }
        lease.finish(tx).await?;
        Ok(())
    }
    .boxed()
}

/// Shows the failure to operators; the attempt has failed whether or not this can be written.
fn note(tenancy: Arc<Tenancy>, tenant: TenantId, reason: String) -> BoxFuture<'static, ()> {
    let write = async move |tx: &mut ControlTx| store::failed_once(tx, tenant, &reason).await;
    async move {
        if let Err(error) = tenancy.control.write(write).await {
            tracing::warn!(%tenant, %error, "failed set-up of a tenant not recorded");
        }
    }
    .boxed()
}

fn give_up(
    tenancy: Arc<Tenancy>,
    lease: Lease,
    tenant: TenantId,
    reason: String,
) -> BoxFuture<'static, Result<(), JobError>> {
    tracing::error!(%tenant, reason, "a tenant could not be set up; an operator can retry it");
    let write = async move |tx: &mut ControlTx| {
        if store::unfinished(tx, tenant).await?.is_some() {
            directory::set_state(tx, tenant, TenantState::Failed, Some(&reason)).await?;
            store::set_state(tx, tenant, "failed").await?;
            let facts = Facts::new().with("state", "failed").with("reason", &reason);
            append(tx, "tenancy.tenant.failed", tenant, facts).await?;
        }
        lease.finish(tx).await
    };
    async move { tenancy.control.write(write).await }.boxed()
}

async fn append(
    tx: &mut ControlTx,
    action: &'static str,
    tenant: TenantId,
    facts: Facts,
) -> Result<(), DbError> {
    let entry = Entry::new(Actor::System, action, Target::new("tenant", tenant));
    gantry_audit::append(tx, entry.about(tenant).after(facts))
        .await
        .map(drop)
}
