//! The job that looks, when a ticket is owed, whether it was done.

use gantry_db::Tx;
use gantry_events::{Event, emit};
use gantry_jobs::{JobCx, JobError, JobKind, NewJob};
use gantry_kernel::Scope;
use gantry_notices::{Notice, tell};
use serde::{Deserialize, Serialize};

use super::{Row, TicketId, store};
use crate::people::permission::TICKET_READ;

/// The kind of the job.
pub const DUE: &str = "spaces.ticket_due";

/// The payload of [`DUE`].
#[derive(Debug, Serialize, Deserialize)]
struct Due {
    ticket_id: TicketId,
}

/// The kind of job.
pub fn kind() -> JobKind {
    JobKind::new(DUE, handle)
}

/// Looks when the ticket is owed. A job for an earlier time finds that it is not, and leaves it to this one.
pub(super) fn due(row: &Row) -> NewJob {
    NewJob::new(DUE, &Due { ticket_id: row.id }).at(row.due_at)
}

async fn handle(cx: JobCx) -> Result<(), JobError> {
    let Due { ticket_id } = cx.payload()?;
    let db = cx.tenant_db()?.clone();
    let lease = cx.lease.clone();
    db.write(async move |tx| {
        look(tx, ticket_id).await?;
        lease.finish(tx).await
    })
    .await
}

/// Tells who is to do it, or else who asked, once for each time it is owed.
async fn look(tx: &mut Tx, id: TicketId) -> Result<(), JobError> {
    let now = tx.now();
    let Some(mut row) = store::by_id(tx, &Scope::All, id).await? else {
        return Ok(());
    };
    if !row.state.is_owed() || row.breach_told || !row.breached(now) {
        return Ok(());
    }
    let notice = Notice::to_person(
        "spaces.ticket.breached",
        row.assignee.unwrap_or(row.opened_by),
    )
    .with("ticket", id.to_string())
    .with("priority", row.priority.as_str())
    .once(format!("{id}:{}", row.due_at.as_micros()));
    tell(tx, notice).await?;
    let event = Event::new("spaces.ticket.changed").about(id);
    emit(tx, event.holders(TICKET_READ, Some(row.branch_id))).await?;
    row.breach_told = true;
    row.version += 1;
    row.updated_at = now;
    store::update(tx, &row).await?;
    Ok(())
}
