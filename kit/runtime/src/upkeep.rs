//! The kit's own background work: bringing tenants nobody opens to the present schema, and
//! forgetting idempotency keys that have had their day.

use std::time::Duration;

use gantry_db::{ControlDb, ControlTx, DbError, TenantState, TenantTx, Tenants, directory};
use gantry_http::sweep_idempotency;
use gantry_jobs::{JobCx, JobError, JobKind, NewJob, Schedule, enqueue};
use gantry_kernel::TenantId;

/// The kind of the job, in control, that brings tenants to the present schema.
pub const TENANT_SWEEP: &str = "runtime.tenant_sweep";
const EXPIRY: &str = "runtime.idempotency_expiry";

/// Tenants handled between two looks at whether the process is stopping.
const PAGE: u8 = 50;

/// The kinds of jobs.
pub(crate) fn jobs(control: &ControlDb, tenants: &Tenants) -> Vec<JobKind> {
    let swept = tenants.clone();
    let (control, tenants) = (control.clone(), tenants.clone());
    vec![
        JobKind::new(TENANT_SWEEP, move |cx| sweep(cx, swept.clone())),
        JobKind::new(EXPIRY, move |cx| {
            expire(cx, control.clone(), tenants.clone())
        }),
    ]
}

/// When they run.
pub(crate) fn schedules() -> Vec<Schedule> {
    vec![
        Schedule::new(TENANT_SWEEP, Duration::from_mins(30), TENANT_SWEEP),
        Schedule::new(EXPIRY, Duration::from_hours(6), EXPIRY),
    ]
}

/// A start may bring a new schema, so the first sweep does not wait for its schedule.
pub(crate) async fn at_start(control: &ControlDb) -> Result<(), DbError> {
    control
        .write(async |tx: &mut ControlTx| {
            enqueue(tx, NewJob::new(TENANT_SWEEP, &()).dedupe(TENANT_SWEEP))
                .await
                .map(drop)
        })
        .await
}

/// A tenant that fails is logged and left for the next sweep; it must not keep the others waiting.
async fn sweep(cx: JobCx, tenants: Tenants) -> Result<(), JobError> {
    let mut after = None;
    let (mut migrated, mut failed) = (0, 0);
    while !cx.stopping() {
        let (report, last) = tenants.sweep(after, PAGE.into()).await?;
        migrated += report.migrated;
        failed += report.failed.len();
        for failure in &report.failed {
            tracing::error!(tenant.id = %failure.tenant, error = %failure.error, "a tenant could not be migrated");
        }
        if !report.more {
            if migrated + failed > 0 {
                tracing::info!(migrated, failed, "swept tenants behind the present schema");
            }
            return Ok(());
        }
        after = last;
    }
    Err(JobError::Stopped)
}

async fn expire(cx: JobCx, control: ControlDb, tenants: Tenants) -> Result<(), JobError> {
    let mut removed = control
        .write(async |tx: &mut ControlTx| sweep_idempotency(tx).await)
        .await?;
    let mut after: Option<TenantId> = None;
    while !cx.stopping() {
        let page = control
            .read(async |tx: &mut ControlTx| directory::list(tx, None, after, PAGE.into()).await)
            .await?;
        let Some(last) = page.last() else {
            tracing::debug!(removed, "forgot idempotency keys");
            return Ok(());
        };
        after = Some(last.id);
        // A suspended tenant's keys have their day too; in the other states there is no database, or nobody's business in it.
        let open = |state| matches!(state, TenantState::Active | TenantState::Suspended);
        for tenant in page.iter().filter(|tenant| open(tenant.state)) {
            match expire_in(&tenants, tenant.id).await {
                Ok(rows) => removed += rows,
                Err(error) => {
                    tracing::warn!(tenant.id = %tenant.id, %error, "idempotency keys stay for now");
                }
            }
        }
    }
    Err(JobError::Stopped)
}

async fn expire_in(tenants: &Tenants, id: TenantId) -> Result<u64, DbError> {
    let db = tenants.get(id).await?;
    db.write(async |tx: &mut TenantTx| sweep_idempotency(tx).await)
        .await
}
