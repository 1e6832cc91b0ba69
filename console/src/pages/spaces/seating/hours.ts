/** Shifts in words: minutes of a local day, and weekdays. */
import type { Shift } from '@gantry/client';
import type { T } from '@/i18n';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export type Weekday = (typeof weekdays)[number];

const DAY = 1_440;

/** `06:30` of 390. The end of a day is written as its last moment is called: 24:00. */
export function clockOf(minute: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** 390 of `06:30`, as a field of a form has it; null of anything else. */
export function minuteOf(clock: string): number | null {
  const found = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(clock.trim());
  if (!found) return null;
  const minute = Number(found[1]) * 60 + Number(found[2]);
  return minute <= DAY ? minute : null;
}

/** Midnight ends a day; as the field of a form it is 00:00, which also begins one. */
export const endMinuteOf = (clock: string): number | null => {
  const minute = minuteOf(clock);
  return minute === 0 ? DAY : minute;
};

type Hours = Pick<Shift, 'start_minute' | 'end_minute'>;

/** Whether it ends on the day after. */
export const overnight = ({ start_minute, end_minute }: Hours): boolean => end_minute <= start_minute;

/** How long it is, in minutes. */
export const lengthOf = (hours: Hours): number =>
  hours.end_minute - hours.start_minute + (overnight(hours) ? DAY : 0);

export function hoursOf(hours: Hours, t: T): string {
  if (lengthOf(hours) === DAY) return t('All day');
  const { start_minute, end_minute } = hours;
  const end = clockOf(end_minute === DAY ? 0 : end_minute);
  const words = `${clockOf(start_minute)}–${end}`;
  return overnight(hours) ? t('{hours} of the next day', { hours: words }) : words;
}

export function weekdayNames(language: string): Record<Weekday, string> {
  // 2024 began on a Monday.
  const name = (at: number) =>
    new Date(Date.UTC(2024, 0, 1 + at)).toLocaleDateString(language, { weekday: 'short', timeZone: 'UTC' });
  return Object.fromEntries(weekdays.map((day, at) => [day, name(at)])) as Record<Weekday, string>;
}

/** `Mon–Fri`, or the days one by one. */
export function daysOf(days: readonly string[], language: string, t: T): string {
  const at = weekdays.flatMap((day, index) => (days.includes(day) ? [index] : []));
  if (at.length === weekdays.length) return t('Every day');
  const names = weekdayNames(language);
  const name = (index: number | undefined) => names[weekdays[index ?? 0] ?? 'mon'];
  const first = at[0] ?? 0;
  const inRow = at.length > 2 && at.every((index, place) => index === first + place);
  return inRow ? `${name(first)}–${name(at.at(-1))}` : at.map(name).join(', ');
}

/** Today in a time zone, as a civil date. */
export const todayIn = (zone: string, now: Date = new Date()): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(now);

/** A civil date so many days later. */
export function later(date: string, days: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}
