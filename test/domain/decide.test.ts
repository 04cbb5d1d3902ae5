/** The rule `threshold` as a table: these facts, this verdict, this sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '../../shared/domain/decide/analyse.ts';
import { decide } from '../../shared/domain/decide/decide.ts';
import type { DecisionKind } from '../../shared/domain/decision.ts';
import { type AgentFacts, NO_TOTALS } from '../../shared/domain/facts.ts';
import { type FactsChange, factsOf, NOW, POLICY, revenueFor, TOTALS } from '../fixtures/agent-facts.ts';

const roi = (percent: number): FactsChange => ({ totals: { revenueMicros: revenueFor(percent) } });
const runs = (count: number, percent = 400): FactsChange => {
  const costMicros = count * 100_000;
  return { totals: { runs: count, succeeded: count, costMicros, revenueMicros: revenueFor(percent, costMicros) } };
};
const HOUR = 3_600_000;

type Row = readonly [sentence: string, facts: FactsChange, verdict: string, kind: DecisionKind | null];

const GRADES: readonly Row[] = [
  ['19 runs are too few, however good', runs(19), 'insufficient_data', null],
  ['19 runs are too few, however bad', runs(19, -100), 'insufficient_data', null],
  ['no run is too few', runs(0), 'insufficient_data', null],
  ['20 runs are enough', runs(20), 'excellent', 'scale_up'],
  ['exactly 300 % scales up', roi(300), 'excellent', 'scale_up'],
  ['just below 300 % is kept', roi(299.96), 'good', null],
  [
    '300 % at exactly 80 % success scales up',
    { ...roi(300), totals: { ...roi(300).totals, succeeded: 20, failed: 5 } },
    'excellent',
    'scale_up',
  ],
  [
    '300 % at 76 % success is kept',
    { totals: { revenueMicros: revenueFor(300), succeeded: 19, failed: 6 } },
    'good',
    null,
  ],
  ['300 % and not healthy is kept', { ...roi(300), health: { state: 'degraded', reasons: ['slow'] } }, 'good', null],
  ['300 % and unknown health is kept', { ...roi(300), health: { state: 'unknown', reasons: [] } }, 'good', null],
  ['exactly 150 % is kept', roi(150), 'good', null],
  [
    '150 % at 72 % success is kept',
    { totals: { revenueMicros: revenueFor(150), succeeded: 18, failed: 7 } },
    'good',
    null,
  ],
  ['just below 150 % is to be improved', roi(149.96), 'poor', 'optimize'],
  [
    '150 % at 68 % success is to be improved',
    { totals: { revenueMicros: revenueFor(150), succeeded: 17, failed: 8 } },
    'poor',
    'optimize',
  ],
  ['50 % is to be improved, not killed', roi(50), 'poor', 'optimize'],
  ['0 % is to be improved, not retired', roi(0), 'poor', 'optimize'],
  ['a loss is retired', roi(-4), 'failing', 'retire'],
  ['a total loss is retired', roi(-100), 'failing', 'retire'],
  [
    'what costs nothing and earns a fortune is left alone',
    { totals: { costMicros: 0, revenueMicros: 1_000_000_000 } },
    'good',
    null,
  ],
  ['what costs nothing and earns nothing is left alone', { totals: { costMicros: 0, revenueMicros: 0 } }, 'good', null],
  ['several instances below 100 % become fewer first', { ...roi(50), agent: { instances: 4 } }, 'poor', 'scale_down'],
  ['several instances at 100 % are to be improved', { ...roi(100), agent: { instances: 4 } }, 'poor', 'optimize'],
  ['at the most instances an excellent agent stays as it is', { agent: { instances: 20 } }, 'excellent', null],
  [
    'a paused agent is left to the one who paused it',
    { agent: { status: 'paused', pauseReason: 'operator' } },
    'excellent',
    null,
  ],
  [
    'a loss that a person paused stays paused',
    { ...roi(-100), agent: { status: 'paused', pauseReason: 'operator' } },
    'failing',
    null,
  ],
  ['a draft is nothing to decide about', { agent: { status: 'draft' } }, 'excellent', null],
  ['what is retired stays retired', { ...roi(-100), agent: { status: 'retired' } }, 'failing', null],
];

const EMERGENCIES: readonly Row[] = [
  ['five crashes in a row pause it, in however few runs', { ...runs(5, -100), crashStreak: 5 }, 'failing', 'pause'],
  ['five crashes in a row pause even what earns 400 %', { crashStreak: 5 }, 'failing', 'pause'],
  ['four crashes in a row do not', { crashStreak: 4 }, 'excellent', 'scale_up'],
  ['16 % crashes in 25 runs pause it', { totals: { crashed: 4, succeeded: 21 } }, 'failing', 'pause'],
  ['12 % crashes do not', { totals: { crashed: 3, succeeded: 22 } }, 'excellent', 'scale_up'],
  [
    'half of ten runs crashed is still too few',
    { totals: { runs: 10, crashed: 5, succeeded: 5 } },
    'insufficient_data',
    null,
  ],
  ['three of eleven crashed is enough', { totals: { runs: 11, crashed: 3, succeeded: 8 } }, 'failing', 'pause'],
  ['exactly 15 % of 20 runs is allowed', { totals: { runs: 20, crashed: 3, succeeded: 17 } }, 'excellent', 'scale_up'],
  ['the crash limit of its own config counts', { crashStreak: 3, crashLimit: 3 }, 'failing', 'pause'],
  [
    'a budget spent to the last micro pauses it',
    { ...runs(3), budget: { limitMicros: 100, spentMicros: 100 } },
    'insufficient_data',
    'pause',
  ],
  [
    'a budget with one micro left does not',
    { ...runs(3), budget: { limitMicros: 100, spentMicros: 99 } },
    'insufficient_data',
    null,
  ],
  [
    'a limit of nothing stops nobody who spends nothing',
    { ...runs(3), budget: { limitMicros: 0, spentMicros: 0 } },
    'insufficient_data',
    null,
  ],
  [
    'the pause for a budget ends with a new day',
    { agent: { status: 'paused', pauseReason: 'budget' } },
    'excellent',
    'resume',
  ],
  [
    'the pause for a budget does not end before',
    { agent: { status: 'paused', pauseReason: 'budget' }, budget: { limitMicros: 5, spentMicros: 5 } },
    'excellent',
    null,
  ],
  [
    'the pause for crashes ends by a person only',
    { agent: { status: 'paused', pauseReason: 'crash_limit' } },
    'excellent',
    null,
  ],
];

for (const [sentence, change, verdict, kind] of [...GRADES, ...EMERGENCIES]) {
  test(sentence, () => {
    const facts = factsOf(change);
    assert.equal(analyse(facts, POLICY).verdict, verdict);
    assert.equal(decide(facts, POLICY, NOW)?.action.kind ?? null, kind);
  });
}

/** Executed one minute ago on the totals of `before`. */
const after = (
  kind: DecisionKind,
  before: Partial<AgentFacts['totals']>,
  ageMs = 7 * HOUR,
): Partial<AgentFacts['memory']> => ({
  lastEnd: { kind, status: 'executed', at: NOW - ageMs },
  lastExecuted: { kind, at: NOW - ageMs, totals: { ...NO_TOTALS, ...before } },
});
const fifty = (percent: number) => ({
  runs: 50,
  succeeded: 50,
  costMicros: 5_000_000,
  revenueMicros: revenueFor(percent, 5_000_000),
});

