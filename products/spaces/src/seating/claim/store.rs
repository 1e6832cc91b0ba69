//! The tables `seat_claims` and `seat_claim_spans`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, Scope, Timestamp, UnitId};
use serde::Serialize;

use super::{Claim, ClaimId, ClaimState, MembershipId};
use crate::seating::Error;
use crate::seating::seat::{SeatId, SeatStatus};
use crate::seating::shift::ShiftId;
use crate::seating::time::{Dates, Pattern, spans};
use crate::seating::zone::ZoneId;
use crate::student::StudentId;

/// The name under which both engines refuse a box that meets another of its seat.
const FREE: &str = "seat_claim_spans_free";

/// A seat that nobody else can claim until this transaction ends.
#[derive(Debug, Clone, Copy)]
pub struct Locked {
    /// The seat.
    pub id: SeatId,
    /// Its branch.
    pub branch_id: UnitId,
    /// Its zone.
    pub zone_id: ZoneId,
    /// Its place on the line of all seats.
    pub lane: i64,
    /// Whether it can be used.
    pub status: SeatStatus,
}

gantry_db::from_row!(Locked {
    id,
    branch_id,
    zone_id,
    lane,
    status,
});

/// Makes others who want the seat wait for this transaction. The boxes would be kept apart without; but two that insert at
/// once would wait for each other, and PostgreSQL takes a second to notice.
pub async fn lock_seat(tx: &mut Tx, id: SeatId) -> Result<Option<Locked>, DbError> {
    tx.opt(
        sql! {
            sqlite: "select id, branch_id, zone_id, lane, status from seats where id = $1",
            postgres: "select id, branch_id, zone_id, lane, status from seats where id = $1 for no key update"
        },
        &args![id],
    )
    .await
}

/// What is to be claimed.
#[derive(Debug, Clone, Copy)]
pub struct NewClaim {
    /// The seat.
    pub seat: Locked,
    /// The shift.
    pub shift: ShiftId,
    /// When that is.
    pub pattern: Pattern,
    /// The dates.
    pub dates: Dates,
    /// Whose it is.
    pub student: Option<StudentId>,
    /// The membership it is part of.
    pub membership: Option<MembershipId>,
    /// When it ends if it is a hold.
    pub expires_at: Option<Timestamp>,
}

/// Claims a seat.
///
/// Errors: [`Error::SeatTaken`].
pub async fn insert(tx: &mut Tx, claim: &NewClaim) -> Result<Claim, Error> {
    let (id, now): (ClaimId, _) = (tx.kernel().id(), tx.now());
    let state = match claim.expires_at {
        Some(_) => ClaimState::Held,
        None => ClaimState::Taken,
    };
    let stored = tx
        .one(
            sql!(
                "insert into seat_claims (id, branch_id, seat_id, shift_id, student_id, membership_id,
                                          state, from_date, until_date, start, minutes, days,
                                          expires_at, version, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14, $14)
                 returning id, branch_id, seat_id, shift_id, student_id, membership_id, state,
                           from_date, until_date, start, minutes, days, expires_at, created_at,
                           updated_at"
            ),
            &args![
                id,
                claim.seat.branch_id,
                claim.seat.id,
                claim.shift,
                claim.student,
                claim.membership,
                state,
                claim.dates.from(),
                claim.dates.until(),
                claim.pattern.start,
                claim.pattern.minutes,
                i32::from(claim.pattern.days.bits()),
                claim.expires_at,
                now,
            ],
        )
        .await?;
    insert_spans(tx, id, claim.seat.lane, claim.pattern, claim.dates).await?;
    Ok(stored)
}

async fn insert_spans(
    tx: &mut Tx,
    id: ClaimId,
    lane: i64,
    pattern: Pattern,
    dates: Dates,
) -> Result<(), Error> {
    for (part, span) in (0_i64..).zip(spans(pattern, dates)) {
        let inserted = tx
            .execute(
                sql!(
                    "insert into seat_claim_spans (claim_id, part, lane, from_date, until_date,
                                                   from_minute, until_minute, from_weekday,
                                                   until_weekday)
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
                ),
                &args![
                    id,
                    part,
                    lane,
                    day(span.from_day)?,
                    day(span.until_day)?,
                    span.from_minute,
                    span.until_minute,
                    span.from_weekday,
                    span.until_weekday,
                ],
            )
            .await;
        inserted.map_err(taken)?;
    }
    Ok(())
}

fn day(day: i32) -> Result<CivilDate, DbError> {
    CivilDate::from_days_since_epoch(day)
        .ok_or_else(|| DbError::Other("a date beyond the calendar".to_owned()))
}

fn taken(error: DbError) -> Error {
    match error {
        DbError::Check { constraint } if constraint == FREE => Error::SeatTaken,
        other => other.into(),
    }
}

