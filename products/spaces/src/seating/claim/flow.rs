//! Holding, giving and taking back seats, in the caller's transaction.

use std::time::Duration;

use gantry_audit::{Entry, Facts, Target, append};
use gantry_db::Tx;
use gantry_events::{Event, emit};
use gantry_kernel::{Scope, UnitId};

use super::rules::{Now, check};
use super::store::{self, Locked, NewClaim};
use super::{Claim, ClaimId};
use crate::branch::Branch;
use crate::seating::permission::SEAT_READ;
use crate::seating::policy::{self, Policy};
use crate::seating::seat::{SeatId, SeatStatus};
use crate::seating::shift::{self, Shift, ShiftId};
use crate::seating::time::Dates;
use crate::seating::{Error, closure, open_hall};
use crate::student::flow::By;
use crate::student::{self, StudentId};

/// A seat in a shift on some dates.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The seat.
    pub seat: SeatId,
    /// The shift.
    pub shift: ShiftId,
    /// The dates.
    pub dates: Dates,
    /// For whom, if that is known.
    pub student: Option<StudentId>,
}

/// Holds a seat for as long as the rules of the branch say.
///
/// Errors: [`Error::SeatTaken`], and those of a branch, seat, shift or dates that cannot be used.
pub async fn hold(tx: &mut Tx, by: &By, branch: UnitId, wanted: Wanted) -> Result<Claim, Error> {
    let hall = open_hall(tx, &by.scope, branch).await?;
    let shift = offered_shift(tx, &by.scope, branch, wanted.shift).await?;
    let Policy { rules, .. } = policy::store::current(tx, branch).await?;
    if let Some(student) = wanted.student {
        student_of(tx, &by.scope, branch, student).await?;
    }
    let seat = usable_seat(tx, by, branch, wanted.seat).await?;
    let shut = closure::store::within(tx, branch, wanted.dates).await?;
    let now = clock(&hall, tx);
    check(
        &rules,
        shift.pattern(),
        wanted.dates,
        &shut,
        seat.zone_id,
        now,
    )
    .map_err(Error::Dates)?;
    let minutes = u64::try_from(rules.hold_minutes.get()).unwrap_or(1);
    let expires_at = tx.now() + Duration::from_secs(minutes * 60);
    let claim = NewClaim {
        seat,
        shift: shift.id,
        pattern: shift.pattern(),
        dates: wanted.dates,
        student: wanted.student,
        membership: None,
        expires_at: Some(expires_at),
    };
    let claim = store::insert(tx, &claim).await?;
    tx.note_due(expires_at);
    note(tx, by, "spaces.seat.held", &claim).await?;
    Ok(claim)
}

/// Gives a held seat to a student.
///
/// Errors: [`Error::HoldExpired`], [`Error::NotAHold`], [`Error::StudentUnknown`].
pub async fn confirm(
    tx: &mut Tx,
    by: &By,
    id: ClaimId,
    student: StudentId,
) -> Result<Claim, Error> {
    let claim = store::by_id(tx, &by.scope, id).await?;
    let claim = claim.ok_or(Error::NotFound)?;
    student_of(tx, &by.scope, claim.branch_id, student).await?;
    let expires_at = claim.expires_at.ok_or(Error::NotAHold)?;
    if expires_at <= tx.now() {
        return Err(Error::HoldExpired);
    }
    let claim = store::confirm(tx, id, student, None).await?;
    let claim = claim.ok_or(Error::HoldExpired)?;
    note(tx, by, "spaces.seat.given", &claim).await?;
    Ok(claim)
}

/// Takes a seat back that is held, or given without a membership.
///
/// Errors: [`Error::OfMembership`].
pub async fn release(tx: &mut Tx, by: &By, id: ClaimId) -> Result<(), Error> {
    let claim = store::by_id(tx, &by.scope, id).await?;
    let claim = claim.ok_or(Error::NotFound)?;
    if claim.membership_id.is_some() {
        return Err(Error::OfMembership);
    }
    store::delete(tx, id).await?;
    note(tx, by, "spaces.seat.released", &claim).await
}

/// Removes holds that have expired, at most `limit`; how many there were.
pub async fn expire(
    tx: &mut Tx,
    by: &By,
    seat: Option<SeatId>,
    limit: i64,
) -> Result<usize, Error> {
    let expired = store::expired(tx, seat, limit).await?;
    for claim in &expired {
        store::delete(tx, claim.id).await?;
        note(tx, by, "spaces.seat.hold_expired", claim).await?;
    }
    Ok(expired.len())
}

/// A seat of the branch that can be claimed, locked, and without holds that have expired.
pub async fn usable_seat(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    id: SeatId,
) -> Result<Locked, Error> {
    /// More than one seat has in a lifetime, as each takes the place of the next.
    const ALL: i64 = 1_000;
    let seat = store::lock_seat(tx, id).await?;
    let seat = seat.filter(|seat| seat.branch_id == branch);
    let seat = seat.ok_or(Error::SeatUnknown)?;
    if seat.status == SeatStatus::OutOfService {
        return Err(Error::SeatOutOfService);
    }
    expire(tx, by, Some(id), ALL).await?;
    Ok(seat)
}

/// A shift of the branch that is offered.
pub async fn offered_shift(
    tx: &mut Tx,
    scope: &Scope,
    branch: UnitId,
    id: ShiftId,
) -> Result<Shift, Error> {
    let shift = shift::store::by_id(tx, scope, id).await?;
    let shift = shift.filter(|shift| shift.branch_id == branch);
    let shift = shift.ok_or(Error::ShiftUnknown)?;
    if shift.active {
        Ok(shift)
    } else {
        Err(Error::ShiftInactive)
    }
}

/// Makes sure that the student belongs to the branch.
pub async fn student_of(
    tx: &mut Tx,
    scope: &Scope,
    branch: UnitId,
    id: StudentId,
) -> Result<(), Error> {
    match student::store::by_id(tx, scope, id).await? {
        Some(student) if student.branch_id == branch => Ok(()),
        _ => Err(Error::StudentUnknown),
    }
}

/// What the clock of a branch shows.
pub fn clock(hall: &Branch, tx: &Tx) -> Now {
    let (date, minute) = hall.time_zone.local_at(tx.now());
    Now { date, minute }
}

/// Leaves the audit row and the event of a claim. Whoever watches seats hears of the seat, not of the claim.
pub async fn note(tx: &mut Tx, by: &By, action: &'static str, claim: &Claim) -> Result<(), Error> {
    let facts = Facts::new()
        .with("branch_id", claim.branch_id)
        .with("seat_id", claim.seat_id.to_string())
        .with("shift_id", claim.shift_id.to_string())
        .with("from", claim.from)
        .with("until", claim.until);
    let entry = Entry::new(by.actor, action, Target::new("seat_claim", claim.id))
        .origin(&by.origin)
        .after(facts);
    append(tx, entry).await?;
    let event = Event::new("spaces.seat.occupied").about(claim.seat_id);
    emit(tx, event.holders(SEAT_READ, Some(claim.branch_id))).await?;
    Ok(())
}
