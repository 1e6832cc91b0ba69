//! What is free, read from one snapshot.

use std::collections::HashMap;

use gantry_db::Tx;
use gantry_kernel::{CivilDate, Scope, UnitId};

use super::days::{Busy, MAX_DAYS, Window, mark};
use super::store::{self, Held};
use super::{Availability, ClosedDates, Moment, Occupied, SeatDays, ShiftDays};
use crate::seating::claim::ClaimState;
use crate::seating::claim::flow::{Wanted, clock};
use crate::seating::closure::{self, Shut};
use crate::seating::error::BadDates;
use crate::seating::seat::{self, SeatId};
use crate::seating::shift::{self, Shift, ShiftId};
use crate::seating::time::{Dates, Pattern, Span, spans};
use crate::seating::zone::ZoneId;
use crate::seating::{Error, hall};

/// What is asked about a branch.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The dates.
    pub dates: Dates,
    /// One shift only.
    pub shift: Option<ShiftId>,
    /// One zone only.
    pub zone: Option<ZoneId>,
}

/// For each seat and shift that is offered, the dates that are free, held and taken.
///
/// Errors: [`BadDates::TooLong`].
pub async fn availability(
    tx: &mut Tx,
    scope: &Scope,
    branch: UnitId,
    asked: Question,
) -> Result<Availability, Error> {
    let Question { dates, shift, zone } = asked;
    if dates.count() > MAX_DAYS {
        return Err(Error::Dates(BadDates::TooLong(MAX_DAYS)));
    }
    hall(tx, scope, branch).await?;
    let shifts = shift::store::all(tx, branch).await?;
    let wanted = |one: &Shift| shift.map_or(one.active, |id| one.id == id);
    let shifts: Vec<Shift> = shifts.into_iter().filter(wanted).collect();
    let seats = store::seats(tx, branch, zone).await?;
    let claims = store::within(tx, branch, wider(dates)).await?;
    let shut = closure::store::within(tx, branch, dates).await?;
    let patterns: Vec<Pattern> = shifts.iter().map(Shift::pattern).collect();
    let closed = shut.iter().map(|shut| ClosedDates {
        zone_id: shut.zone_id,
        from: shut.from_date,
        until: shut.until_date,
    });
    Ok(Availability {
        from: dates.from(),
        until: dates.until(),
        shifts: shifts.iter().map(|shift| shift.id).collect(),
        closed: closed.collect(),
        seats: seat_days(dates, &patterns, &seats, &claims, &shut),
    })
}

/// The same from what was read, without a database.
pub fn seat_days(
    dates: Dates,
    patterns: &[Pattern],
    seats: &[(SeatId, ZoneId, bool)],
    claims: &[Held],
    shut: &[Shut],
) -> Vec<SeatDays> {
    let window = Window::new(dates);
    let places: HashMap<SeatId, usize> = (0..).zip(seats).map(|(at, seat)| (seat.0, at)).collect();
    let width = patterns.len();
    let mut busy = vec![Busy::default(); seats.len() * width];
    for claim in claims {
        let Some(at) = places.get(&claim.seat) else {
            continue;
        };
        if let Some(busy) = busy.get_mut(at * width..(at + 1) * width) {
            let held = claim.state == ClaimState::Held;
            mark(&window, patterns, busy, (claim.pattern, claim.dates), held);
        }
    }
    let offered: Vec<u128> = patterns
        .iter()
        .map(|pattern| window.on(pattern.days) & window.all())
        .collect();
    let mut rows = busy.chunks(width.max(1));
    seats
        .iter()
        .map(|(seat_id, zone, in_service)| {
            let closed = shut
                .iter()
                .filter(|shut| shut.concerns(*zone))
                .fold(0, |all, shut| all | window.of(&days_of(shut)));
            let busy = rows.next().unwrap_or_default();
            let shifts = offered.iter().zip(busy).map(|(offered, busy)| {
                let (taken, held) = (busy.taken & offered, busy.held & offered & !busy.taken);
                let blocked = taken | held;
                let open = if *in_service { offered & !closed } else { 0 };
                ShiftDays {
                    free: window.ranges(open, blocked),
                    held: window.ranges(held, offered & !held),
                    taken: window.ranges(taken, offered & !taken),
                }
            });
            SeatDays {
                seat_id: *seat_id,
                in_service: *in_service,
                shifts: shifts.collect(),
            }
        })
        .collect()
}

