//! The job that gives events their order.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_db::{ControlDb, ControlTx, DbError, TenantDb, Tx};
use gantry_events::{BATCH, Hub, OPERATORS, Relayed, Waiting, announce_elsewhere};
use gantry_jobs::{JobCx, JobError, JobKind, Lease, Place, Probe};
use gantry_kernel::{TenantId, Timestamp};

const RELAY: &str = "runtime.events_relay";

/// Finds the places whose events wait for their order.
pub(crate) const PROBE: Probe = probe;

fn probe(tx: &mut Tx) -> BoxFuture<'_, Result<Option<Timestamp>, DbError>> {
    gantry_events::due(tx).boxed()
}

/// What the job works with.
#[derive(Clone)]
pub(crate) struct Relaying {
    pub(crate) control: ControlDb,
    pub(crate) hub: Hub,
}

/// The kind of job. It never gives up: what keeps one event from its place keeps all that follow.
pub(crate) fn jobs(relaying: Relaying) -> Vec<JobKind> {
    let relaying = Arc::new(relaying);
    vec![
        JobKind::new(RELAY, move |cx| relay(cx, Arc::clone(&relaying)))
            .found_by(PROBE)
            .brief()
            .max_attempts(u32::MAX)
            .backoff(Duration::from_millis(100), Duration::from_secs(10)),
    ]
}

async fn relay(cx: JobCx, relaying: Arc<Relaying>) -> Result<(), JobError> {
    loop {
        let last = match &cx.place {
            Place::Control => relaying.in_control(&cx.lease).await?,
            Place::Tenant(db) => relaying.in_tenant(db, &cx.lease).await?,
        };
        if last {
            return Ok(());
        }
        if cx.stopping() {
            return Err(JobError::Stopped);
        }
    }
}

impl Relaying {
    /// One batch, and whether it was the last.
    async fn in_control(&self, lease: &Lease) -> Result<bool, JobError> {
        let rows: Vec<Waiting> = self
            .control
            .read(async |tx| gantry_events::waiting(tx, BATCH).await)
            .await?;
        let last = is_last(&rows);
        let (lease, rows) = (lease.clone(), Arc::new(rows));
        let relayed = self
            .control
            .write(async move |tx| {
                let relayed = place(tx, &lease, &rows, last).await?;
                for tenant in &relayed.tenants {
                    announce_elsewhere(tx, &tenant.to_string()).await?;
                }
                for person in &relayed.people {
                    announce_elsewhere(tx, &person.to_string()).await?;
                }
                if relayed.operators {
                    announce_elsewhere(tx, OPERATORS).await?;
                }
                Ok::<_, JobError>(relayed)
            })
            .await?;
        for tenant in &relayed.tenants {
            self.hub.wake(&tenant.to_string());
        }
        for person in &relayed.people {
            self.hub.wake(&person.to_string());
        }
        if relayed.operators {
            self.hub.wake(OPERATORS);
        }
        Ok(last)
    }

    async fn in_tenant(&self, db: &TenantDb, lease: &Lease) -> Result<bool, JobError> {
        let rows: Vec<Waiting> = db
            .read(async |tx| gantry_events::waiting(tx, BATCH).await)
            .await?;
        let (last, any) = (is_last(&rows), !rows.is_empty());
        let (lease, rows) = (lease.clone(), Arc::new(rows));
        db.write(async move |tx| place(tx, &lease, &rows, last).await)
            .await?;
        if any {
            self.hub.wake(&db.id().to_string());
            self.tell(db.id()).await;
        }
        Ok(last)
    }

    /// Whoever does not hear of it finds it when looking next.
    async fn tell(&self, tenant: TenantId) {
        let told = self
            .control
            .write(async move |tx: &mut ControlTx| {
                announce_elsewhere(tx, &tenant.to_string()).await
            })
            .await;
        if let Err(error) = told {
            tracing::warn!(%error, "the other processes were not told of events");
        }
    }
}

fn is_last(rows: &[Waiting]) -> bool {
    rows.len() < BATCH as usize
}

/// The last transaction of the job completes it, too.
async fn place(
    tx: &mut Tx,
    lease: &Lease,
    rows: &[Waiting],
    last: bool,
) -> Result<Relayed, JobError> {
    if last {
        lease.finish(tx).await?;
    } else {
        lease.hold(tx).await?;
    }
    let relayed = gantry_events::relay(tx, rows).await?;
    gantry_events::sweep(tx, relayed.last).await?;
    Ok(relayed)
}
