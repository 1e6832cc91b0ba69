//! What keeps the audit logs of all databases: rows are sealed about a second after they were written, and
//! removed when they have been kept for long enough.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_audit::chain::{self, Head, PruneError, Pruned, SealKeys};
use gantry_db::{ControlDb, DbError, TenantState, Tenants, Tx, directory};
use gantry_jobs::{JobCx, JobError, JobKind, Lease, Place, Probe, Schedule};
use gantry_kernel::{TenantId, Timestamp};

const SEAL: &str = "runtime.audit_seal";
const TEND: &str = "runtime.audit_tend";

/// Tenants read from the directory at a time.
const PAGE: i64 = 50;

/// Finds the places whose rows wait to be sealed.
pub(crate) const PROBE: Probe = probe;

fn probe(tx: &mut Tx) -> BoxFuture<'_, Result<Option<Timestamp>, DbError>> {
    chain::seal_due(tx).boxed()
}

/// What the jobs work with.
#[derive(Clone)]
pub(crate) struct Auditing {
    pub(crate) control: ControlDb,
    pub(crate) tenants: Tenants,
    pub(crate) keys: SealKeys,
    pub(crate) retention: Duration,
}

/// The kinds of jobs. Sealing never gives up: what keeps it from succeeding keeps every row from it.
pub(crate) fn jobs(auditing: Auditing) -> Vec<JobKind> {
    let auditing = Arc::new(auditing);
    let (sealing, tending) = (Arc::clone(&auditing), auditing);
    vec![
        JobKind::new(SEAL, move |cx| seal(cx, Arc::clone(&sealing)))
            .found_by(PROBE)
            .max_attempts(u32::MAX)
            .backoff(Duration::from_secs(1), Duration::from_mins(1)),
        JobKind::new(TEND, move |cx| tend(cx, Arc::clone(&tending))),
    ]
}

/// When they run.
pub(crate) fn schedules() -> Vec<Schedule> {
    vec![Schedule::new(TEND, Duration::from_hours(24), TEND)]
}

async fn seal(cx: JobCx, auditing: Arc<Auditing>) -> Result<(), JobError> {
    loop {
        let rows = match &cx.place {
            Place::Control => {
                let read = async |tx: &mut _| chain::unsealed(tx, chain::BATCH).await;
                auditing.control.read(async |tx| read(tx).await).await?
            }
            Place::Tenant(db) => {
                db.read(async |tx| chain::unsealed(tx, chain::BATCH).await)
                    .await?
            }
        };
        let last = rows.len() < chain::BATCH as usize;
        let (keys, lease, rows) = (auditing.keys.clone(), cx.lease.clone(), Arc::new(rows));
        match &cx.place {
            Place::Control => {
                auditing
                    .control
                    .write(async move |tx| {
                        hold(tx, &lease, last).await?;
                        Ok::<_, JobError>(chain::seal(tx, &keys, &rows).await?)
                    })
                    .await?;
            }
            Place::Tenant(db) => {
                let head = db
                    .write(async move |tx| {
                        hold(tx, &lease, false).await?;
                        Ok::<_, JobError>(chain::seal(tx, &keys, &rows).await?)
                    })
                    .await?;
                note(&auditing.control, db.id(), head).await?;
            }
        }
        if last {
            return Ok(());
        }
        if cx.stopping() {
            return Err(JobError::Stopped);
        }
    }
}

/// The last transaction of a job in control completes it, too.
async fn hold(tx: &mut Tx, lease: &Lease, last: bool) -> Result<(), JobError> {
    if last {
        lease.finish(tx).await
    } else {
        lease.hold(tx).await
    }
}

async fn note(control: &ControlDb, tenant: TenantId, head: Head) -> Result<(), DbError> {
    control
        .write(async move |tx| chain::note_head(tx, tenant, head).await)
        .await
}

/// Once a day, in every database: removes what has been kept for long enough, and signs again after a change
/// of the master key. One that fails is logged and left for the next day.
async fn tend(cx: JobCx, auditing: Arc<Auditing>) -> Result<(), JobError> {
    let before = cx.kernel.now().before(auditing.retention);
    let mut removed = match tend_control(&auditing, before).await {
        Ok(rows) => rows,
        Err(error) => complain("control", &error),
    };
    let mut after: Option<TenantId> = None;
    while !cx.stopping() {
        let page = auditing
            .control
            .read(async |tx| directory::list(tx, None, after, PAGE).await)
            .await?;
        let Some(last) = page.last() else {
            tracing::info!(rows = removed, "audit logs tended");
            return Ok(());
        };
        after = Some(last.id);
        // As for every other upkeep: in the other states there is no database, or nobody's business in it.
        let open = |state| matches!(state, TenantState::Active | TenantState::Suspended);
        for tenant in page.iter().filter(|tenant| open(tenant.state)) {
            removed += match tend_tenant(&auditing, tenant.id, before).await {
                Ok(rows) => rows,
                Err(error) => complain(&tenant.id.to_string(), &error),
            };
        }
    }
    Err(JobError::Stopped)
}

fn complain(place: &str, error: &PruneError) -> u64 {
    tracing::error!(place, %error, "an audit log could not be tended");
    0
}

async fn tend_control(auditing: &Auditing, before: Timestamp) -> Result<u64, PruneError> {
    let mut removed = 0;
    loop {
        let keys = auditing.keys.clone();
        let (pruned, head) = auditing
            .control
            .write(async move |tx| tend_batch(tx, &keys, before).await)
            .await?;
        removed += pruned.rows;
        if !pruned.more {
            say("control", head);
            return Ok(removed);
        }
    }
}

async fn tend_tenant(
    auditing: &Auditing,
    tenant: TenantId,
    before: Timestamp,
) -> Result<u64, PruneError> {
    let db = auditing.tenants.get(tenant).await?;
    let mut removed = 0;
    loop {
        let keys = auditing.keys.clone();
        let (pruned, head) = db
            .write(async move |tx| tend_batch(tx, &keys, before).await)
            .await?;
        removed += pruned.rows;
        if !pruned.more {
            note(&auditing.control, tenant, head).await?;
            return Ok(removed);
        }
    }
}

async fn tend_batch(
    tx: &mut Tx,
    keys: &SealKeys,
    before: Timestamp,
) -> Result<(Pruned, Head), PruneError> {
    let pruned = chain::prune(tx, keys, before).await?;
    chain::countersign(tx, keys).await?;
    Ok((pruned, chain::head(tx).await?))
}

/// Control's head goes into the process's own log, which is kept elsewhere: nothing else outside the database
/// could tell that control's tail is gone.
fn say(place: &str, head: Head) {
    let (sequence, link) = (head.seq, chain::hex(&head.link));
    tracing::info!(place, sequence, link, "head of the audit log");
}
