//! What somebody asks a hall for: by whom it is done, by when it is owed, and whether that was kept.

pub mod api;
mod flow;
pub mod job;
pub(crate) mod routes;
mod store;

pub(crate) use store::forget_student;

use std::time::Duration;

use gantry_db::from_row;
use gantry_kernel::{IdentityId, Text, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::student::{StudentId, stored_words};

define_id! {
    /// Something asked for.
    pub struct TicketId;
}

define_id! {
    /// A comment on a ticket.
    pub struct CommentId;
}

/// What a ticket is about, on one line.
pub type Subject = Text<1, 160>;
/// What is asked for, or said about it.
pub type Words = Text<1, 2000>;

/// The most comments of one ticket.
pub const MOST_COMMENTS: i64 = 200;

stored_words! {
    /// How much it matters, which says by when it is owed.
    Priority {
        /// Owed within 2 hours.
        Critical = "critical",
        /// Owed within 8 hours.
        High = "high",
        /// Owed within 24 hours.
        Medium = "medium",
        /// Owed within 72 hours.
        Low = "low",
    }
}

impl Priority {
    /// How long a hall has.
    pub const fn owed_within(self) -> Duration {
        match self {
            Self::Critical => Duration::from_hours(2),
            Self::High => Duration::from_hours(8),
            Self::Medium => Duration::from_hours(24),
            Self::Low => Duration::from_hours(72),
        }
    }
}

stored_words! {
    #[schemars(rename = "TicketState")]
    /// How far a ticket has come.
    State {
        /// Nobody is done with it.
        Open = "open",
        /// Something from outside is waited for; it stays owed.
        Waiting = "waiting",
        /// Done; it can be opened again.
        Resolved = "resolved",
        /// Over for good.
        Closed = "closed",
    }
}

impl State {
    /// Whether it still is to be done.
    pub const fn is_owed(self) -> bool {
        matches!(self, Self::Open | Self::Waiting)
    }
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ticket {
    /// Identifier.
    pub id: TicketId,
    /// The branch it is asked of.
    pub branch_id: UnitId,
    /// The student it is about.
    pub student_id: Option<StudentId>,
    /// What it is about.
    pub subject: Subject,
    /// More words.
    pub body: Option<Words>,
    /// How much it matters.
    pub priority: Priority,
    /// How far it has come.
    pub state: State,
    /// Who is to do it.
    pub assignee: Option<IdentityId>,
    /// By when it is owed.
    pub due_at: Timestamp,
    /// When it was done.
    pub resolved_at: Option<Timestamp>,
    /// Whether it was not done in time, or is not done and the time is over.
    pub breached: bool,
    /// Who entered it.
    pub opened_by: IdentityId,
    /// Counts changes; the `ETag` of the single ticket.
    pub version: i64,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TicketComment")]
pub struct Comment {
    /// Identifier.
    pub id: CommentId,
    /// Who said it.
    pub author: IdentityId,
    /// What.
    pub text: Words,
    /// When.
    pub created_at: Timestamp,
}

from_row!(Comment {
    id,
    author,
    text,
    created_at,
});

/// The row of a ticket.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: TicketId,
    pub(crate) branch_id: UnitId,
    pub(crate) student_id: Option<StudentId>,
    pub(crate) subject: Subject,
    pub(crate) body: Option<Words>,
    pub(crate) priority: Priority,
    pub(crate) state: State,
    pub(crate) assignee: Option<IdentityId>,
    pub(crate) due_at: Timestamp,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) breach_told: bool,
    pub(crate) opened_by: IdentityId,
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

from_row!(Row {
    id,
    branch_id,
    student_id,
    subject,
    body,
    priority,
    state,
    assignee,
    due_at,
    resolved_at,
    breach_told,
    opened_by,
    version,
    created_at,
    updated_at,
});

impl Row {
    /// Whether the promise was broken, as of `now`.
    pub(crate) fn breached(&self, now: Timestamp) -> bool {
        self.resolved_at.unwrap_or(now) >= self.due_at
    }

    /// As it is shown at `now`.
    pub(crate) fn seen(self, now: Timestamp) -> Ticket {
        Ticket {
            breached: self.breached(now),
            id: self.id,
            branch_id: self.branch_id,
            student_id: self.student_id,
            subject: self.subject,
            body: self.body,
            priority: self.priority,
            state: self.state,
            assignee: self.assignee,
            due_at: self.due_at,
            resolved_at: self.resolved_at,
            opened_by: self.opened_by,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
