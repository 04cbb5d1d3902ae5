/** How often a schedule ticks, and how far apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observedFrequency } from '../../shared/domain/facts.ts';
import { paceOf } from '../../shared/domain/pace.ts';
import { NOW } from '../fixtures/agent-facts.ts';

const DAY = 86_400;
const ROWS: readonly (readonly [
  expression: string,
  perDay: number,
  shortest: number | null,
  longest: number | null,
])[] = [
  ['rate(1 minute)', 1440, 60, 60],
  ['rate(7 minutes)', 1440 / 7, 420, 420],
  ['rate(2 days)', 0.5, 2 * DAY, 2 * DAY],
  ['cron(0 9 * * ? *)', 1, DAY, DAY],
  ['cron(*/15 * * * ? *)', 96, 900, 900],
  // Weekdays from 9 to 17: the nights and the weekend are gaps, not silence.
  ['cron(0 9-17 ? * MON-FRI *)', 45 / 7, 3600, 64 * 3600],
  ['cron(0 9 1 * ? *)', 12 / 364, 31 * DAY, 31 * DAY],
  ['at(2027-01-01T00:00:00)', 0, null, null],
];
for (const [expression, perDay, shortest, longest] of ROWS) {
  test(`${expression} ticks ${perDay.toFixed(3)} times a day`, () => {
    const { frequency, shortestGapSeconds, longestGapSeconds } = paceOf({ expression, timezone: 'UTC' }, NOW);
    assert.ok(Math.abs(frequency.count / frequency.days - perDay) < 1e-9, JSON.stringify(frequency));
    assert.deepEqual([shortestGapSeconds, longestGapSeconds], [shortest, longest]);
  });
}

test('without a schedule the larger of today and the mean of its life counts', () => {
  assert.deepEqual(observedFrequency(25, 25, 60_000), { count: 25, days: 1 });
  assert.deepEqual(observedFrequency(0, 100, 4 * DAY * 1000), { count: 100, days: 4 });
  assert.deepEqual(observedFrequency(30, 100, 4 * DAY * 1000), { count: 30, days: 1 });
  assert.deepEqual(observedFrequency(0, 0, 0), { count: 0, days: 1 });
});
