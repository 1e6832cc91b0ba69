//! The acts on a ticket, in the caller's transaction.

use gantry_audit::{Facts, Target};
use gantry_db::Tx;
use gantry_jobs::enqueue;
use gantry_kernel::{IdentityId, UnitId};

use super::api::UpdateTicket;
use super::{Comment, MOST_COMMENTS, Priority, Row, State, Subject, Ticket, TicketId, Words};
use super::{job, store};
use crate::branch;
use crate::people::error::Error;
use crate::people::permission::TICKET_READ;
use crate::people::record::{Act, record};
use crate::student::flow::By;
use crate::student::{self, StudentId};

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub(super) branch_id: UnitId,
    pub(super) student_id: Option<StudentId>,
    pub(super) subject: Subject,
    pub(super) body: Option<Words>,
    pub(super) priority: Priority,
    pub(super) assignee: Option<IdentityId>,
}

pub(super) async fn open(
    tx: &mut Tx,
    by: &By,
    person: IdentityId,
    new: &New,
) -> Result<Ticket, Error> {
    let branch = branch::store::by_id(tx, &by.scope, new.branch_id).await?;
    branch.ok_or(Error::BranchUnknown)?;
    if let Some(id) = new.student_id {
        let student = student::store::by_id(tx, &by.scope, id).await?;
        student.ok_or(Error::StudentUnknown)?;
    }
    let now = tx.now();
    let row = Row {
        id: tx.kernel().id(),
        branch_id: new.branch_id,
        student_id: new.student_id,
        subject: new.subject.clone(),
        body: new.body.clone(),
        priority: new.priority,
        state: State::Open,
        assignee: new.assignee,
        due_at: now + new.priority.owed_within(),
        resolved_at: None,
        breach_told: false,
        opened_by: person,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::insert(tx, &row).await?;
    enqueue(tx, job::due(&row)).await?;
    told(tx, by, "spaces.ticket.opened", &row).await?;
    Ok(row.seen(now))
}

/// Changes a ticket over the version the caller saw. By when it is owed follows from its priority and from when it was opened.
pub(super) async fn update(
    tx: &mut Tx,
    by: &By,
    id: TicketId,
    version: i64,
    change: &UpdateTicket,
) -> Result<Ticket, Error> {
    let mut row = find(tx, by, id).await?;
    if row.version != version {
        return Err(Error::Stale);
    }
    if row.state == State::Closed {
        return Err(Error::TicketClosed);
    }
    let now = tx.now();
    if let Some(subject) = &change.subject {
        row.subject = subject.clone();
    }
    if let Some(body) = &change.body {
        row.body.clone_from(body);
    }
    if let Some(assignee) = change.assignee {
        row.assignee = assignee;
    }
    if let Some(priority) = change.priority {
        row.priority = priority;
        row.due_at = row.created_at + priority.owed_within();
        // A later time is a new promise, of which may be told again.
        row.breach_told &= row.due_at <= now;
        enqueue(tx, job::due(&row)).await?;
    }
    if let Some(state) = change.state {
        row.resolved_at = match (state.is_owed(), row.resolved_at) {
            (true, _) => None,
            (false, Some(at)) => Some(at),
            (false, None) => Some(now),
        };
        if state.is_owed() && !row.state.is_owed() {
            enqueue(tx, job::due(&row)).await?;
        }
        row.state = state;
    }
    row.version += 1;
    row.updated_at = now;
    if !store::update(tx, &row).await? {
        return Err(Error::Stale);
    }
    told(tx, by, "spaces.ticket.changed", &row).await?;
    Ok(row.seen(now))
}

/// Says something about a ticket, also about one that is over.
pub(super) async fn comment(
    tx: &mut Tx,
    by: &By,
    person: IdentityId,
    id: TicketId,
    text: &Words,
) -> Result<Comment, Error> {
    let row = find(tx, by, id).await?;
    if store::count_comments(tx, id).await? >= MOST_COMMENTS {
        return Err(Error::TooMany(MOST_COMMENTS));
    }
    let comment = Comment {
        id: tx.kernel().id(),
        author: person,
        text: text.clone(),
        created_at: tx.now(),
    };
    store::comment(tx, id, &comment).await?;
    told(tx, by, "spaces.ticket.commented", &row).await?;
    Ok(comment)
}

pub(super) async fn find(tx: &mut Tx, by: &By, id: TicketId) -> Result<Row, Error> {
    let row = store::by_id(tx, &by.scope, id).await?;
    row.ok_or(Error::NotFound)
}

async fn told(tx: &mut Tx, by: &By, action: &'static str, row: &Row) -> Result<(), Error> {
    let facts = Facts::new()
        .with("priority", row.priority.as_str())
        .with("state", row.state.as_str())
        .with("assignee", row.assignee)
        .with("due_at", row.due_at)
        .with("version", row.version);
    let act = Act {
        action,
        event: "spaces.ticket.changed",
        target: Target::new("ticket", row.id),
        subject: row.id.to_string(),
        readers: TICKET_READ,
        branch: Some(row.branch_id),
    };
    Ok(record(tx, by, act, facts).await?)
}
