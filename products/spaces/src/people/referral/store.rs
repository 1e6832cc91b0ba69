//! The table `referrals`. One of a branch beyond the scope is not there.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Scope, Timestamp, UnitId};

use super::{ReferralId, Row, State};
use crate::people::lead::LeadId;
use crate::student::StudentId;

pub(super) async fn insert(tx: &mut Tx, row: &Row) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into referrals (id, lead_id, branch_id, referrer_id, amount, currency, state, created_by,
                                    created_at, earned_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        ),
        &args![
            row.id,
            row.lead_id,
            row.branch_id,
            row.referrer_id,
            row.amount,
            row.currency,
            row.state,
            row.created_by,
            row.created_at,
            row.earned_at,
        ],
    )
    .await
    .map(drop)
}

pub(super) async fn by_id(
    tx: &mut Tx,
    scope: &Scope,
    id: ReferralId,
) -> Result<Option<Row>, DbError> {
    tx.opt(
        sql!(
            "select id, lead_id, branch_id, referrer_id, amount, currency, state, created_by, created_at, earned_at
             from referrals where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// Newest first.
pub(super) async fn page(
    tx: &mut Tx,
    scope: &Scope,
    (branch, state): (Option<UnitId>, Option<State>),
    before: Option<(Timestamp, ReferralId)>,
    limit: i64,
) -> Result<Vec<Row>, DbError> {
    tx.all(
        sql!(
            "select id, lead_id, branch_id, referrer_id, amount, currency, state, created_by, created_at, earned_at
             from referrals
             where ($1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id = $2)
               and (cast($3 as text) is null or state = $3)
               and (cast($4 as bigint) is null or (created_at, id) < ($4, $5))
             order by created_at desc, id desc
             limit $6"
        ),
        &args![
            scope.unit_filter(),
            branch,
            state,
            before.map(|(at, _)| at),
            before.map(|(_, id)| id),
            limit,
        ],
    )
    .await
}

/// The pending one of this lead is earned from now on.
pub(super) async fn earn(tx: &mut Tx, lead: LeadId) -> Result<Option<Row>, DbError> {
    let now = tx.now();
    tx.opt(
        sql!(
            "update referrals set state = 'earned', earned_at = $2 where lead_id = $1 and state = 'pending'
             returning id, lead_id, branch_id, referrer_id, amount, currency, state, created_by, created_at, earned_at"
        ),
        &args![lead, now],
    )
    .await
}

pub(super) async fn delete(tx: &mut Tx, id: ReferralId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from referrals where id = $1 and state = 'pending'"),
        &args![id],
    )
    .await
    .map(drop)
}

/// A student goes; that somebody brought a lead stays.
pub(crate) async fn forget_student(tx: &mut Tx, student: StudentId) -> Result<(), DbError> {
    tx.execute(
        sql!("update referrals set referrer_id = null where referrer_id = $1"),
        &args![student],
    )
    .await
    .map(drop)
}
