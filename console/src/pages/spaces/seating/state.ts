/** How seats are, at this moment or on some dates: from what the API says to what a map shows. Pure. */
import type { Availability, Moment, Seat } from '@gantry/client';
import type { Look } from './floor';

export interface Seated {
  look: Exclude<Look, 'plain'>;
  /** Why a seat that nobody has cannot be had. */
  off?: 'service' | 'closed';
}

export const atMoment = (moment: Moment, seat: Seat): Seated => {
  const here = moment.occupied.filter(({ seat_id }) => seat_id === seat.id);
  if (here.some(({ state }) => state === 'taken')) return { look: 'taken' };
  if (here.length > 0) return { look: 'held' };
  return seat.status === 'out_of_service' ? { look: 'off', off: 'service' } : { look: 'free' };
};

interface Range {
  from: string;
  until: string;
}

const meet = (one: Range, other: Range): boolean => one.from < other.until && other.from < one.until;
const covers = (one: Range, other: Range): boolean => one.from <= other.from && one.until >= other.until;

/** Of one shift: a seat is free if it can be had on all of the dates. */
export function onDates(found: Availability, shift: string, seat: Seat, dates: Range): Seated {
  const place = found.shifts.indexOf(shift);
  const days = found.seats.find(({ seat_id }) => seat_id === seat.id)?.shifts[place];
  const closed = found.closed.some(
    (one) => (one.zone_id === null || one.zone_id === seat.zone_id) && covers(one, dates),
  );
  if (days?.free.some((range) => covers(range, dates)) === true) {
    return closed ? { look: 'off', off: 'closed' } : { look: 'free' };
  }
  if (days?.taken?.some((range) => meet(range, dates)) === true) return { look: 'taken' };
  if (days?.held?.some((range) => meet(range, dates)) === true) return { look: 'held' };
  return { look: 'off', off: seat.status === 'out_of_service' ? 'service' : 'closed' };
}

/** How many seats are how. */
export function tally(states: Iterable<Seated>): Record<Seated['look'], number> {
  const counts = { free: 0, held: 0, taken: 0, off: 0 };
  for (const { look } of states) counts[look] += 1;
  return counts;
}