/// Changes the dates of a claim whose seat is locked.
///
/// Errors: [`Error::SeatTaken`].
pub async fn set_dates(tx: &mut Tx, claim: &Claim, lane: i64, dates: Dates) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(
        sql!("delete from seat_claim_spans where claim_id = $1"),
        &args![claim.id],
    )
    .await?;
    tx.execute(
        sql!(
            "update seat_claims set from_date = $2, until_date = $3, version = version + 1,
                                    updated_at = $4
             where id = $1"
        ),
        &args![claim.id, dates.from(), dates.until(), now],
    )
    .await?;
    insert_spans(tx, claim.id, lane, claim.pattern(), dates).await
}

/// Gives a hold that has not expired to a student; `None` when it has, or is none.
pub async fn confirm(
    tx: &mut Tx,
    id: ClaimId,
    student: StudentId,
    membership: Option<MembershipId>,
) -> Result<Option<Claim>, DbError> {
    let now = tx.now();
    tx.opt(
        sql!(
            "update seat_claims set state = 'taken', expires_at = null, student_id = $2,
                                    membership_id = $3, version = version + 1, updated_at = $4
             where id = $1 and state = 'held' and expires_at > $4
             returning id, branch_id, seat_id, shift_id, student_id, membership_id, state, from_date,
                       until_date, start, minutes, days, expires_at, created_at, updated_at"
        ),
        &args![id, student, membership, now],
    )
    .await
}

/// Takes a claim back altogether.
pub async fn delete(tx: &mut Tx, id: ClaimId) -> Result<bool, DbError> {
    tx.execute(
        sql!("delete from seat_claim_spans where claim_id = $1"),
        &args![id],
    )
    .await?;
    let removed = tx
        .execute(sql!("delete from seat_claims where id = $1"), &args![id])
        .await?;
    Ok(removed > 0)
}

/// One claim within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: ClaimId) -> Result<Option<Claim>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, seat_id, shift_id, student_id, membership_id, state, from_date,
                    until_date, start, minutes, days, expires_at, created_at, updated_at
             from seat_claims where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// The claims of a membership, from the earliest.
pub async fn of_membership(tx: &mut Tx, id: MembershipId) -> Result<Vec<Claim>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, seat_id, shift_id, student_id, membership_id, state, from_date,
                    until_date, start, minutes, days, expires_at, created_at, updated_at
             from seat_claims where membership_id = $1 order by from_date, id"
        ),
        &args![id],
    )
    .await
}

/// The holds that have expired, of one seat if one is named; at most `limit`.
pub async fn expired(tx: &mut Tx, seat: Option<SeatId>, limit: i64) -> Result<Vec<Claim>, DbError> {
    let now = tx.now();
    tx.all(
        sql!(
            "select id, branch_id, seat_id, shift_id, student_id, membership_id, state, from_date,
                    until_date, start, minutes, days, expires_at, created_at, updated_at
             from seat_claims
             where expires_at <= $1 and (cast($2 as text) is null or seat_id = $2)
             order by expires_at limit $3"
        ),
        &args![now, seat, limit],
    )
    .await
}

/// When the next hold expires.
pub async fn next_expiry(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    let (at,): (Option<Timestamp>,) = tx
        .one(
            sql!("select min(expires_at) from seat_claims where expires_at is not null"),
            &args![],
        )
        .await?;
    Ok(at)
}

/// Which claims of a branch a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// Of one seat.
    pub seat: Option<SeatId>,
    /// In one shift.
    pub shift: Option<ShiftId>,
    /// Of one student.
    pub student: Option<StudentId>,
    /// Of one state.
    pub state: Option<ClaimState>,
    /// That hold this date.
    pub on: Option<CivilDate>,
}

/// Claims of a branch, newest first, from before `before`.
pub async fn page(
    tx: &mut Tx,
    branch: UnitId,
    filter: &Filter,
    before: Option<ClaimId>,
    limit: i64,
) -> Result<Vec<Claim>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, seat_id, shift_id, student_id, membership_id, state, from_date,
                    until_date, start, minutes, days, expires_at, created_at, updated_at
             from seat_claims
             where branch_id = $1
               and (cast($2 as text) is null or seat_id = $2)
               and (cast($3 as text) is null or shift_id = $3)
               and (cast($4 as text) is null or student_id = $4)
               and (cast($5 as text) is null or state = $5)
               and (cast($6 as date) is null or (from_date <= $6 and until_date > $6))
               and (cast($7 as text) is null or id < $7)
             order by id desc limit $8"
        ),
        &args![
            branch,
            filter.seat,
            filter.shift,
            filter.student,
            filter.state,
            filter.on,
            before,
            limit,
        ],
    )
    .await
}
