//! The table `leads`. A lead in a branch beyond the scope is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, Scope, Timestamp, UnitId};
use serde::Serialize;

use super::{Lead, LeadId, Source, Stage};
use crate::phone::Phone;
use crate::student::StudentId;

/// Which leads a list holds.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Filter {
    pub(super) branch: Option<UnitId>,
    pub(super) stage: Option<Stage>,
    pub(super) source: Option<Source>,
    pub(super) follow_up_to: Option<CivilDate>,
}

pub(crate) async fn by_id(tx: &mut Tx, scope: &Scope, id: LeadId) -> Result<Option<Lead>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, name, phone, email, source, stage, follow_up_on, notes, student_id, version,
                    created_by, created_at, updated_at
             from leads where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// Newest first.
pub(super) async fn page(
    tx: &mut Tx,
    scope: &Scope,
    filter: &Filter,
    before: Option<(Timestamp, LeadId)>,
    limit: i64,
) -> Result<Vec<Lead>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, name, phone, email, source, stage, follow_up_on, notes, student_id, version,
                    created_by, created_at, updated_at
             from leads
             where ($1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id = $2)
               and (cast($3 as text) is null or stage = $3)
               and (cast($4 as text) is null or source = $4)
               and (cast($5 as date) is null or follow_up_on <= $5)
               and (cast($6 as bigint) is null or (created_at, id) < ($6, $7))
             order by created_at desc, id desc
             limit $8"
        ),
        &args![
            scope.unit_filter(),
            filter.branch,
            filter.stage,
            filter.source,
            filter.follow_up_to,
            before.map(|(at, _)| at),
            before.map(|(_, id)| id),
            limit,
        ],
    )
    .await
}

pub(super) async fn insert(tx: &mut Tx, lead: &Lead) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into leads (id, branch_id, name, phone, email, source, stage, follow_up_on, notes, student_id,
                                version, created_by, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        ),
        &args![
            lead.id,
            lead.branch_id,
            lead.name,
            lead.phone,
            lead.email,
            lead.source,
            lead.stage,
            lead.follow_up_on,
            lead.notes,
            lead.student_id,
            lead.version,
            lead.created_by,
            lead.created_at,
            lead.updated_at,
        ],
    )
    .await
    .map(drop)
}

/// Writes a lead over the version before; whether that was still the stored one.
pub(super) async fn update(tx: &mut Tx, lead: &Lead) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            sql!(
                "update leads set name = $3, phone = $4, email = $5, source = $6, stage = $7, follow_up_on = $8,
                                  notes = $9, student_id = $10, version = $2, updated_at = $11
                 where id = $1 and version = $2 - 1"
            ),
            &args![
                lead.id,
                lead.version,
                lead.name,
                lead.phone,
                lead.email,
                lead.source,
                lead.stage,
                lead.follow_up_on,
                lead.notes,
                lead.student_id,
                lead.updated_at,
            ],
        )
        .await?;
    Ok(changed > 0)
}

pub(super) async fn students_with(
    tx: &mut Tx,
    scope: &Scope,
    phone: &Phone,
) -> Result<Vec<StudentId>, DbError> {
    tx.all::<(StudentId,)>(
        sql!(
            "select id from students
             where phone = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')
             order by created_at, id limit 10"
        ),
        &args![phone, scope.unit_filter()],
    )
    .await
    .map(|rows| rows.into_iter().map(|(id,)| id).collect())
}

pub(super) async fn others_with(
    tx: &mut Tx,
    scope: &Scope,
    lead: &Lead,
) -> Result<Vec<LeadId>, DbError> {
    tx.all::<(LeadId,)>(
        sql!(
            "select id from leads
             where phone = $1 and id <> $3 and ($2 = '*' or $2 like '%' || branch_id || '%')
             order by created_at, id limit 10"
        ),
        &args![lead.phone, scope.unit_filter(), lead.id],
    )
    .await
    .map(|rows| rows.into_iter().map(|(id,)| id).collect())
}

/// A student goes; that a lead was won stays.
pub(crate) async fn forget_student(tx: &mut Tx, student: StudentId) -> Result<(), DbError> {
    tx.execute(
        sql!("update leads set student_id = null where student_id = $1"),
        &args![student],
    )
    .await
    .map(drop)
}
