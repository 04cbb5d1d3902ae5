/** The fields of cron(…): each a sorted set of numbers, the two day fields with AWS's special forms. */
import { NovaError } from '../error.ts';

export type Range = { readonly name: string; readonly min: number; readonly max: number; readonly words?: string };

export const MINUTE: Range = { name: 'the minute', min: 0, max: 59 };
export const HOUR: Range = { name: 'the hour', min: 0, max: 23 };
export const MONTH_DAY: Range = { name: 'the day of month', min: 1, max: 31 };
export const MONTH: Range = {
  name: 'the month',
  min: 1,
  max: 12,
  words: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC',
};
export const WEEK_DAY: Range = { name: 'the day of week', min: 1, max: 7, words: 'SUN MON TUE WED THU FRI SAT' };
export const YEAR: Range = { name: 'the year', min: 1970, max: 2199 };

/** Days of a month, by number or by AWS's words: `L`, `LW`, `nW`. */
export type MonthDays =
  | { readonly kind: 'on'; readonly days: readonly number[] }
  | { readonly kind: 'last' }
  | { readonly kind: 'lastWeekday' }
  | { readonly kind: 'nearestWeekday'; readonly day: number };

/** Days of a week, 1 = Sunday: a set, the last of its kind in the month (`6L`), or the nth (`MON#2`). */
export type WeekDays =
  | { readonly kind: 'on'; readonly days: readonly number[] }
  | { readonly kind: 'lastOf'; readonly weekDay: number }
  | { readonly kind: 'nthOf'; readonly weekDay: number; readonly nth: number };

function refuse(range: Range, text: string, allowed: string): never {
  throw new NovaError('bad_input', `${range.name} of a cron expression takes ${allowed}; got "${text}"`);
}

const bounds = (range: Range): string =>
  `${range.min} to ${range.max}${range.words ? ` or ${range.words.split(' ').join(', ')}` : ''}`;

function numberIn(range: Range, text: string): number {
  const word = range.words?.split(' ').indexOf(text.toUpperCase()) ?? -1;
  if (word >= 0) return word + range.min;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= range.min && value <= range.max)) refuse(range, text, bounds(range));
  return value;
}

function stepIn(range: Range, text: string): number {
  const span = range.max - range.min + 1;
  const step = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (step < 1 || step > span) refuse(range, `/${text}`, `a step of 1 to ${span}`);
  return step;
}

/** `*`, `a`, `a-b`, each perhaps with `/step`; `a/step` runs from a to the end of the field. */
function partIn(range: Range, text: string): number[] {
  const [span = '', stepText, ...rest] = text.split('/');
  if (rest.length > 0) refuse(range, text, 'one step only');
  const step = stepText === undefined ? 1 : stepIn(range, stepText);
  const [fromText = '', toText, ...more] = span === '*' ? [String(range.min), String(range.max)] : span.split('-');
  if (more.length > 0) refuse(range, text, 'ranges of two ends');
  const from = numberIn(range, fromText);
  const to = toText !== undefined ? numberIn(range, toText) : stepText === undefined ? from : range.max;
  if (to < from && range !== WEEK_DAY) refuse(range, text, 'ranges that run upwards');
  // Saturday to Monday is a range too: only the week is a circle.
  const size = range.max - range.min + 1;
  const length = to >= from ? to - from : to - from + size;
  const values: number[] = [];
  for (let i = 0; i <= length; i += step) values.push(((from - range.min + i) % size) + range.min);
  return values;
}

/** A list of parts as a sorted set. @throws NovaError bad_input. */
export function setIn(range: Range, text: string): number[] {
  const values = new Set(text.split(',').flatMap((part) => partIn(range, part)));
  return [...values].sort((a, b) => a - b);
}

/** @throws NovaError bad_input; `?` is the caller's to see. */
export function monthDaysIn(text: string): MonthDays {
  const upper = text.toUpperCase();
  if (upper === 'L') return { kind: 'last' };
  if (upper === 'LW') return { kind: 'lastWeekday' };
  if (/^\d+W$/.test(upper)) return { kind: 'nearestWeekday', day: numberIn(MONTH_DAY, upper.slice(0, -1)) };
  if (/[LW]/.test(upper)) refuse(MONTH_DAY, text, 'L, LW or 15W on its own, or numbers');
  return { kind: 'on', days: setIn(MONTH_DAY, text) };
}

/** @throws NovaError bad_input; `?` is the caller's to see. */
export function weekDaysIn(text: string): WeekDays {
  const upper = text.toUpperCase();
  // As AWS has it, a bare L is Saturday, every week.
  if (upper === 'L') return { kind: 'on', days: [7] };
  if (/^\w+L$/.test(upper)) return { kind: 'lastOf', weekDay: numberIn(WEEK_DAY, upper.slice(0, -1)) };
  const nth = /^(\w+)#(\w+)$/.exec(upper);
  if (nth) {
    if (!/^[1-5]$/.test(nth[2] ?? '')) refuse(WEEK_DAY, text, 'a number of 1 to 5 after #');
    return { kind: 'nthOf', weekDay: numberIn(WEEK_DAY, nth[1] ?? ''), nth: Number(nth[2]) };
  }
  if (upper.includes('#')) refuse(WEEK_DAY, text, 'one day with # and nothing beside it');
  return { kind: 'on', days: setIn(WEEK_DAY, text) };
}
