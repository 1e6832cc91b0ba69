import type { Availability, Drawing, Moment, Seat } from '@gantry/client';
import { describe, expect, test } from 'vitest';
import { fill } from '@/i18n';
import {
  changed,
  drawn,
  EMPTY,
  freePlace,
  neighbour,
  opened,
  redone,
  SEAT,
  undone,
  type Item,
} from '@/pages/spaces/seating/drawing';
import {
  clockOf,
  daysOf,
  endMinuteOf,
  hoursOf,
  later,
  lengthOf,
  minuteOf,
  todayIn,
} from '@/pages/spaces/seating/hours';
import { labels, MOST } from '@/pages/spaces/seating/labels';
import { atMoment, onDates, tally } from '@/pages/spaces/seating/state';

const shift = (start_minute: number, end_minute: number) => ({ start_minute, end_minute });

describe('hours', () => {
  test('a shift that ends no later than it begins ends on the next day', () => {
    expect(hoursOf(shift(360, 720), fill)).toBe('06:00–12:00');
    expect(hoursOf(shift(1320, 360), fill)).toBe('22:00–06:00 of the next day');
    expect(lengthOf(shift(1320, 360))).toBe(480);
    expect(hoursOf(shift(1080, 1440), fill)).toBe('18:00–00:00');
  });

  test('a whole day is called so, wherever it begins', () => {
    expect(hoursOf(shift(0, 1440), fill)).toBe('All day');
    expect(hoursOf(shift(360, 360), fill)).toBe('All day');
  });

  test('what is typed is a minute of the day or nothing', () => {
    expect([minuteOf('06:30'), minuteOf('6:30'), minuteOf('24:00')]).toEqual([390, 390, 1440]);
    expect([minuteOf('24:01'), minuteOf('06:60'), minuteOf('six'), minuteOf('')]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect([endMinuteOf('00:00'), endMinuteOf('06:00')]).toEqual([1440, 360]);
    for (let minute = 0; minute <= 1440; minute += 1) expect(minuteOf(clockOf(minute))).toBe(minute);
  });

  test('weekdays in a row are a range, others are told one by one', () => {
    expect(daysOf(['mon', 'tue', 'wed', 'thu', 'fri'], 'en', fill)).toBe('Mon–Fri');
    expect(daysOf(['sun', 'mon', 'wed'], 'en', fill)).toBe('Mon, Wed, Sun');
    expect(daysOf(['sat', 'sun'], 'en', fill)).toBe('Sat, Sun');
    expect(daysOf(['sun', 'sat', 'fri', 'thu', 'wed', 'tue', 'mon'], 'en', fill)).toBe('Every day');
  });

  test('dates are of the branch, and go over ends of months', () => {
    const late = new Date('2026-03-31T20:00:00Z');
    expect([todayIn('Asia/Kolkata', late), todayIn('America/New_York', late)]).toEqual([
      '2026-04-01',
      '2026-03-31',
    ]);
    expect([later('2028-02-28', 1), later('2026-12-31', 1), later('2026-03-01', -1)]).toEqual([
      '2028-02-29',
      '2027-01-01',
      '2026-02-28',
    ]);
  });
});

test('labels have as many digits as the last of them, and nothing comes of a row that ends before it begins', () => {
  expect(labels('A-', 9, 11)).toEqual(['A-09', 'A-10', 'A-11']);
  expect(labels('', 1, 1)).toEqual(['1']);
  expect([labels('A', 5, 4), labels('A', -1, 3), labels('A', 0.5, 3), labels('A', Number.NaN, 3)]).toEqual([
    [],
    [],
    [],
    [],
  ]);
  expect(labels('A', 1, 100_000)).toHaveLength(MOST + 1);
});

const seats = (...ids: string[]) => ids.map((id) => ({ id, zone_id: id.startsWith('q') ? 'quiet' : 'hall' }));

describe('drawing', () => {
  const seat = (id: string): Item => ({ kind: 'seat', id });
  const overlaps = ({ seats: placed }: Drawing): boolean =>
    placed.some((one, at) =>
      placed.slice(at + 1).some((two) => Math.abs(one.x - two.x) < SEAT && Math.abs(one.y - two.y) < SEAT),
    );

  test('all seats are placed once, none on another, each zone in rows of its own', () => {
    const many = seats(...Array.from({ length: 60 }, (_, at) => `${at % 2 === 0 ? 'h' : 'q'}${String(at)}`));
    const all = changed(EMPTY, { do: 'arrange', seats: many });
    expect(all.seats).toHaveLength(60);
    expect(overlaps(all)).toBe(false);
    const rows = (zone: string) =>
      new Set(all.seats.filter((one) => one.seat_id.startsWith(zone)).map(({ y }) => y));
    expect([...rows('h')].filter((y) => rows('q').has(y))).toEqual([]);
    for (const { x, y } of all.seats) {
      expect(x + SEAT).toBeLessThanOrEqual(all.width);
      expect(y + SEAT).toBeLessThanOrEqual(all.height);
    }
    expect(changed(all, { do: 'arrange', seats: many })).toBe(all);
    expect(changed(all, { do: 'place', seat: 'h0' })).toBe(all);
  });

  test('what is placed by itself touches nothing that is there', () => {
    let hall = changed(EMPTY, { do: 'add', shape: 'block' });
    for (const id of ['a', 'b', 'c', 'd']) hall = changed(hall, { do: 'place', seat: id });
    expect(overlaps(hall)).toBe(false);
    const { x, y } = freePlace(hall, SEAT, SEAT);
    expect(hall.seats.some((one) => one.x === x && one.y === y)).toBe(false);
  });

  test('nothing leaves the map on the left or above, and the map grows to the right and below', () => {
    const hall = changed(EMPTY, { do: 'place', seat: 'a' });
    const corner = changed(hall, { do: 'move', item: seat('a'), x: -7, y: -1 });
    expect(corner.seats[0]).toMatchObject({ x: 0, y: 0 });
    const far = changed(hall, { do: 'move', item: seat('a'), x: 120, y: 90 });
    expect([far.width >= 124, far.height >= 94]).toEqual([true, true]);
    const shrunk = changed(far, { do: 'frame', width: 10, height: 10 });
    expect([shrunk.width >= 124, shrunk.height >= 94]).toEqual([true, true]);
  });

  test('a shape turns by its sides, a seat by a quarter, and four quarters are none', () => {
    let hall = changed(changed(EMPTY, { do: 'add', shape: 'wall' }), { do: 'place', seat: 'a' });
    const wall: Item = { kind: 'shape', at: 0 };
    expect(changed(hall, { do: 'turn', item: wall }).shapes[0]).toMatchObject({ width: 1, height: 24 });
    for (let quarter = 0; quarter < 4; quarter += 1) hall = changed(hall, { do: 'turn', item: seat('a') });
    expect(hall.seats[0]?.turned).toBe(0);
    expect(changed(hall, { do: 'resize', item: wall, width: 0, height: -3 }).shapes[0]).toMatchObject({
      width: 1,
      height: 1,
    });
  });

  test('each change can be taken back and made again; of one movement only the whole', () => {
    let history = opened(EMPTY);
    history = drawn(history, { do: 'place', seat: 'a' });
    const placed = history.now;
    history = drawn(history, { do: 'move', item: seat('a'), x: 10, y: 10 });
    history = drawn(history, { do: 'move', item: seat('a'), x: 12, y: 10 }, true);
    history = drawn(history, { do: 'move', item: seat('a'), x: 20, y: 10 }, true);
    expect(undone(history).now).toEqual(placed);
    expect(redone(undone(history)).now.seats[0]).toMatchObject({ x: 20, y: 10 });
    expect(undone(undone(history)).now).toEqual(EMPTY);
    expect(undone(opened(EMPTY))).toEqual(opened(EMPTY));
    const still = drawn(history, { do: 'move', item: seat('a'), x: 20, y: 10 });
    expect(still).toBe(history);
    const other = drawn(undone(history), { do: 'remove', item: seat('a') });
    expect([other.after, other.now.seats]).toEqual([[], []]);
  });

  test('arrow keys go to the seat ahead, not to one that is near but aside', () => {
    const placed = [
      { seat_id: 'here', x: 10, y: 10 },
      { seat_id: 'right', x: 30, y: 10 },
      { seat_id: 'aside', x: 14, y: 24 },
      { seat_id: 'above', x: 10, y: 2 },
    ];
    expect(neighbour(placed, 'here', [1, 0])).toBe('right');
    expect(neighbour(placed, 'here', [0, -1])).toBe('above');
    expect(neighbour(placed, 'here', [0, 1])).toBe('aside');
    expect(neighbour(placed, 'above', [0, -1])).toBeNull();
    expect(neighbour(placed, 'gone', [1, 0])).toBe('here');
  });
});

describe('how a seat is', () => {
  const one = { id: 'a', zone_id: 'hall', status: 'in_service' } as Seat;
  const broken = { ...one, status: 'out_of_service' } as Seat;
  const moment = (...occupied: Partial<Moment['occupied'][number]>[]) =>
    ({ date: '2026-01-05', minute: 600, occupied }) as Moment;

  test('at this moment: who has it comes before who holds it, and both before being out of service', () => {
    expect(atMoment(moment(), one)).toEqual({ look: 'free' });
    expect(atMoment(moment({ seat_id: 'b', state: 'taken' }), one)).toEqual({ look: 'free' });
    expect(atMoment(moment({ seat_id: 'a', state: 'held' }), one)).toEqual({ look: 'held' });
    const both = moment({ seat_id: 'a', state: 'held' }, { seat_id: 'a', state: 'taken' });
    expect(atMoment(both, one)).toEqual({ look: 'taken' });
    expect(atMoment(moment(), broken)).toEqual({ look: 'off', off: 'service' });
    expect(atMoment(moment({ seat_id: 'a', state: 'taken' }), broken)).toEqual({ look: 'taken' });
  });

  const range = (from: string, until: string) => ({ from: `2026-01-${from}`, until: `2026-01-${until}` });
  const found = (
    days: Partial<Availability['seats'][number]['shifts'][number]>,
    closed: Availability['closed'] = [],
  ) =>
    ({
      ...range('01', '31'),
      shifts: ['other', 'day'],
      closed,
      seats: [{ seat_id: 'a', in_service: true, shifts: [{ free: [] }, { free: [], ...days }] }],
    }) as Availability;

  test('on dates: free only if it is free on each of them', () => {
    const half = found({ free: [range('01', '10')], taken: [range('10', '31')] });
    expect(onDates(half, 'day', one, range('02', '10'))).toEqual({ look: 'free' });
    expect(onDates(half, 'day', one, range('02', '11'))).toEqual({ look: 'taken' });
    expect(onDates(half, 'other', one, range('02', '03'))).toEqual({ look: 'off', off: 'closed' });
    const held = found({ free: [range('01', '10')], held: [range('10', '12')] });
    expect(onDates(held, 'day', one, range('09', '11'))).toEqual({ look: 'held' });
  });

  test('closed on all of them is closed, in its zone or everywhere; out of service says so', () => {
    const free = { free: [range('01', '31')] };
    const day = range('05', '06');
    const shut = (zone_id: string | null) => found(free, [{ zone_id, ...range('05', '07') }]);
    expect(onDates(shut(null), 'day', one, day)).toEqual({ look: 'off', off: 'closed' });
    expect(onDates(shut('hall'), 'day', one, day)).toEqual({ look: 'off', off: 'closed' });
    expect(onDates(shut('quiet'), 'day', one, day)).toEqual({ look: 'free' });
    expect(onDates(shut(null), 'day', one, range('04', '07'))).toEqual({ look: 'free' });
    expect(onDates(found({}), 'day', broken, day)).toEqual({ look: 'off', off: 'service' });
  });

  test('seats are counted by how they are', () => {
    expect(tally([{ look: 'free' }, { look: 'off', off: 'closed' }, { look: 'free' }])).toEqual({
      free: 2,
      held: 0,
      taken: 0,
      off: 1,
    });
  });
});
