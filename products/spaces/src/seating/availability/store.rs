//! Claims as availability reads them: no more of each than it needs.

use gantry_db::{DbError, FromRow, Row, Tx, args, sql};
use gantry_kernel::UnitId;

use crate::seating::claim::{ClaimId, ClaimState};
use crate::seating::seat::SeatId;
use crate::seating::shift::{ShiftId, pattern_of};
use crate::seating::time::{Dates, Pattern};
use crate::seating::zone::ZoneId;
use crate::student::StudentId;

/// A claim that is not over.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// The seat.
    pub seat: SeatId,
    /// How firm it is.
    pub state: ClaimState,
    /// When its shift is.
    pub pattern: Pattern,
    /// Its dates.
    pub dates: Dates,
}

fn dates_of(row: &Row<'_>) -> Result<Dates, DbError> {
    let dates = Dates::new(row.get("from_date")?, row.get("until_date")?);
    dates.ok_or_else(|| DbError::Decode {
        column: "until_date".to_owned(),
        detail: "not after from_date".to_owned(),
    })
}

impl FromRow for Held {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            seat: row.get("seat_id")?,
            state: row.get("state")?,
            pattern: pattern_of(row)?,
            dates: dates_of(row)?,
        })
    }
}

/// The claims of a branch on these dates; holds that have expired are none.
pub async fn within(tx: &mut Tx, branch: UnitId, dates: Dates) -> Result<Vec<Held>, DbError> {
    let now = tx.now();
    tx.all(
        sql!(
            "select seat_id, state, from_date, until_date, start, minutes, days from seat_claims
             where branch_id = $1 and until_date > $2 and from_date < $3
               and (expires_at is null or expires_at > $4)"
        ),
        &args![branch, dates.from(), dates.until(), now],
    )
    .await
}

/// A claim with whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Sitting {
    /// The claim.
    pub id: ClaimId,
    /// The shift.
    pub shift: ShiftId,
    /// Whose it is.
    pub student: Option<StudentId>,
    /// The rest.
    pub held: Held,
}

impl FromRow for Sitting {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            shift: row.get("shift_id")?,
            student: row.get("student_id")?,
            held: Held::from_row(row)?,
        })
    }
}

/// The claims of a branch on these dates, with whose they are.
pub async fn sitting(tx: &mut Tx, branch: UnitId, dates: Dates) -> Result<Vec<Sitting>, DbError> {
    let now = tx.now();
    tx.all(
        sql!(
            "select id, shift_id, student_id, seat_id, state, from_date, until_date, start, minutes,
                    days
             from seat_claims
             where branch_id = $1 and until_date > $2 and from_date < $3
               and (expires_at is null or expires_at > $4)"
        ),
        &args![branch, dates.from(), dates.until(), now],
    )
    .await
}

/// The seats of a branch as availability shows them, by label: id, zone, and whether each can be used.
pub async fn seats(
    tx: &mut Tx,
    branch: UnitId,
    zone: Option<ZoneId>,
) -> Result<Vec<(SeatId, ZoneId, bool)>, DbError> {
    tx.all(
        sql!(
            "select id, zone_id, status = 'in_service' from seats
             where branch_id = $1 and (cast($2 as text) is null or zone_id = $2)
             order by label_folded"
        ),
        &args![branch, zone],
    )
    .await
}
