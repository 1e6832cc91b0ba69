//! `POST /api/v1/admin/jobs/{id}/replay`.

use std::sync::Arc;

use gantry_audit::{Entry, Target};
use gantry_http::{NoContent, Path, PlatformCx, Query, RequestContext};
use gantry_jobs::admin::{self, Replay};
use gantry_kernel::JobId;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{PlaceQuery, write};
use crate::{Error, Notify};

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct JobPath {
    /// The job.
    id: JobId,
}

pub(crate) async fn replay_job(
    notify: Arc<Notify>,
    cx: PlatformCx,
    (Path(JobPath { id }), Query(place)): (Path<JobPath>, Query<PlaceQuery>),
) -> Result<NoContent, Error> {
    let (actor, origin) = (cx.actor(), cx.origin());
    write(&notify, place.tenant, async move |tx| {
        match admin::replay(tx, id).await? {
            Replay::Queued => {}
            Replay::NotDead => return Err(Error::NotFound),
            Replay::Superseded => return Err(Error::JobSuperseded),
        }
        let entry = Entry::new(actor, "notify.job.replayed", Target::new("job", id));
        gantry_audit::append(tx, entry.origin(&origin)).await?;
        Ok(())
    })
    .await?;
    Ok(NoContent)
}
