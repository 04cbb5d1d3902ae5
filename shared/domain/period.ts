/**
 * Days of the owner's zone: the periods that budgets and aggregates are cut into. The days tile the line of time and
 * never go backwards: a day lasts from the first instant of its midnight to the first instant of the next one, be that 23,
 * 24, 24.5 or 25 hours, or none at all for a day that the zone skipped.
 */
import { NovaError } from './error.ts';
import { assertTimezone, firstInstantFrom, localAt } from './zone.ts';

export { assertTimezone };

const DAY = 86_400_000;

/** `startMs` belongs to the day, `endMs` to the next. */
export type DayBounds = { readonly startMs: number; readonly endMs: number };

type CurrentDay = DayBounds & { readonly date: string };

/** The last day asked for, per zone: nearly every question is about the running day. */
const current = new Map<string, CurrentDay>();

/** The date ('YYYY-MM-DD') of the day in which `ms` lies. @throws NovaError bad_input for an unknown zone. */
export function dayOf(ms: number, timezone: string): string {
  const cached = current.get(timezone);
  if (cached && ms >= cached.startMs && ms < cached.endMs) return cached.date;
  const day = findDay(ms, timezone);
  current.set(timezone, day);
  return day.date;
}

function findDay(ms: number, timezone: string): CurrentDay {
  let midnight = Math.floor(localAt(ms, timezone) / DAY) * DAY;
  // A clock set back over midnight shows yesterday's date again: the new day has begun all the same.
  while (firstInstantFrom(midnight + DAY, timezone) <= ms) midnight += DAY;
  return {
    date: dateOf(midnight),
    startMs: firstInstantFrom(midnight, timezone),
    endMs: firstInstantFrom(midnight + DAY, timezone),
  };
}

const dateOf = (localMs: number): string => new Date(localMs).toISOString().slice(0, 10);

/**
 * When the day begins and ends; both are equal for a day that the zone skipped (Pacific/Apia 2011-12-30).
 * @throws NovaError bad_input for a date that no calendar has, or an unknown zone.
 */
export function dayBounds(date: string, timezone: string): DayBounds {
  const midnight = localMidnight(date);
  return {
    startMs: firstInstantFrom(midnight, timezone),
    endMs: firstInstantFrom(midnight + DAY, timezone),
  };
}

function localMidnight(date: string): number {
  const midnight = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(midnight) || dateOf(midnight) !== date)
    throw new NovaError('bad_input', `a date is written YYYY-MM-DD and must exist; got "${date}"`);
  return midnight;
}

/** `date` moved by whole days of the calendar. */
export function addDays(date: string, days: number): string {
  return dateOf(localMidnight(date) + days * DAY);
}

/** The hour on the wall, 0 to 23. */
export function hourOf(ms: number, timezone: string): number {
  return Math.floor((localAt(ms, timezone) % DAY) / 3_600_000 + 24) % 24;
}
