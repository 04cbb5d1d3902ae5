/** The evaluator against one that only looks at the wall, minute by minute, over the weeks in which clocks change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firings } from '../../shared/domain/schedule/next.ts';
import { parseSchedule } from '../../shared/domain/schedule/parse.ts';

const MINUTE = 60_000;
const WEEKS = 2 * 7 * 24 * 60;

type Wall = { ms: number; minute: number; hour: number; day: number; month: number; weekDay: number; last: number };
type Field = { text: string; holds: (wall: Wall) => boolean };

/** Every minute of two weeks as the wall shows it for the first time. */
function wallsOf(zone: string, from: string): Wall[] {
  const seen = new Set<number>();
  const walls: Wall[] = [];
  // Two days earlier, so that a second showing is known for one.
  for (const { ms, shown } of minutesOf(zone, Date.parse(from) - 2880 * MINUTE, 2880 + WEEKS)) {
    if (seen.has(shown)) continue;
    seen.add(shown);
    if (ms <= Date.parse(from)) continue;
    const date = new Date(shown);
    const [day, month] = [date.getUTCDate(), date.getUTCMonth() + 1];
    const last = new Date(Date.UTC(date.getUTCFullYear(), month, 0)).getUTCDate();
    walls.push({
      ms,
      minute: date.getUTCMinutes(),
      hour: date.getUTCHours(),
      day,
      month,
      weekDay: date.getUTCDay() + 1,
      last,
    });
  }
  return walls;
}

/** Looked at every ten minutes, and at each of them where the wall did not go ten minutes on. */
function minutesOf(zone: string, from: number, count: number): { ms: number; shown: number }[] {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const shownAt = (ms: number): number => {
    const [, day, month, year, hour, minute] = (/(\d+)\/(\d+)\/(\d+), (\d+):(\d+)/.exec(format.format(ms)) ?? []).map(
      Number,
    );
    if (day === undefined || month === undefined || year === undefined || hour === undefined || minute === undefined)
      throw new Error(`unreadable wall: ${format.format(ms)}`);
    return Date.UTC(year, month - 1, day, hour, minute);
  };
  const minutes: { ms: number; shown: number }[] = [];
  for (let at = 0, shown = shownAt(from); at < count; at += 10) {
    const start = from + at * MINUTE;
    const next = shownAt(start + 10 * MINUTE);
    const even = next - shown === 10 * MINUTE;
    for (let n = 0; n < 10 && at + n < count; n++) {
      const ms = start + n * MINUTE;
      minutes.push({ ms, shown: even ? shown + n * MINUTE : shownAt(ms) });
    }
    shown = next;
  }
  return minutes;
}

const PLACES = [
  ['America/New_York', '2027-03-05T00:00:00Z'],
  ['America/New_York', '2026-10-25T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-09-28T00:00:00Z'],
  ['Australia/Lord_Howe', '2027-03-29T00:00:00Z'],
  ['Pacific/Apia', '2011-12-20T00:00:00Z'],
  ['America/Sao_Paulo', '2018-10-25T00:00:00Z'],
  ['America/St_Johns', '2010-10-28T00:00:00Z'],
  ['Asia/Kathmandu', '2026-01-25T00:00:00Z'],
] as const;
const places = PLACES.map(([zone, from]) => {
  const days = [...Map.groupBy(wallsOf(zone, from), ({ month, day }) => `${month}-${day}`).values()];
  return { zone, from: Date.parse(from), days };
});

function field(name: 'minute' | 'hour' | 'day' | 'month', min: number, max: number): fc.Arbitrary<Field> {
  const value = fc.integer({ min, max });
  const part: fc.Arbitrary<Field> = fc.oneof(
    value.map((n) => ({ text: `${n}`, holds: (wall: Wall) => wall[name] === n })),
    fc.tuple(value, value).map(([a, b]) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      return { text: `${low}-${high}`, holds: (wall: Wall) => wall[name] >= low && wall[name] <= high };
    }),
    fc.tuple(value, fc.integer({ min: 1, max: max - min + 1 })).map(([from, step]) => ({
      text: `${from}/${step}`,
      holds: (wall: Wall) => wall[name] >= from && (wall[name] - from) % step === 0,
    })),
  );
  const list = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => ({
    text: parts.map(({ text }) => text).join(','),
    holds: (wall: Wall) => parts.some(({ holds }) => holds(wall)),
  }));
  return fc.oneof(list, fc.constant({ text: '*', holds: () => true }));
}

