//! Tickets over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, Created, CreatedVersion, Json, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    Versioned,
};
use gantry_kernel::{IdentityId, Problem, Timestamp, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flow::{self, New};
use super::store::{self, Filter};
use super::{Comment, Priority, State, Subject, Ticket, TicketId, Words};
use crate::patch;
use crate::people::People;
use crate::people::error::Error;
use crate::student::StudentId;
use crate::student::api::by;

/// A new ticket.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenTicket {
    /// The branch it is asked of.
    pub branch_id: UnitId,
    /// The student it is about.
    #[serde(default)]
    pub student_id: Option<StudentId>,
    /// What it is about.
    pub subject: Subject,
    /// More words.
    #[serde(default)]
    pub body: Option<Words>,
    /// Medium when absent.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Who is to do it.
    #[serde(default)]
    pub assignee: Option<IdentityId>,
}

/// Changes of a ticket: what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateTicket {
    /// What it is about.
    pub subject: Option<Subject>,
    /// More words.
    #[serde(deserialize_with = "patch::given")]
    pub body: Option<Option<Words>>,
    /// How much it matters; by when it is owed follows from it.
    pub priority: Option<Priority>,
    /// How far it has come.
    pub state: Option<State>,
    /// Who is to do it.
    #[serde(deserialize_with = "patch::given")]
    pub assignee: Option<Option<IdentityId>>,
}

/// Which tickets; what is owed first comes first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListTickets {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only this state.
    #[serde(default)]
    pub state: Option<State>,
    /// Only this priority.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Only those of this person.
    #[serde(default)]
    pub assignee: Option<IdentityId>,
    /// Paging.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// A new comment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddComment {
    /// What is said.
    pub text: Words,
}

/// All comments of a ticket.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Comments {
    /// Oldest first.
    pub items: Vec<Comment>,
}

/// `GET /tickets`
pub async fn list(
    _: Arc<People>,
    cx: TenantCx,
    Query(query): Query<ListTickets>,
) -> Result<Page<Ticket>, Problem> {
    if query.page.order_by.is_some() {
        return Err(Error::UnknownOrder.into());
    }
    let filter = Filter {
        branch: query.branch,
        state: query.state,
        priority: query.priority,
        assignee: query.assignee,
    };
    let after: Option<(Timestamp, TicketId)> = cx.cursor(&query.page, &filter)?;
    let (scope, limit, wanted) = (cx.scope.clone(), query.page.limit(), filter.clone());
    let rows = cx
        .db
        .read(async move |tx| Ok::<_, Error>(store::page(tx, &scope, &wanted, after, limit).await?))
        .await?;
    let now = cx.now();
    let tickets = rows.into_iter().map(|row| row.seen(now)).collect();
    cx.page(&query.page, &filter, tickets, |ticket: &Ticket| {
        (ticket.due_at, ticket.id)
    })
}

/// `POST /tickets`
pub async fn open(
    _: Arc<People>,
    cx: TenantCx,
    Body(input): Body<OpenTicket>,
) -> Result<CreatedVersion<Ticket>, Problem> {
    let (by, person) = (by(&cx), cx.principal.identity);
    let new = New {
        branch_id: input.branch_id,
        student_id: input.student_id,
        subject: input.subject,
        body: input.body,
        priority: input.priority.unwrap_or(Priority::Medium),
        assignee: input.assignee,
    };
    let ticket = cx
        .write_once(async move |tx| flow::open(tx, &by, person, &new).await)
        .await?;
    Ok(CreatedVersion {
        location: format!("{}/{}", cx.request().path(), ticket.id),
        version: ticket.version,
        body: ticket,
    })
}

/// `GET /tickets/{ticket}`
pub async fn get(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<TicketId>,
) -> Result<Versioned<Ticket>, Error> {
    let by = by(&cx);
    let row = cx
        .db
        .read(async move |tx| flow::find(tx, &by, id).await)
        .await?;
    Ok(Versioned {
        version: row.version,
        body: row.seen(cx.now()),
    })
}

/// `PATCH /tickets/{ticket}`
pub async fn update(
    _: Arc<People>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<TicketId>, Body<UpdateTicket>),
) -> Result<Versioned<Ticket>, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    let ticket = cx
        .db
        .write(async move |tx| flow::update(tx, &by, id, version, &input).await)
        .await?;
    Ok(Versioned {
        version: ticket.version,
        body: ticket,
    })
}

/// `GET /tickets/{ticket}/comments`
pub async fn comments(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<TicketId>,
) -> Result<Json<Comments>, Error> {
    let by = by(&cx);
    let items = cx
        .db
        .read(async move |tx| {
            flow::find(tx, &by, id).await?;
            Ok::<_, Error>(store::comments(tx, id).await?)
        })
        .await?;
    Ok(Json(Comments { items }))
}

/// `POST /tickets/{ticket}/comments`
pub async fn comment(
    _: Arc<People>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<TicketId>, Body<AddComment>),
) -> Result<Created<Comment>, Problem> {
    let (by, person) = (by(&cx), cx.principal.identity);
    let comment = cx
        .write_once(async move |tx| flow::comment(tx, &by, person, id, &input.text).await)
        .await?;
    Ok(Created::at(String::new(), comment))
}
