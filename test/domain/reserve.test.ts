/** What is held back for refunds: by hand, at its bounds, and in what is decided. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '../../shared/domain/decide/analyse.ts';
import { decide } from '../../shared/domain/decide/decide.ts';
import { lessReserve, refundReserve, reserveSentence } from '../../shared/domain/reserve.ts';
import { factsOf, NOW, POLICY, revenueFor } from '../fixtures/agent-facts.ts';

const RULES = { reserveFloorBps: 500, reserveDays: 30 };
const sums = (revenueMicros: number, refundMicros: number) => ({ revenueMicros, refundMicros });
const reserve = (recent: [number, number], history: [number, number], rules = RULES) =>
  refundReserve({ recent: sums(...recent), history: sums(...history) }, rules);

test('its own history sets the rate, the floor the least of it', () => {
  // 12 of 100 went back: 12 % of the 40 that are left of the recent 45.
  assert.deepEqual(reserve([45_000_000, 5_000_000], [100_000_000, 12_000_000]), {
    ...{ historyBps: 1200, rateBps: 1200, atRiskMicros: 40_000_000, reserveMicros: 4_800_000 },
  });
  assert.deepEqual(reserve([10_000_000, 0], [10_000_000, 0]), {
    ...{ historyBps: 0, rateBps: 500, atRiskMicros: 10_000_000, reserveMicros: 500_000 },
  });
  assert.equal(reserve([10_000_000, 0], [0, 0]).historyBps, null);
});

test('parts are rounded up, all of it is the most, and a dispute that was won counts for nothing', () => {
  // 1 / 3 is 3334 basis points; of 100 micros that is 33.34.
  assert.equal(reserve([100, 0], [3, 1]).reserveMicros, 34);
  assert.equal(reserve([100, 0], [3, 9]).reserveMicros, 100);
  assert.equal(reserve([100, -5], [100, -5]).rateBps, 500);
  assert.equal(reserve([100, 130], [200, 130]).reserveMicros, 0);
  assert.equal(reserve([0, 0], [0, 0]).reserveMicros, 0);
  assert.equal(reserve([100, 0], [100, 0], { ...RULES, reserveFloorBps: 0 }).reserveMicros, 0);
});

test('of a part of the life no more is held back than its share, of a loss nothing', () => {
  const held = reserve([100_000_000, 0], [100_000_000, 20_000_000]);
  assert.equal(held.reserveMicros, 20_000_000);
  assert.equal(lessReserve(500_000_000, held), 480_000_000);
  assert.equal(lessReserve(10_000_000, held), 8_000_000);
  assert.equal(lessReserve(-5, held), -5);
});

test('the sentence says how much, of what, and why', () => {
  assert.equal(
    reserveSentence(reserve([40_000_000, 0], [100_000_000, 12_000_000])),
    '$4.80 held back for refunds (12 % of $40.00 that may still be taken back: its own history)',
  );
  assert.match(reserveSentence(reserve([1_000_000, 0], [0, 0])), /the least that is held back\)$/);
  assert.equal(reserveSentence(reserve([0, 0], [9, 1])), '');
});

test('an agent that would be scaled up by its booked revenue is kept when a third of it may go back', () => {
  const revenueMicros = revenueFor(320);
  const booked = factsOf({ totals: { revenueMicros } });
  assert.equal(decide(booked, POLICY, NOW)?.action.kind, 'scale_up');
  const refunds = { recent: sums(revenueMicros, 0), history: sums(30_000_000, 10_000_000) };
  const careful = factsOf({ totals: { revenueMicros }, refunds });
  const analysis = analyse(careful, POLICY);
  // $10.50 less 33.34 %: $7.00 (6.9993) on a cost of $2.50 is 179 %.
  assert.deepEqual([analysis.verdict, analysis.roiBps], ['good', 17_997]);
  assert.match(analysis.why, /ROI 180\.0 % over 25 runs.*\$3\.5007 held back for refunds \(33\.3 % of \$10\.50/);
  assert.equal(decide(careful, POLICY, NOW), null);
});
