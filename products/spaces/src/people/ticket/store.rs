//! The tables `tickets` and `ticket_comments`. A ticket in a branch beyond the scope is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{IdentityId, Scope, Timestamp, UnitId};
use serde::Serialize;

use super::{Comment, Priority, Row, State, TicketId};
use crate::student::StudentId;

/// Which tickets a list holds.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Filter {
    pub(super) branch: Option<UnitId>,
    pub(super) state: Option<State>,
    pub(super) priority: Option<Priority>,
    pub(super) assignee: Option<IdentityId>,
}

pub(super) async fn by_id(
    tx: &mut Tx,
    scope: &Scope,
    id: TicketId,
) -> Result<Option<Row>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, student_id, subject, body, priority, state, assignee, due_at, resolved_at,
                    breach_told, opened_by, version, created_at, updated_at
             from tickets where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// What is owed first comes first.
pub(super) async fn page(
    tx: &mut Tx,
    scope: &Scope,
    filter: &Filter,
    after: Option<(Timestamp, TicketId)>,
    limit: i64,
) -> Result<Vec<Row>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, student_id, subject, body, priority, state, assignee, due_at, resolved_at,
                    breach_told, opened_by, version, created_at, updated_at
             from tickets
             where ($1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id = $2)
               and (cast($3 as text) is null or state = $3)
               and (cast($4 as text) is null or priority = $4)
               and (cast($5 as text) is null or assignee = $5)
               and (cast($6 as bigint) is null or (due_at, id) > ($6, $7))
             order by due_at, id
             limit $8"
        ),
        &args![
            scope.unit_filter(),
            filter.branch,
            filter.state,
            filter.priority,
            filter.assignee,
            after.map(|(at, _)| at),
            after.map(|(_, id)| id),
            limit,
        ],
    )
    .await
}

pub(super) async fn insert(tx: &mut Tx, row: &Row) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into tickets (id, branch_id, student_id, subject, body, priority, state, assignee, due_at,
                                  resolved_at, breach_told, opened_by, version, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        ),
        &args![
            row.id,
            row.branch_id,
            row.student_id,
            row.subject,
            row.body,
            row.priority,
            row.state,
            row.assignee,
            row.due_at,
            row.resolved_at,
            row.breach_told,
            row.opened_by,
            row.version,
            row.created_at,
            row.updated_at,
        ],
    )
    .await
    .map(drop)
}

/// Writes what may change, over the version before; whether that was still the stored one.
pub(super) async fn update(tx: &mut Tx, row: &Row) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            sql!(
                "update tickets set subject = $3, body = $4, priority = $5, state = $6, assignee = $7, due_at = $8,
                                    resolved_at = $9, breach_told = $10, version = $2, updated_at = $11
                 where id = $1 and version = $2 - 1"
            ),
            &args![
                row.id,
                row.version,
                row.subject,
                row.body,
                row.priority,
                row.state,
                row.assignee,
                row.due_at,
                row.resolved_at,
                row.breach_told,
                row.updated_at,
            ],
        )
        .await?;
    Ok(changed > 0)
}

pub(super) async fn comments(tx: &mut Tx, id: TicketId) -> Result<Vec<Comment>, DbError> {
    tx.all(
        sql!(
            "select id, author, text, created_at from ticket_comments where ticket_id = $1 order by created_at, id"
        ),
        &args![id],
    )
    .await
}

pub(super) async fn count_comments(tx: &mut Tx, id: TicketId) -> Result<i64, DbError> {
    tx.one(
        sql!("select count(*) from ticket_comments where ticket_id = $1"),
        &args![id],
    )
    .await
}

pub(super) async fn comment(tx: &mut Tx, id: TicketId, comment: &Comment) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into ticket_comments (id, ticket_id, author, text, created_at) values ($1, $2, $3, $4, $5)"
        ),
        &args![
            comment.id,
            id,
            comment.author,
            comment.text,
            comment.created_at
        ],
    )
    .await
    .map(drop)
}

/// A student goes; what was asked for them stays, about nobody.
pub(crate) async fn forget_student(tx: &mut Tx, student: StudentId) -> Result<(), DbError> {
    tx.execute(
        sql!("update tickets set student_id = null where student_id = $1"),
        &args![student],
    )
    .await
    .map(drop)
}
