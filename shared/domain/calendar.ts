/**
 * The periods of limits: hours, days, weeks, months and a lifetime in the owner's zone. A period follows from a date or
 * an hour alone, so whoever knows the hour of a claim knows all its periods. A changed zone begins at its first midnight
 * after the running day, which lasts until then: never two allowances.
 */
import { addDays, dayBounds, dayOf } from './period.ts';
import { firstInstantFrom, localAt } from './zone.ts';

export const PERS = ['hour', 'day', 'week', 'month', 'lifetime'] as const;
export type Per = (typeof PERS)[number];

const HOUR = 3_600_000;
/** The longest that a process may not know of a changed zone, twice over. */
const NOTICE_MS = 300_000;

/** `date` is 'YYYY-MM-DD', `hour` 'YYYY-MM-DDTHH'. */
export type Moment = { readonly date: string; readonly hour: string };

export type Calendar = {
  readonly timezone: string;
  /** From here on the zone holds; 0 when it always did. */
  readonly begins: number;
  /** The zone before it, the end of its last day, and that day: it lasts until the new zone begins. */
  readonly before: { readonly timezone: string; readonly ends: number; readonly last: string } | null;
};

export const calendarIn = (timezone: string): Calendar => ({ timezone, begins: 0, before: null });

/** Date and hour at an instant. Both only ever grow. @throws NovaError bad_input for an unknown zone. */
export function momentAt(ms: number, { timezone, begins, before }: Calendar): Moment {
  if (!before || ms >= begins) return momentIn(ms, timezone);
  if (ms < before.ends) return momentIn(ms, before.timezone);
  // Hours that no wall shows: they go on counting.
  const hours = 24 + Math.floor((ms - before.ends) / HOUR);
  return { date: before.last, hour: `${before.last}T${hours}` };
}

type CurrentHour = Moment & { readonly startMs: number; readonly endMs: number };
/** The last hour asked for, per zone: nearly every question is about the running one. */
const current = new Map<string, CurrentHour>();

function momentIn(ms: number, timezone: string): Moment {
  const cached = current.get(timezone);
  if (cached && ms >= cached.startMs && ms < cached.endMs) return cached;
  let local = Math.floor(localAt(ms, timezone) / HOUR) * HOUR;
  // A clock set back shows an hour twice: it is one, and lasts until the next.
  while (firstInstantFrom(local + HOUR, timezone) <= ms) local += HOUR;
  const hour = new Date(local).toISOString().slice(0, 13);
  const found = {
    date: hour.slice(0, 10),
    hour,
    startMs: firstInstantFrom(local, timezone),
    endMs: firstInstantFrom(local + HOUR, timezone),
  };
  current.set(timezone, found);
  return found;
}

/** The period of a kind in which a date or an hour lies, by its start: what the keys of budgets end with. */
export function periodOf(per: Per, { date, hour }: Pick<Moment, 'date'> & { readonly hour: string | null }): string {
  if (per === 'hour') return hour ?? `${date}T00`;
  if (per === 'day') return date;
  if (per === 'month') return date.slice(0, 7);
  return per === 'week' ? mondayOf(date) : 'all';
}

/** The Monday of a date's week. */
export function mondayOf(date: string): string {
  const days = Math.round(Date.parse(`${date}T00:00:00Z`) / 86_400_000);
  // 1 January 1970 was a Thursday.
  return addDays(date, -((days + 3) % 7));
}

/** First and last date of a period; null for an hour. */
export function datesOf(per: Per, period: string): { readonly from: string; readonly to: string } | null {
  if (per === 'hour') return null;
  if (per === 'day') return { from: period, to: period };
  if (per === 'week') return { from: period, to: addDays(period, 6) };
  return per === 'month' ? { from: `${period}-01`, to: `${period}-31` } : { from: '0000-00-00', to: '9999-99-99' };
}

/** The calendar once the owner has moved to another zone at `now`. */
export function movedTo(calendar: Calendar, timezone: string, now: number): Calendar {
  if (calendar.timezone === timezone) return calendar;
  const pending = calendar.before && now < calendar.begins ? calendar.before : null;
  const last = pending?.last ?? dayOf(now, calendar.timezone);
  const ends = pending?.ends ?? dayBounds(last, calendar.timezone).endMs;
  const from = Math.max(ends, pending ? calendar.begins : 0, now + NOTICE_MS);
  return {
    timezone,
    begins: firstMidnightFrom(from, last, timezone),
    before: { timezone: pending?.timezone ?? calendar.timezone, ends, last },
  };
}

/** Never a midnight whose date has been already. */
function firstMidnightFrom(ms: number, after: string, timezone: string): number {
  let date = dayOf(ms, timezone);
  while (date <= after || dayBounds(date, timezone).startMs < ms) date = addDays(date, 1);
  return dayBounds(date, timezone).startMs;
}