fn days_of(shut: &Shut) -> std::ops::Range<i32> {
    shut.from_date.days_since_epoch()..shut.until_date.days_since_epoch()
}

/// With the day before, whose night shifts reach into the first, and the day after, into which the last's do.
fn wider(dates: Dates) -> Dates {
    let near = |day: CivilDate, by: i32| {
        CivilDate::from_days_since_epoch(day.days_since_epoch() + by).unwrap_or(day)
    };
    Dates::new(near(dates.from(), -1), near(dates.until(), 1)).unwrap_or(dates)
}

/// Who has which seat at this moment; `claims` and `students` say whether these may be shown.
pub async fn moment(
    tx: &mut Tx,
    scope: &Scope,
    branch: UnitId,
    claims: bool,
    students: bool,
) -> Result<Moment, Error> {
    let hall = hall(tx, scope, branch).await?;
    let now = clock(&hall, tx);
    let today = now.date.days_since_epoch();
    let tomorrow = CivilDate::from_days_since_epoch(today + 1);
    let yesterday = CivilDate::from_days_since_epoch(today - 1);
    let dates = yesterday.zip(tomorrow).and_then(|(a, b)| Dates::new(a, b));
    let mut occupied = Vec::new();
    if let Some(dates) = dates {
        for sitting in store::sitting(tx, branch, dates).await? {
            let Held { pattern, dates, .. } = sitting.held;
            let begun = pattern.at(now.minute).map(|before| today + before);
            if begun.is_some_and(|day| dates.days().contains(&day) && pattern.days.has(day)) {
                occupied.push(Occupied {
                    seat_id: sitting.held.seat,
                    shift_id: sitting.shift,
                    state: sitting.held.state,
                    end_minute: pattern.end(),
                    claim_id: claims.then_some(sitting.id),
                    student_id: sitting.student.filter(|_| claims && students),
                });
            }
        }
    }
    Ok(Moment {
        date: now.date,
        minute: now.minute,
        occupied,
    })
}

/// Up to five seats that could be had instead of the one wanted, in its zone, by label.
pub async fn nearby(tx: &mut Tx, branch: UnitId, wanted: Wanted) -> Result<Vec<SeatId>, Error> {
    const ENOUGH: usize = 5;
    let seat = seat::store::by_id(tx, &Scope::All, wanted.seat).await?;
    let shift = shift::store::by_id(tx, &Scope::All, wanted.shift).await?;
    let (Some(seat), Some(shift)) = (seat, shift) else {
        return Ok(Vec::new());
    };
    let free = free_seats(tx, branch, seat.zone_id, &[shift.pattern()], wanted.dates).await?;
    Ok(free.into_iter().take(ENOUGH).collect())
}

/// The seats of a zone that are free in all these shifts on all these dates, by label.
pub async fn free_seats(
    tx: &mut Tx,
    branch: UnitId,
    zone: ZoneId,
    patterns: &[Pattern],
    dates: Dates,
) -> Result<Vec<SeatId>, Error> {
    let boxes: Vec<Span> = patterns
        .iter()
        .flat_map(|pattern| spans(*pattern, dates))
        .collect();
    let mut seats = store::seats(tx, branch, Some(zone)).await?;
    seats.retain(|(_, _, in_service)| *in_service);
    for claim in store::within(tx, branch, wider(dates)).await? {
        let meets = |mine: &Span| boxes.iter().any(|other| other.meets(mine));
        if spans(claim.pattern, claim.dates).iter().any(meets) {
            seats.retain(|(id, _, _)| *id != claim.seat);
        }
    }
    Ok(seats.into_iter().map(|(id, _, _)| id).collect())
}
