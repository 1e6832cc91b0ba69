//! One attempt at one job, from the claim to the record of its outcome.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use gantry_db::{DbError, Tx, panic_text};
use gantry_telemetry::trace::{Attribute, Span, SpanKind, TraceContext};
use tokio::sync::watch;

use super::{Phase, Shared};
use crate::{
    Death, JobCx, JobError, JobKind, Lease, Place,
    stats::Ending,
    store::{self, Buried, Claimed},
};

/// Runs the handler and records what came of it. If even that cannot be written, the lease runs out
/// and the job is tried again: at least once, never not at all.
pub(crate) async fn run(
    shared: Arc<Shared>,
    place: Place,
    kind: JobKind,
    claimed: Claimed,
    token: String,
    phase: watch::Receiver<Phase>,
) {
    let lease = Lease::new(claimed.id, token, kind.lease, claimed.attempts);
    let begun = shared.kernel.clock.monotonic();
    let listener = shared.recorder.get();
    let span = listener.and_then(|to| TraceContext::chosen(&shared.kernel, to.share()));
    let outcome = if claimed.attempts > kind.max_attempts {
        Some(Err(JobError::fatal(
            "every attempt ended without a word: the process died or lost the database",
        )))
    } else {
        let attempt = attempt_once(&shared, &place, &kind, &claimed, &lease, phase);
        let attempt = Box::pin(attempt);
        match span {
            Some(span) => span.around(attempt).await,
            None => attempt.await,
        }
    };
    let took = shared.kernel.clock.monotonic().saturating_sub(begun);
    let ending = ending(outcome.as_ref(), claimed.attempts < kind.max_attempts);
    shared.stats.ended(kind.name, ending, took);
    if let Some((context, listener)) = span.zip(listener) {
        listener.record(told(
            &shared, context, &place, &lease, kind.name, ending, took,
        ));
    }
    let recorded = match &outcome {
        Some(outcome) => record(&shared, &place, &kind, &claimed, &lease, outcome).await,
        None => release(&shared, &place, &lease).await,
    };
    let job = claimed.id;
    match recorded {
        Ok(true) => {}
        Ok(false) if lease.is_finishing() => {}
        Ok(false) => tracing::warn!(%job, kind = kind.name, "lost its lease while it ran"),
        Err(error) => {
            shared.disown();
            tracing::error!(%job, kind = kind.name, %error, "outcome of a job not recorded");
        }
    }
}

fn told(
    shared: &Shared,
    context: TraceContext,
    place: &Place,
    lease: &Lease,
    kind: &'static str,
    ending: Ending,
    took: Duration,
) -> Span {
    let text = |text: &str| Attribute::Text(text.to_owned());
    let mut attributes = vec![
        ("gantry.job.kind", text(kind)),
        ("gantry.job.id", Attribute::Text(lease.id().to_string())),
        (
            "gantry.job.attempt",
            Attribute::Number(lease.attempt().into()),
        ),
        ("gantry.job.outcome", text(ending.as_str())),
    ];
    if let Some(tenant) = place.tenant() {
        attributes.push(("gantry.tenant", Attribute::Text(tenant.to_string())));
    }
    Span {
        context,
        kind: SpanKind::Internal,
        name: kind.to_owned(),
        start: shared.kernel.now().before(took),
        took,
        attributes,
        failed: matches!(ending, Ending::Retried | Ending::Dead),
    }
}

/// How an attempt ends; `more`: another one is left.
const fn ending(outcome: Option<&Result<(), JobError>>, more: bool) -> Ending {
    match outcome {
        Some(Ok(())) => Ending::Done,
        None | Some(Err(JobError::Stopped)) => Ending::Stopped,
        Some(Err(JobError::LeaseLost)) => Ending::Lost,
        Some(Err(JobError::Retry { .. })) if more => Ending::Retried,
        Some(Err(JobError::Retry { .. } | JobError::Fatal { .. })) => Ending::Dead,
    }
}

/// `None` when the process stops before the handler ends.
async fn attempt_once(
    shared: &Arc<Shared>,
    place: &Place,
    kind: &JobKind,
    claimed: &Claimed,
    lease: &Lease,
    phase: watch::Receiver<Phase>,
) -> Option<Result<(), JobError>> {
    let payload = match serde_json::from_str(&claimed.payload) {
        Ok(payload) => payload,
        Err(error) => return Some(Err(JobError::fatal(format!("payload: {error}")))),
    };
    let phase_of_runner = phase.clone();
    let cx = JobCx {
        place: place.clone(),
        id: claimed.id,
        attempt: claimed.attempts,
        max_attempts: kind.max_attempts,
        lease: lease.clone(),
        kernel: shared.kernel.clone(),
        payload,
        phase,
    };
    let handler = Arc::clone(&kind.handler);
    // The handler owns what it was given; a panic ends with it, so nothing torn is seen afterwards.
    let work = AssertUnwindSafe(async move { handler(cx).await }).catch_unwind();
    tokio::select! {
        outcome = work => Some(outcome.unwrap_or_else(|panic| {
            Err(JobError::retry(format!("panicked: {}", panic_text(panic.as_ref()))))
        })),
        () = keep_alive(shared, place, lease) => Some(Err(JobError::LeaseLost)),
        () = told_to_abandon(phase_of_runner) => None,
    }
}

