/**
 * The plan of a hall while it is drawn: pure, so that what a press does is tested without a browser. Lengths are steps of the plan's grid; a seat is a
 * square of `SEAT` steps and its place is that square's upper left corner.
 */
import type { Drawing, Seat } from '@gantry/client';

export type Placed = Drawing['seats'][number];
export type Shape = Drawing['shapes'][number];
export type ShapeKind = Shape['kind'];

export const SEAT = 4;
/** What is moved with the pointer comes to rest on every second line. */
const SNAP = 2;
const MOST = 10_000;
/** Steps back that are kept. */
const KEPT = 100;
export const EMPTY: Drawing = { width: 80, height: 48, seats: [], shapes: [] };

export type Item = { kind: 'seat'; id: string } | { kind: 'shape'; at: number };

export const same = (one: Item | null, other: Item | null): boolean =>
  one?.kind === 'seat' && other?.kind === 'seat'
    ? one.id === other.id
    : one?.kind === 'shape' && other?.kind === 'shape' && one.at === other.at;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const between = (value: number, most: number): number => Math.max(0, Math.min(most, Math.round(value)));
export const snap = (value: number): number => Math.round(value / SNAP) * SNAP;

export function boxOf(drawing: Drawing, item: Item): Box | null {
  if (item.kind === 'shape') return drawing.shapes[item.at] ?? null;
  const seat = drawing.seats.find(({ seat_id }) => seat_id === item.id);
  return seat ? { x: seat.x, y: seat.y, width: SEAT, height: SEAT } : null;
}

/** How large a new shape is. */
const sizes: Record<ShapeKind, readonly [width: number, height: number]> = {
  wall: [24, 1],
  door: [6, 1],
  window: [8, 1],
  block: [6, 6],
  label: [16, 3],
};

const meet = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

/** The first place, row by row, where a box of this size touches nothing. */
export function freePlace(drawing: Drawing, width: number, height: number): { x: number; y: number } {
  const taken: Box[] = [
    ...drawing.seats.map(({ x, y }) => ({ x, y, width: SEAT, height: SEAT })),
    ...drawing.shapes,
  ];
  for (let y = SNAP; y + height <= MOST; y += SNAP) {
    for (let x = SNAP; x + width <= drawing.width; x += SNAP) {
      const box = { x: x - 1, y: y - 1, width: width + 2, height: height + 2 };
      if (!taken.some((one) => meet(box, one))) return { x, y };
    }
    if (drawing.width < width + SNAP) break;
  }
  return { x: SNAP, y: SNAP };
}

/** Large enough for everything in it, with a margin. */
function grown(drawing: Drawing): Drawing {
  let { width, height } = drawing;
  for (const { x, y } of drawing.seats) {
    width = Math.max(width, x + SEAT + SNAP);
    height = Math.max(height, y + SEAT + SNAP);
  }
  for (const shape of drawing.shapes) {
    width = Math.max(width, shape.x + shape.width);
    height = Math.max(height, shape.y + shape.height);
  }
  return { ...drawing, width: between(width, MOST), height: between(height, MOST) };
}

export type Change =
  | { do: 'place'; seat: string; x?: number; y?: number }
  | { do: 'arrange'; seats: readonly Pick<Seat, 'id' | 'zone_id'>[] }
  | { do: 'add'; shape: ShapeKind; text?: string }
  | { do: 'move'; item: Item; x: number; y: number }
  | { do: 'resize'; item: Item; width: number; height: number }
  | { do: 'turn'; item: Item }
  | { do: 'word'; item: Item; text: string }
  | { do: 'remove'; item: Item }
  | { do: 'frame'; width: number; height: number };

const withSeat = (drawing: Drawing, id: string, change: (seat: Placed) => Placed): Drawing => ({
  ...drawing,
  seats: drawing.seats.map((seat) => (seat.seat_id === id ? change(seat) : seat)),
});

const withShape = (drawing: Drawing, at: number, change: (shape: Shape) => Shape): Drawing => ({
  ...drawing,
  shapes: drawing.shapes.map((shape, place) => (place === at ? change(shape) : shape)),
});