const MEMORIES: readonly Row[] = [
  [
    'no second step within the cooldown',
    { totals: fifty(400), memory: after('scale_up', {}, 6 * HOUR - 1) },
    'excellent',
    null,
  ],
  [
    'the second step when it is over',
    { totals: fifty(400), memory: after('scale_up', {}, 6 * HOUR) },
    'excellent',
    'scale_up',
  ],
  [
    'no second step before 20 runs have shown what the first one did',
    { totals: fifty(400), memory: after('scale_up', { ...fifty(400), runs: 31 }) },
    'excellent',
    null,
  ],
  [
    'the runs since the last step are judged, not the glory of old days',
    {
      totals: { ...fifty(0), revenueMicros: 20_000_000 },
      memory: after('scale_up', { ...TOTALS, revenueMicros: 20_000_000 }),
    },
    'poor',
    'optimize',
  ],
  [
    'without improvement a pause follows',
    { totals: fifty(50), memory: after('optimize', { ...TOTALS, revenueMicros: revenueFor(50) }) },
    'poor',
    'pause',
  ],
  [
    'with improvement it is kept',
    { totals: fifty(150), memory: after('optimize', { ...TOTALS, revenueMicros: revenueFor(50) }) },
    'good',
    null,
  ],
  [
    'what earns enough but fails often is never paused for it',
    { totals: { ...fifty(200), succeeded: 30, failed: 20 }, memory: after('optimize', {}) },
    'poor',
    null,
  ],
  [
    'a rejected decision is not asked again within the cooldown',
    { memory: { lastEnd: { kind: 'scale_up', status: 'rejected', at: NOW - HOUR } } },
    'excellent',
    null,
  ],
  [
    'nor one that nobody answered',
    { memory: { lastEnd: { kind: 'scale_up', status: 'expired', at: NOW - HOUR } } },
    'excellent',
    null,
  ],
  ['crashes do not wait for a cooldown', { crashStreak: 5, memory: after('scale_up', {}, 1) }, 'failing', 'pause'],
  ['an open decision of the kind is not made twice', { memory: { openKinds: ['scale_up'] } }, 'excellent', null],
  ['an open one of another kind holds up growth', { memory: { openKinds: ['optimize'] } }, 'excellent', null],
  [
    'an open scale-up does not hold up retiring a loss',
    { ...roi(-50), memory: { openKinds: ['scale_up'] } },
    'failing',
    'retire',
  ],
  ['an open pause holds up a retirement', { ...roi(-50), memory: { openKinds: ['pause'] } }, 'failing', null],
  [
    'an open retirement does not hold up a pause for crashes',
    { crashStreak: 5, memory: { openKinds: ['retire'] } },
    'failing',
    'pause',
  ],
  [
    'crashes that a person knew of when he resumed it are not held against it',
    { totals: { crashed: 4, succeeded: 21 }, memory: after('pause', { ...TOTALS, crashed: 4, succeeded: 21 }) },
    'excellent',
    null,
  ],
  [
    'a loss since the last step in a life that paid is poor, not failing',
    {
      totals: { ...fifty(0), revenueMicros: 40_000_000 },
      memory: after('scale_up', { ...TOTALS, revenueMicros: 40_000_000 }),
    },
    'poor',
    'optimize',
  ],
];