async fn release(shared: &Shared, place: &Place, lease: &Lease) -> Result<bool, DbError> {
    let held = lease.clone();
    shared
        .write(place, async move |tx| {
            store::release(tx, held.id(), held.token()).await
        })
        .await
}

/// Waits until the runner gives up on what still runs. A runner that is dropped says nothing: that is a crash,
/// whose leases run out and whose attempts count.
async fn told_to_abandon(mut phase: watch::Receiver<Phase>) {
    let dropped = phase
        .wait_for(|phase| *phase == Phase::Abandoning)
        .await
        .is_err();
    if dropped {
        std::future::pending::<()>().await;
    }
}

/// Renews the lease until it is lost.
async fn keep_alive(shared: &Shared, place: &Place, lease: &Lease) {
    loop {
        tokio::time::sleep(lease.length() / 3).await;
        let held = lease.clone();
        let renewed = shared
            .write(place, async move |tx| {
                store::extend(tx, held.id(), held.token(), held.length()).await
            })
            .await;
        match renewed {
            Ok(true) => {}
            Ok(false) if lease.is_finishing() => std::future::pending().await,
            Ok(false) => return,
            Err(error) => tracing::warn!(job = %lease.id(), %error, "lease not renewed"),
        }
    }
}

async fn record(
    shared: &Arc<Shared>,
    place: &Place,
    kind: &JobKind,
    claimed: &Claimed,
    lease: &Lease,
    outcome: &Result<(), JobError>,
) -> Result<bool, DbError> {
    let held = lease.clone();
    let (job, name, attempt) = (lease.id(), kind.name, lease.attempt());
    match outcome {
        Ok(()) => {
            shared
                .write(place, async move |tx| {
                    store::finish(tx, held.id(), held.token()).await
                })
                .await
        }
        Err(JobError::LeaseLost) => Ok(false),
        Err(JobError::Stopped) => release(shared, place, lease).await,
        Err(JobError::Retry { detail, after }) if attempt < kind.max_attempts => {
            let after = after.unwrap_or_else(|| kind.backoff.after(attempt, &shared.kernel));
            tracing::warn!(%job, kind = name, attempt, %detail, ?after, "job failed, will be retried");
            let detail = shorten(detail);
            shared
                .write(place, async move |tx| {
                    store::retry(tx, held.id(), held.token(), after, &detail).await
                })
                .await
        }
        Err(JobError::Retry { detail, .. } | JobError::Fatal { detail }) => {
            tracing::error!(%job, kind = name, attempt, %detail, "job is dead");
            bury(shared, place, claimed, lease, shorten(detail)).await
        }
    }
}

/// Declares a job dead, with what follows for its kind.
async fn bury(
    shared: &Arc<Shared>,
    place: &Place,
    claimed: &Claimed,
    lease: &Lease,
    detail: String,
) -> Result<bool, DbError> {
    let grave = Arc::new(Grave {
        shared: Arc::clone(shared),
        kind: claimed.kind.clone(),
        lease: lease.clone(),
        death: Death {
            id: claimed.id,
            detail,
            // What is no JSON is nothing that a hook could know.
            payload: serde_json::from_str(&claimed.payload).unwrap_or_default(),
        },
    });
    let buried = shared
        .write(place, async move |tx| grave.dig(tx).await)
        .await?;
    Ok(buried != Buried::Lost)
}

struct Grave {
    shared: Arc<Shared>,
    kind: String,
    lease: Lease,
    death: Death,
}

impl Grave {
    async fn dig(&self, tx: &mut Tx) -> Result<Buried, DbError> {
        let (id, token) = (self.lease.id(), self.lease.token());
        let buried = store::bury(tx, id, token, &self.death.detail).await?;
        let kind = self.shared.kinds.get(self.kind.as_str());
        if let (Buried::Dead, Some(on_dead)) = (buried, kind.and_then(|kind| kind.on_dead.as_ref()))
        {
            on_dead(tx, &self.death).await?;
        }
        Ok(buried)
    }
}

/// What is kept of an error: 2,000 characters, no NUL (PostgreSQL's text cannot hold one).
fn shorten(detail: &str) -> String {
    detail.chars().filter(|c| *c != '\0').take(2_000).collect()
}
