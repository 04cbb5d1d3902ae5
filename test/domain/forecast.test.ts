import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DayTotal, estimate, methodFor, neverBelow } from '../../shared/domain/finance/forecast.ts';
import { datesOf } from '../../shared/domain/finance/span.ts';
import { addDays } from '../../shared/domain/period.ts';

const past = (from: string, micros: readonly number[]): DayTotal[] =>
  micros.map((amount, n) => ({ date: addDays(from, n), micros: amount }));
const whole = (from: string, to: string) => datesOf(from, to).map((date) => ({ date, part: 1 }));

test('weekdays that repeat themselves are forecast exactly, with an interval of nothing', () => {
  // Four weeks from a Monday: 1 to 5 on weekdays, nothing on weekends.
  const weeks = Array.from({ length: 28 }, (_, n) => (n % 7 < 5 ? (n % 7) + 1 : 0) * 1000);
  const found = estimate(500, past('2026-11-02', weeks), whole('2026-11-30', '2026-12-06'));
  assert.deepEqual(found, { soFarMicros: 500, expectedMicros: 15_500, lowMicros: 15_500, highMicros: 15_500 });
});

test('two weeks have one mean for all days, and its interval by hand', () => {
  // 14 days, seven of 0 and seven of 20: mean 10, squares 1400, 13 degrees: s² = 107.6923.
  const days = Array.from({ length: 14 }, (_, n) => (n % 2) * 20);
  const found = estimate(0, past('2026-11-02', days), whole('2026-11-16', '2026-11-17'));
  // √(107.6923 × (2 + 4 / 14)) × 1.771 = 27.79.
  assert.deepEqual([found.expectedMicros, found.lowMicros, found.highMicros], [20, -8, 48]);
  assert.equal(methodFor(14), 'mean');
});

test('few days give a mean without an interval, none give nothing', () => {
  const few = estimate(1, past('2026-11-02', [10, 20]), whole('2026-11-04', '2026-11-05'));
  assert.deepEqual(few, { soFarMicros: 1, expectedMicros: 31, lowMicros: null, highMicros: null });
  assert.equal(estimate(7, [], whole('2026-11-04', '2026-11-30')).expectedMicros, 7);
  assert.deepEqual([0, 1, 6, 7, 20, 21, 28].map(methodFor), [
    ...['no_history', 'mean_without_interval', 'mean_without_interval', 'mean', 'mean'],
    ...['weekday_means', 'weekday_means'],
  ]);
});

test('half a day is half as much', () => {
  const days = past(
    '2026-11-02',
    Array.from({ length: 10 }, () => 100),
  );
  assert.equal(estimate(0, days, [{ date: '2026-11-12', part: 0.5 }]).expectedMicros, 50);
});

test('what was spent already is the least that a month can cost', () => {
  const found = neverBelow(10, { soFarMicros: 10, expectedMicros: 12, lowMicros: 4, highMicros: 20 });
  assert.deepEqual([found.lowMicros, found.expectedMicros, found.highMicros], [10, 12, 20]);
});

test('nine of ten months end inside the interval', () => {
  // A linear congruential generator: the same numbers everywhere.
  let state = 42;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const noise = (): number => Array.from({ length: 12 }, next).reduce((sum, one) => sum + one, -6);
  const sales = (date: string): number => {
    const weekend = [0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay());
    return Math.round((weekend ? 20 : 100) * 1e6 + noise() * 15e6);
  };
  const months = 1000;
  let inside = 0;
  for (let n = 0; n < months; n++) {
    const history = datesOf('2026-10-19', '2026-11-15').map((date) => ({ date, micros: sales(date) }));
    const { lowMicros, highMicros } = estimate(0, history, whole('2026-11-16', '2026-11-30'));
    const ended = datesOf('2026-11-16', '2026-11-30').reduce((sum, date) => sum + sales(date), 0);
    if (ended >= (lowMicros ?? 0) && ended <= (highMicros ?? 0)) inside++;
  }
  assert.ok(inside >= months * 0.87 && inside <= months * 0.93, `${inside} of ${months}`);
});
