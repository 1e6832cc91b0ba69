//! `POST /api/v1/admin/mails/{id}/retry`.

use std::sync::Arc;

use gantry_audit::{Entry, Target};
use gantry_http::{NoContent, Path, PlatformCx, Query, RequestContext};
use gantry_jobs::outbox::{self, OutboxId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{PlaceQuery, write};
use crate::{Error, Notify};

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct MailPath {
    /// The mail.
    id: OutboxId,
}

pub(crate) async fn retry_mail(
    notify: Arc<Notify>,
    cx: PlatformCx,
    (Path(MailPath { id }), Query(place)): (Path<MailPath>, Query<PlaceQuery>),
) -> Result<NoContent, Error> {
    let (actor, origin) = (cx.actor(), cx.origin());
    write(&notify, place.tenant, async move |tx| {
        if outbox::get(tx, id).await?.is_none() {
            return Err(Error::NotFound);
        }
        if !outbox::requeue(tx, id).await? {
            return Err(Error::MailNotStuck);
        }
        let entry = Entry::new(actor, "notify.mail.retried", Target::new("mail", id));
        gantry_audit::append(tx, entry.origin(&origin)).await?;
        Ok(())
    })
    .await?;
    Ok(NoContent)
}
