/** How often a schedule fires, as a fraction of whole numbers: what a day of it costs. */
import { firings } from './next.ts';
import type { ScheduleExpression } from './parse.ts';

const DAY = 86_400_000;
const WEEK_DAYS = 7;
const YEAR_DAYS = 364;

/** `count` firings in `days` days. Multiply before dividing: `Math.ceil((micros * count) / days)`. */
export type Frequency = { readonly count: number; readonly days: number };

/**
 * Firings in the week after `fromMs`; for a schedule that fires less than daily, in the 52 weeks after it, so that a
 * monthly report does not look like a daily one in its week, or free in the others. A rate is exact to the period.
 */
export function firingsPerDay(schedule: ScheduleExpression, timezone: string, fromMs: number): Frequency {
  if (schedule.kind === 'rate') return rateFrequency(schedule.periodMs);
  const week = countWithin(schedule, timezone, fromMs, WEEK_DAYS);
  if (week >= WEEK_DAYS) return { count: week, days: WEEK_DAYS };
  return { count: countWithin(schedule, timezone, fromMs, YEAR_DAYS), days: YEAR_DAYS };
}

/** The smallest number of days that holds whole periods: rate(7 minutes) is 1440 in 7 days. */
function rateFrequency(periodMs: number): Frequency {
  const common = greatestCommon(DAY, periodMs);
  return { count: DAY / common, days: periodMs / common };
}

const greatestCommon = (a: number, b: number): number => (b === 0 ? a : greatestCommon(b, a % b));

function countWithin(schedule: ScheduleExpression, timezone: string, fromMs: number, days: number): number {
  const until = fromMs + days * DAY;
  let count = 0;
  for (const ms of firings(schedule, timezone, fromMs)) {
    if (ms > until) break;
    count++;
  }
  return count;
}
