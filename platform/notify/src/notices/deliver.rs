//! Bringing a notice from where it was told to the people it is for.

use std::sync::Arc;

use gantry_db::ControlTx;
use gantry_jobs::{JobCx, JobError, JobKind};
use gantry_kernel::{IdentityId, Problem};
use gantry_notices::{DELIVER, Telling, To, arrive};

use super::Notices;

pub(super) fn kind(notices: &Arc<Notices>) -> JobKind {
    let notices = Arc::clone(notices);
    JobKind::new(DELIVER, move |cx| {
        let notices = Arc::clone(&notices);
        async move { deliver(notices, cx).await }
    })
}

async fn deliver(notices: Arc<Notices>, cx: JobCx) -> Result<(), JobError> {
    let telling: Telling = cx.payload()?;
    let control = notices.control.clone();
    control
        .write(async move |tx: &mut ControlTx| {
            let readers = readers(&notices, tx, &telling).await;
            let readers = readers.map_err(|problem| JobError::retry(problem.to_string()))?;
            for person in readers {
                arrive(tx, &telling, person).await?;
            }
            Ok::<_, JobError>(())
        })
        .await
}

/// Who is told, as of now: somebody who left the workspace meanwhile, or a program, is not.
async fn readers(
    notices: &Notices,
    tx: &mut ControlTx,
    telling: &Telling,
) -> Result<Vec<IdentityId>, Problem> {
    let people = notices.people.get()?;
    match (&telling.to, telling.tenant) {
        (To::Operators(permission), _) => people.operators(tx, permission).await,
        (To::Person(person), Some(tenant)) => {
            let belongs = people.is_member(tx, tenant, *person).await?;
            Ok(belongs.then_some(*person).into_iter().collect())
        }
        (To::Person(person), None) => Ok(vec![*person]),
    }
}