export function changed(drawing: Drawing, change: Change): Drawing {
  switch (change.do) {
    case 'place': {
      if (drawing.seats.some(({ seat_id }) => seat_id === change.seat)) return drawing;
      const free = freePlace(drawing, SEAT, SEAT);
      const { x = free.x, y = free.y } = change;
      const seat = { seat_id: change.seat, x: between(x, MOST), y: between(y, MOST), turned: 0 };
      return grown({ ...drawing, seats: [...drawing.seats, seat] });
    }
    case 'arrange':
      return arranged(drawing, change.seats);
    case 'add': {
      const [width, height] = sizes[change.shape];
      const shape: Shape = {
        kind: change.shape,
        ...freePlace(drawing, width, height),
        width,
        height,
        text: change.text ?? null,
      };
      return grown({ ...drawing, shapes: [...drawing.shapes, shape] });
    }
    case 'move': {
      const place = { x: between(change.x, MOST), y: between(change.y, MOST) };
      const { item } = change;
      const moved =
        item.kind === 'seat'
          ? withSeat(drawing, item.id, (seat) => ({ ...seat, ...place }))
          : withShape(drawing, item.at, (shape) => ({ ...shape, ...place }));
      return grown(moved);
    }
    case 'resize': {
      const { item } = change;
      if (item.kind === 'seat') return drawing;
      const size = {
        width: Math.max(1, between(change.width, MOST)),
        height: Math.max(1, between(change.height, MOST)),
      };
      return grown(withShape(drawing, item.at, (shape) => ({ ...shape, ...size })));
    }
    case 'turn': {
      const { item } = change;
      if (item.kind === 'seat') {
        return withSeat(drawing, item.id, (seat) => ({ ...seat, turned: (seat.turned + 90) % 360 }));
      }
      return grown(
        withShape(drawing, item.at, (shape) => ({ ...shape, width: shape.height, height: shape.width })),
      );
    }
    case 'word': {
      const { item, text } = change;
      if (item.kind === 'seat') return drawing;
      return withShape(drawing, item.at, (shape) => ({ ...shape, text: text.trim() === '' ? null : text }));
    }
    case 'remove': {
      const { item } = change;
      return item.kind === 'seat'
        ? { ...drawing, seats: drawing.seats.filter(({ seat_id }) => seat_id !== item.id) }
        : { ...drawing, shapes: drawing.shapes.filter((_, at) => at !== item.at) };
    }
    case 'frame':
      return grown({ ...drawing, width: between(change.width, MOST), height: between(change.height, MOST) });
  }
}

/** Seats without a place, in rows, each zone beginning a row of its own below everything that is drawn. */
function arranged(drawing: Drawing, seats: readonly Pick<Seat, 'id' | 'zone_id'>[]): Drawing {
  const placed = new Set(drawing.seats.map(({ seat_id }) => seat_id));
  const missing = seats.filter(({ id }) => !placed.has(id));
  if (missing.length === 0) return drawing;
  const gap = SEAT + SNAP;
  const bottoms = [
    ...drawing.seats.map(({ y }) => y + SEAT),
    ...drawing.shapes.map(({ y, height }) => y + height),
  ];
  let y = bottoms.length === 0 ? SNAP : Math.max(...bottoms) + SNAP;
  const found: Placed[] = [];
  for (const zone of new Set(missing.map(({ zone_id }) => zone_id))) {
    let x = SNAP;
    for (const { id } of missing.filter(({ zone_id }) => zone_id === zone)) {
      if (x + SEAT > drawing.width) {
        x = SNAP;
        y += gap;
      }
      found.push({ seat_id: id, x, y, turned: 0 });
      x += gap;
    }
    y += gap + SNAP;
  }
  return grown({ ...drawing, seats: [...drawing.seats, ...found] });
}

/** A drawing with the way back and forth. */
export interface History {
  now: Drawing;
  before: readonly Drawing[];
  after: readonly Drawing[];
}

export const opened = (drawing: Drawing): History => ({ now: drawing, before: [], after: [] });

/** `going`: one movement of many small ones, of which only the first can be taken back. */
export function drawn(history: History, change: Change, going = false): History {
  const now = changed(history.now, change);
  if (JSON.stringify(now) === JSON.stringify(history.now)) return history;
  const before = going ? history.before : [...history.before, history.now].slice(-KEPT);
  return { now, before, after: [] };
}

export function undone({ now, before, after }: History): History {
  const last = before.at(-1);
  return last ? { now: last, before: before.slice(0, -1), after: [now, ...after] } : { now, before, after };
}

export function redone({ now, before, after }: History): History {
  const [next, ...rest] = after;
  return next ? { now: next, before: [...before, now], after: rest } : { now, before, after };
}

/** The seat that lies next in a direction, for arrow keys. What lies straight ahead comes before what is near but aside. */
export function neighbour(
  seats: readonly Pick<Placed, 'seat_id' | 'x' | 'y'>[],
  from: string,
  [dx, dy]: readonly [number, number],
): string | null {
  const here = seats.find(({ seat_id }) => seat_id === from);
  if (!here) return seats[0]?.seat_id ?? null;
  let best: { id: string; cost: number } | null = null;
  for (const { seat_id, x, y } of seats) {
    const ahead = (x - here.x) * dx + (y - here.y) * dy;
    const aside = Math.abs((x - here.x) * dy) + Math.abs((y - here.y) * dx);
    if (ahead <= 0) continue;
    const cost = ahead + aside * 3;
    if (best === null || cost < best.cost) best = { id: seat_id, cost };
  }
  return best?.id ?? null;
}