/** Weekdays at the least distance from day n, by looking at every day of the month. */
function nearest(wall: Wall, n: number): boolean {
  if (n > wall.last) return false;
  const weekDayOf = (day: number) => (((wall.weekDay - 1 + day - wall.day) % 7) + 7 + 7) % 7;
  const days = Array.from({ length: wall.last }, (_, i) => i + 1).filter((day) => weekDayOf(day) % 6 !== 0);
  const distance = Math.min(...days.map((day) => Math.abs(day - n)));
  return weekDayOf(wall.day) % 6 !== 0 && Math.abs(wall.day - n) === distance;
}

const monthDay: fc.Arbitrary<Field> = fc.oneof(
  field('day', 1, 31),
  fc.constantFrom<Field>(
    { text: 'L', holds: (wall) => wall.day === wall.last },
    { text: 'LW', holds: (wall) => nearest(wall, wall.last) },
  ),
  fc.integer({ min: 1, max: 31 }).map((n) => ({ text: `${n}W`, holds: (wall: Wall) => nearest(wall, n) })),
);

const NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const aWeekDay = fc.integer({ min: 1, max: 7 });
const weekDay: fc.Arbitrary<Field> = fc.oneof(
  aWeekDay.map((n) => ({ text: NAMES[n - 1] ?? '', holds: (wall: Wall) => wall.weekDay === n })),
  fc.tuple(aWeekDay, aWeekDay).map(([a, b]) => ({
    text: `${a}-${NAMES[b - 1]}`,
    holds: ({ weekDay: d }: Wall) => (a <= b ? d >= a && d <= b : d >= a || d <= b),
  })),
  aWeekDay.map((n) => ({ text: `${n}L`, holds: (wall: Wall) => wall.weekDay === n && wall.day + 7 > wall.last })),
  fc.tuple(aWeekDay, fc.integer({ min: 1, max: 5 })).map(([n, k]) => ({
    text: `${n}#${k}`,
    holds: (wall: Wall) => wall.weekDay === n && Math.ceil(wall.day / 7) === k,
  })),
  fc.constant({ text: 'L', holds: (wall: Wall) => wall.weekDay === 7 }),
);

const days = fc.oneof(
  monthDay.map((of) => ({ text: (month: string) => `${of.text} ${month} ?`, holds: of.holds })),
  weekDay.map((of) => ({ text: (month: string) => `? ${month} ${of.text}`, holds: of.holds })),
);

test('cron fires exactly when the wall shows a matching minute for the first time', () => {
  const cron = fc.record({
    place: fc.constantFrom(...places),
    minute: field('minute', 0, 59),
    hour: field('hour', 0, 23),
    month: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Field>({ text: '*', holds: () => true }) },
      field('month', 1, 12),
    ),
    days,
  });
  fc.assert(
    fc.property(cron, ({ place, minute, hour, month, days }) => {
      const expression = `cron(${minute.text} ${hour.text} ${days.text(month.text)} *)`;
      // All minutes of a date have the same day of the month and of the week.
      const expected = place.days
        .filter(([wall]) => wall !== undefined && month.holds(wall) && days.holds(wall))
        .flatMap((walls) => walls.filter((wall) => minute.holds(wall) && hour.holds(wall)))
        .map(({ ms }) => ms)
        .sort((a, b) => a - b);
      const until = place.from + WEEKS * MINUTE;
      const found: number[] = [];
      for (const ms of firings(parseSchedule(expression), place.zone, place.from)) {
        if (ms >= until) break;
        found.push(ms);
      }
      assert.deepEqual(found, expected, `${expression} in ${place.zone}`);
    }),
    { numRuns: 200 },
  );
});
