/** Which days a question about money is about: whole days of the owner's zone, both ends included. */
import { NovaError } from '../error.ts';
import { addDays, dayBounds, dayOf } from '../period.ts';

export const PERIODS = ['today', 'week', 'month', 'quarter', 'year', 'all'] as const;
export type Period = (typeof PERIODS)[number];

/** Days up to and with today; a month is 30 of them, so that two of them can be compared. */
const DAYS: Readonly<Record<Exclude<Period, 'all'>, number>> = { today: 1, week: 7, month: 30, quarter: 90, year: 365 };

/** Dates 'YYYY-MM-DD'; `from` null: since the beginning. */
export type Span = {
  readonly period: Period | 'custom';
  readonly from: string | null;
  readonly to: string;
  readonly timezone: string;
};

export type AskedSpan = {
  readonly period?: Period | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

/** More than a lifetime of days is a mistyped year. */
const MOST_DAYS = 40_000;

/**
 * The days that were asked for: a period up to today, or dates.
 * @param fallback the period when nothing was said
 * @throws NovaError bad_input for a period and dates at once, or days that run backwards
 */
export function spanOf(asked: AskedSpan, now: number, { timezone, fallback }: SpanRules): Span {
  const today = dayOf(now, timezone);
  const dated = asked.from !== undefined || asked.to !== undefined;
  if (dated && asked.period !== undefined) {
    throw new NovaError('bad_input', 'either --period or --from and --to; got both');
  }
  if (!dated) return spanOfPeriod(asked.period ?? fallback, today, timezone);
  const span: Span = { period: 'custom', from: asked.from ?? null, to: asked.to ?? today, timezone };
  if (span.from !== null && span.from > span.to) {
    throw new NovaError('bad_input', `the days run from the earlier to the later date; got ${span.from} to ${span.to}`);
  }
  if (span.from !== null && daysBetween(span.from, span.to) > MOST_DAYS) {
    throw new NovaError('bad_input', `at most ${MOST_DAYS} days at once; got ${span.from} to ${span.to}`);
  }
  return span;
}

export type SpanRules = { readonly timezone: string; readonly fallback: Period };

function spanOfPeriod(period: Period, today: string, timezone: string): Span {
  return { period, from: period === 'all' ? null : addDays(today, 1 - DAYS[period]), to: today, timezone };
}

/** The days just before, as many of them; null when there is no beginning. */
export function spanBefore({ from, to, timezone }: Span): Span | null {
  if (from === null) return null;
  const days = daysBetween(from, to);
  return { period: 'custom', from: addDays(from, -days), to: addDays(from, -1), timezone };
}

/** From `from` to `to`, both included: 1 for one day. Calendar days, however many hours each has. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000) + 1;
}

/** Every date from `from` to `to`, both included. */
export function datesOf(from: string, to: string): string[] {
  return Array.from({ length: Math.max(0, daysBetween(from, to)) }, (_, n) => addDays(from, n));
}

/** Instants: at or after the first, before the last. */
export function instantsOf({ from, to, timezone }: Span): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = from === null ? Number.NEGATIVE_INFINITY : dayBounds(from, timezone).startMs;
  return { fromMs, toMs: dayBounds(to, timezone).endMs };
}

/** Days of the calendar month in which `date` lies. */
export function monthOf(date: string): { readonly from: string; readonly to: string } {
  const from = `${date.slice(0, 7)}-01`;
  const [year = 0, month = 1] = date.split('-').map(Number);
  return { from, to: new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10) };
}
