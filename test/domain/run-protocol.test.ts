import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../shared/domain/instance.ts';
import { afterOutcome, closeSlot } from '../../shared/domain/protocol/close.ts';
import { judge, type Wish } from '../../shared/domain/protocol/judge.ts';
import { isRoomy, sliceOf } from '../../shared/domain/protocol/slice.ts';
import {
  manualSlot,
  noteOf,
  parseRunId,
  type RunRecord,
  runId,
  tickMs,
  tickSlot,
  triggerOf,
} from '../../shared/domain/run.ts';
import { decodeRecord, encodeRecord } from '../../shared/store/instance-item.ts';
import { leased, NOON, RESTING, SPEC, WISH } from '../fixtures/instances.ts';

const HOUR = 3_600_000;
const before = (ms: number): string => tickSlot(NOON - ms);
const waiting: Wish = { ...WISH, spec: { ...SPEC, overlap: 'wait' } };
const manual: Wish = { ...WISH, slot: manualSlot('01abc', 0) };

const JUDGED: readonly [sentence: string, Instance, Wish, string][] = [
  ['a resting instance with money is claimed', RESTING, WISH, 'claim'],
  [
    'my own holder on the image means that my claim was written',
    leased({ slot: WISH.slot, holder: 'me' }),
    WISH,
    'run',
  ],
  ['a slot among the recent ones is done', { ...RESTING, recent: [WISH.slot] }, WISH, 'done'],
  ['a tick at the floor is looked up', { ...RESTING, floor: NOON }, WISH, 'look_up'],
  [
    'one at the floor of which an attempt was lost is in no page: its record says what that cost',
    { ...RESTING, floor: NOON, tries: { [WISH.slot]: { attempts: 1, lostMicros: 200 } } },
    WISH,
    'refuse late',
  ],
  ['a tick that has waited for the longest run is claimed', RESTING, { ...WISH, slot: before(25 * HOUR) }, 'claim'],
  ['one that is older is late', RESTING, { ...WISH, slot: before(25 * HOUR + 1) }, 'refuse late'],
  [
    'unless an attempt at it was made',
    { ...RESTING, tries: { [before(30 * HOUR)]: { attempts: 1, lostMicros: 0 } } },
    { ...WISH, slot: before(30 * HOUR) },
    'claim',
  ],
  [
    'a tick in progress is waited for, however far the floor has risen',
    { ...leased({ slot: WISH.slot }), floor: NOON },
    WISH,
    'wait 30',
  ],
  ['the floor is no matter of manual runs', { ...RESTING, floor: NOON }, manual, 'claim'],
  ['another tick during a run is refused as overlapping', leased(), WISH, 'refuse overlap'],
  ['or waits, if its agent says so', leased(), waiting, 'wait 30'],
  ['a manual run waits for the lease that is left', leased({ leaseUntil: NOON + 4_200 }), manual, 'wait 5'],
  ['a lease that ran out is recovered first', leased({ leaseUntil: NOON }), WISH, 'recover'],
  ['a paused instance refuses', { ...RESTING, status: 'paused' }, WISH, 'refuse paused'],
  ['a retired instance refuses', { ...RESTING, status: 'retired' }, WISH, 'refuse retired'],
  ['a cooling instance refuses', { ...RESTING, coolingUntil: NOON + 1 }, WISH, 'refuse cooling'],
  ['one that has cooled runs its probe', { ...RESTING, coolingUntil: NOON, crashStreak: 5 }, WISH, 'claim'],
  ['another spec is loaded first', { ...RESTING, specVersion: 2 }, WISH, 'reload_spec'],
  [
    'yesterday’s slice is rolled over',
    { ...RESTING, slice: { ...RESTING.slice, period: '2026-11-19' } },
    WISH,
    'roll_over',
  ],
  [
    'too little in the slice is topped up',
    { ...RESTING, slice: { ...RESTING.slice, availableMicros: 99_999 } },
    WISH,
    'top_up',
  ],
];

for (const [sentence, instance, wish, expected] of JUDGED) {
  test(`judge: ${sentence}`, () => {
    const judgement = judge(instance, wish);
    const detail =
      judgement.do === 'wait' ? ` ${judgement.seconds}` : judgement.do === 'refuse' ? ` ${judgement.reason}` : '';
    assert.equal(`${judgement.do}${detail}`, expected);
  });
}

const record = (change: Partial<RunRecord> = {}): RunRecord => ({
  slot: WISH.slot,
  outcome: 'succeeded',
  attempt: 1,
  startedAt: NOON,
  durationMs: 1_000,
  costMicros: 60_000,
  earnedMicros: 300_000,
  note: '',
  ...change,
});

test('closing keeps the last eight ticks and raises the floor to the one that leaves', () => {
  let instance: Instance = RESTING;
  for (let minute = 10; minute >= 1; minute--) {
    instance = { ...instance, ...closeSlot(instance, record({ slot: before(minute * 60_000) }), SPEC) };
  }
  assert.deepEqual(
    instance.recent,
    [8, 7, 6, 5, 4, 3, 2, 1].map((minute) => before(minute * 60_000)),
  );
  assert.equal(instance.floor, NOON - 9 * 60_000);
});

