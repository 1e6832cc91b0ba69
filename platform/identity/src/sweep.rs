//! Removing what is over: dead sessions, used links, forgotten lockouts, sign-ups nobody confirmed.

use std::sync::Arc;
use std::time::Duration;

use gantry_db::DbError;
use gantry_jobs::{JobCx, JobError, JobKind, Schedule};

use crate::account::email_change;
use crate::{Identity, challenge, link, oidc, passkey, password, service, session, sign_up};

const KIND: &str = "identity.sweep";
/// How long expired things are kept, so that the reuse of an old token is still recognised.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// How long API keys are shown after their end, to whoever asks what a program used to have.
const KEYS_KEPT: Duration = Duration::from_hours(90 * 24);
/// Batches of one run; what is left waits for the next one.
const BATCHES: u32 = 200;

pub(crate) fn jobs(state: &Arc<Identity>) -> Vec<JobKind> {
    let state = Arc::clone(state);
    vec![JobKind::new(KIND, move |cx| {
        let state = Arc::clone(&state);
        async move { run(&state, cx).await }
    })]
}

pub(crate) fn schedules() -> Vec<Schedule> {
    vec![Schedule::new(KIND, Duration::from_hours(1), KIND)]
}

async fn run(state: &Identity, cx: JobCx) -> Result<(), JobError> {
    for _ in 0..BATCHES {
        let removed = state
            .control
            .write(async move |tx| {
                let before = tx.now().before(KEPT);
                let mut removed = session::store::sweep(tx, before).await?;
                removed += challenge::sweep(tx).await?;
                removed += oidc::attempts::sweep(tx).await?;
                removed += passkey::sweep(tx).await?;
                removed += link::sweep(tx, before).await?;
                removed += password::lockout::sweep(tx).await?;
                removed += email_change::store::sweep(tx, before).await?;
                removed += sign_up::sweep(tx, before).await?;
                let keys_before = tx.now().before(KEYS_KEPT);
                removed += service::key::store::sweep(tx, keys_before).await?;
                Ok::<_, DbError>(removed)
            })
            .await?;
        if removed == 0 || cx.stopping() {
            break;
        }
    }
    Ok(())
}