for (const [sentence, change, verdict, kind] of MEMORIES) {
  test(sentence, () => {
    const facts = factsOf(change);
    assert.equal(analyse(facts, POLICY).verdict, verdict);
    assert.equal(decide(facts, POLICY, NOW)?.action.kind ?? null, kind);
  });
}

test('revenue that is declared and not booked yet holds back the verdict it would change', () => {
  const facts = factsOf({ totals: { revenueMicros: 0, unbookedMicros: revenueFor(400) } });
  assert.equal(analyse(facts, POLICY).verdict, 'insufficient_data');
  assert.equal(decide(facts, POLICY, NOW), null);
  const lost = factsOf({ totals: { revenueMicros: 0, unbookedMicros: 1 } });
  assert.equal(decide(lost, POLICY, NOW)?.action.kind, 'retire');
});

const WHYS: readonly (readonly [FactsChange, string])[] = [
  [{}, 'ROI 400 % over 25 runs (≥ 300 %), success 100 %: 1 → 2 instances, +$2.40/day'],
  [roi(-100), 'ROI -100 % over 25 runs (< 0 %), success 100 %: retired, -$2.40/day'],
  [roi(50), 'ROI 50 % over 25 runs (< 150 %), success 100 %: to be improved'],
  [
    { ...roi(50), agent: { instances: 5 } },
    'ROI 50 % over 25 runs (< 150 %), success 100 %: 5 → 2 instances, -$7.20/day',
  ],
  [{ crashStreak: 5 }, '5 crashes in a row (limit 5): paused until a person resumes it'],
  [{ totals: { crashed: 5, succeeded: 20 } }, '20 % of 25 runs crashed (> 15 %): paused until a person resumes it'],
  [
    { budget: { limitMicros: 1_000_000, spentMicros: 1_000_000 } },
    'spent $1.00 of $1.00 today: paused until tomorrow or a raise',
  ],
];
for (const [change, why] of WHYS) {
  test(`the reason carries the numbers: ${why}`, () => assert.equal(decide(factsOf(change), POLICY, NOW)?.why, why));
}

/** Cost of one more instance per day: $1 per run of an hourly agent is $24. */
const costing = (microsPerRun: number, frequency = 24): FactsChange => ({
  totals: { costMicros: 25 * microsPerRun, revenueMicros: revenueFor(400, 25 * microsPerRun) },
  frequency: { count: frequency, days: 1 },
});

test('exactly $50 a day is done unasked, one micro-dollar more is asked for', () => {
  const exact = decide(factsOf(costing(2_500_000, 20)), POLICY, NOW);
  assert.equal(exact?.costImpactMicrosPerDay, 50_000_000);
  assert.equal(exact?.needsApproval, false);
  const above = decide(factsOf({ ...costing(50_000_001, 1) }), POLICY, NOW);
  assert.equal(above?.costImpactMicrosPerDay, 50_000_001);
  assert.equal(above?.needsApproval, true);
  assert.equal(above?.risk, 'high');
});

test('three instances become six, and the step costs three times one', () => {
  const verdict = decide(factsOf({ agent: { instances: 3 } }), POLICY, NOW);
  assert.deepEqual(verdict?.action, { kind: 'scale_up', agentId: 'shop', fromInstances: 3, toInstances: 6 });
  assert.equal(verdict?.costImpactMicrosPerDay, 7_200_000);
});

test('the last step goes no further than the most instances', () => {
  const verdict = decide(factsOf({ agent: { instances: 15 } }), POLICY, NOW);
  assert.deepEqual(verdict?.action, { kind: 'scale_up', agentId: 'shop', fromInstances: 15, toInstances: 20 });
});

test('risk grows with the money and shrinks with the evidence', () => {
  const risk = (change: FactsChange): string | undefined => decide(factsOf(change), POLICY, NOW)?.risk;
  assert.equal(risk({}), 'medium', '25 runs are thin evidence for spending more');
  assert.equal(risk(runs(60)), 'low');
  assert.equal(risk(costing(1_000_000)), 'medium');
  assert.equal(risk(roi(-50)), 'medium', 'retiring is for good');
  assert.equal(risk({ crashStreak: 5 }), 'low');
});

test('the evidence holds the totals from which the next decision counts', () => {
  const facts = factsOf({ totals: { failed: 2, succeeded: 23 } });
  const evidence = decide(facts, POLICY, NOW)?.evidence ?? {};
  for (const [name, value] of Object.entries(facts.totals)) assert.equal(evidence[name], value);
  assert.equal(evidence.policyVersion, 3);
});