test('a tick that closes late, below all recent ones, becomes the floor itself', () => {
  const recent = [8, 7, 6, 5, 4, 3, 2, 1].map((minute) => before(minute * 60_000));
  const closed = closeSlot({ ...RESTING, recent, floor: 0 }, record({ slot: before(3_600_000) }), SPEC);
  assert.deepEqual(closed.recent, recent);
  assert.equal(closed.floor, NOON - 3_600_000);
});

test('a refused slot counts as refused, not as a run, and forgives no crash', () => {
  const closed = closeSlot(
    { ...RESTING, crashStreak: 3 },
    record({ outcome: 'refused', costMicros: 0, earnedMicros: 0 }),
    SPEC,
  );
  assert.deepEqual([closed.total.runs, closed.total.refused, closed.crashStreak], [0, 1, 3]);
});

test('compute lost by earlier tries is in the record but is not charged twice', () => {
  const tries = { [WISH.slot]: { attempts: 2, lostMicros: 400 } };
  const closed = closeSlot({ ...RESTING, tries }, record({ costMicros: 60_400 }), SPEC);
  assert.equal(closed.day.costMicros, 60_000);
  assert.deepEqual(closed.tries, {});
});

test('profit squares are kept in cents, bounded', () => {
  const once = closeSlot(RESTING, record(), SPEC);
  assert.equal(once.total.profitSquares, 24 ** 2);
  const huge = closeSlot(RESTING, record({ earnedMicros: 9_000_000_000_000 }), SPEC);
  assert.equal(huge.total.profitSquares, 100_000 ** 2);
});

test('five crashes cool for 300 s, each failed probe doubles it up to six hours, the fifth exhausts', () => {
  let state = { crashStreak: 0, coolingUntil: 0, probes: 0, tripped: false, exhausted: false };
  const seen: [cooldown: number, tripped: boolean, exhausted: boolean][] = [];
  for (let crash = 1; crash <= 13; crash++) {
    state = afterOutcome(state, crash % 2 ? 'crashed' : 'timed_out', { now: 0, spec: SPEC });
    seen.push([state.coolingUntil / 1000, state.tripped, state.exhausted]);
  }
  assert.deepEqual(seen.slice(0, 4), Array(4).fill([0, false, false]));
  assert.deepEqual(seen.slice(4), [
    [300, true, false],
    [600, false, false],
    [1200, false, false],
    [2400, false, false],
    [4800, false, false],
    [9600, false, true],
    [19200, false, true],
    [21600, false, true],
    [21600, false, true],
  ]);
});

test('a success forgives every crash; a failure the blueprint declares neither counts nor forgives', () => {
  const cooling = { crashStreak: 6, coolingUntil: 99, probes: 1 };
  assert.equal(afterOutcome(cooling, 'succeeded', { now: 0, spec: SPEC }).crashStreak, 0);
  assert.equal(afterOutcome(cooling, 'failed', { now: 0, spec: SPEC }).crashStreak, 6);
});

test('a slice grows with the runs of the day, up to 64 holds, and always covers what is lacking', () => {
  const slice = (runs: number): number => sliceOf({ ...RESTING, day: { ...RESTING.day, runs } }, SPEC).usd;
  assert.deepEqual([0, 1, 7, 64, 5000].map(slice), [100_000, 100_000, 700_000, 6_400_000, 6_400_000]);
  const empty = { ...RESTING, slice: { ...RESTING.slice, availableMicros: 0 } };
  assert.equal(sliceOf(empty, { ...SPEC, holdMicros: 250_000 }).usd, 250_000);
});

test('slices are cut only while every instance could have two of them', () => {
  assert.equal(isRoomy(1_000_000, 5, 100_000), true);
  assert.equal(isRoomy(999_999, 5, 100_000), false);
  assert.equal(isRoomy(200_000, 0, 100_000), true);
});

test('a record survives its short form, commas and all', () => {
  const full = record({ outcome: 'timed_out', attempt: 3, note: 'one, two,three', earnedMicros: 0 });
  assert.deepEqual(decodeRecord(encodeRecord(full)), full);
});

test('a run’s id is spelled from agent, instance and slot, and read back', () => {
  assert.equal(tickMs(tickSlot(NOON)), NOON);
  assert.deepEqual(parseRunId(runId('my-shop', 12, tickSlot(NOON))), {
    agentId: 'my-shop',
    instance: 12,
    slot: tickSlot(NOON),
  });
  assert.equal(triggerOf(manualSlot('01m7', 3)), 'manual');
  assert.equal(triggerOf(tickSlot(NOON)), 'schedule');
  assert.equal(parseRunId('no run at all'), null);
});

test('a note is one line without control or direction characters, cut at 80', () => {
  assert.equal(noteOf('a\u0000b\n\u202ec'), 'a b c');
  assert.equal(noteOf('x'.repeat(200)).length, 80);
});
