/** Schedule expressions in the exact form of EventBridge Scheduler: cron(…), rate(…), at(…). */
import { NovaError } from '../error.ts';
import { HOUR, MINUTE, MONTH, type MonthDays, monthDaysIn, setIn, type WeekDays, weekDaysIn, YEAR } from './fields.ts';

export type CronExpression = {
  readonly kind: 'cron';
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  readonly years: readonly number[];
  /** Exactly one of the two is given; the other was `?`. */
  readonly days: { readonly of: 'month'; readonly are: MonthDays } | { readonly of: 'week'; readonly are: WeekDays };
};

/** A day is 24 hours, whatever the clocks do. */
export type RateExpression = { readonly kind: 'rate'; readonly periodMs: number };

/** Wall time in the schedule's zone, as local milliseconds (see zone.ts). */
export type AtExpression = { readonly kind: 'at'; readonly localMs: number };

export type ScheduleExpression = CronExpression | RateExpression | AtExpression;

const FORMS = 'a schedule is cron(0 9 ? * MON-FRI *), rate(5 minutes) or at(2026-12-24T18:30:00)';

/** More is refused by EventBridge Scheduler, minutes after the agent was deployed. */
const MAX_CHARS = 256;

/** @throws NovaError bad_input: what was wrong, what is allowed, what came. */
export function parseSchedule(expression: string): ScheduleExpression {
  if (expression.length > MAX_CHARS)
    throw new NovaError('bad_input', `a schedule has at most ${MAX_CHARS} characters; got ${expression.length}`);
  const match = /^(cron|rate|at)\((.*)\)$/.exec(expression);
  if (!match) throw new NovaError('bad_input', `${FORMS}; got "${expression}"`);
  const [, form, body = ''] = match;
  if (form === 'cron') return parseCron(body);
  return form === 'rate' ? parseRate(body) : parseAt(body);
}

function parseCron(body: string): CronExpression {
  const fields = body.trim().split(/\s+/);
  if (fields.length !== 6)
    throw new NovaError(
      'bad_input',
      `cron takes six fields (minute, hour, day of month, month, day of week, year); got ${fields.length} in "cron(${body})"`,
    );
  const [minute = '', hour = '', monthDay = '', month = '', weekDay = '', year = ''] = fields;
  if ((monthDay === '?') === (weekDay === '?'))
    throw new NovaError(
      'bad_input',
      `exactly one of day of month and day of week must be ?; got "${monthDay}" and "${weekDay}" in "cron(${body})"`,
    );
  return {
    kind: 'cron',
    minutes: setIn(MINUTE, minute),
    hours: setIn(HOUR, hour),
    days: weekDay === '?' ? { of: 'month', are: monthDaysIn(monthDay) } : { of: 'week', are: weekDaysIn(weekDay) },
    months: setIn(MONTH, month),
    years: setIn(YEAR, year),
  };
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

function parseRate(body: string): RateExpression {
  const match = /^\s*(\d{1,6})\s+(minute|hour|day)(s?)\s*$/.exec(body);
  const count = Number(match?.[1] ?? 0);
  if (!match || count < 1 || (count > 1 && match[3] === ''))
    throw new NovaError(
      'bad_input',
      `rate takes a whole number above 0 and minutes, hours or days: rate(5 minutes); got "rate(${body})"`,
    );
  return { kind: 'rate', periodMs: count * (UNITS[match[2] ?? ''] ?? 0) };
}

function parseAt(body: string): AtExpression {
  const written = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(body);
  const localMs = written ? Date.parse(`${body}Z`) : Number.NaN;
  // A date that does not exist is not moved to the next day: 31 June is refused here, as is 24:00:00.
  if (Number.isNaN(localMs) || new Date(localMs).toISOString().slice(0, 19) !== body)
    throw new NovaError('bad_input', `at takes an existing yyyy-mm-ddThh:mm:ss without a zone; got "at(${body})"`);
  return { kind: 'at', localMs };
}
