/** Health with its reasons: what is ill, and what only looks so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from '../../shared/domain/agent.ts';
import { NOTHING } from '../../shared/domain/budget.ts';
import { healthOf, lastActivity, lastSuccess, withMemory } from '../../shared/domain/health.ts';
import { type ActiveRun, type Instance, NO_TALLY } from '../../shared/domain/instance.ts';
import { tickSlot } from '../../shared/domain/run.ts';
import { agent, instance, NOW } from '../fixtures/agent-facts.ts';

const MINUTE = 60_000;
const ran = { total: { ...NO_TALLY, runs: 3, succeeded: 3 }, recent: [tickSlot(NOW - 10 * MINUTE)] };
const running = (leaseUntil: number): ActiveRun => ({
  ...{ slot: 'x', holder: 'h', startedAt: NOW - 300 * MINUTE, leaseUntil },
  ...{ callSeq: 0, holdMicros: 0, holdLeftMicros: 0, sentMicros: 0, sentTokens: 0, others: NOTHING },
});

type Row = readonly [
  sentence: string,
  desired: Partial<Agent>,
  instances: readonly Partial<Instance>[],
  state: string,
  reasons: readonly RegExp[],
];
const ROWS: readonly Row[] = [
  ['what ran lately is healthy', {}, [ran], 'healthy', []],
  ['what never ran is unknown', { updatedAt: NOW }, [{}], 'unknown', [/^no run yet$/]],
  ['a draft is unknown', { status: 'draft' }, [], 'unknown', [/^draft$/]],
  ['a retired one is unknown', { status: 'retired' }, [{ ...ran, crashStreak: 9 }], 'unknown', [/^retired$/]],
  [
    'a paused one is not ill',
    { status: 'paused', pauseReason: 'operator' },
    [{ ...ran, status: 'paused' }],
    'unknown',
    [/^paused \(operator\)$/],
  ],
  [
    'one paused for crashes is',
    { status: 'paused', pauseReason: 'crash_limit' },
    [{ ...ran, status: 'paused', crashStreak: 5 }],
    'unhealthy',
    [/crash_limit/, /5 crashes in a row/],
  ],
  ['one crash is bad luck', {}, [{ ...ran, crashStreak: 1 }], 'healthy', []],
  ['two are a pattern', {}, [{ ...ran, crashStreak: 2 }], 'degraded', [/^instance 0: 2 crashes in a row \(limit 5\)$/]],
  [
    'at the limit it is unhealthy and says until when it cools',
    {},
    [{ ...ran, crashStreak: 5, coolingUntil: NOW + MINUTE }],
    'unhealthy',
    [/5 crashes in a row \(limit 5\), cooling until 2026-11-20T08:01:00/],
  ],
  [
    'a run of hours that holds its lease is healthy',
    {},
    [{ ...ran, recent: [], run: running(NOW + 1) }],
    'healthy',
    [],
  ],
  [
    'a run that lost its lease is not',
    {},
    [{ ...ran, run: running(NOW - 40_000) }],
    'degraded',
    [/^instance 0: its run lost its lease 40 s ago$/],
  ],
  [
    'silence for more than two intervals is noticed',
    {},
    [{ ...ran, recent: [tickSlot(NOW - 141 * MINUTE)] }],
    'degraded',
    [/^no run closed since 2026-11-20T05:39/],
  ],
  [
    'silence within two intervals and the slack is not',
    {},
    [{ ...ran, recent: [tickSlot(NOW - 139 * MINUTE)] }],
    'healthy',
    [],
  ],
  [
    'a resumed agent has time to begin',
    { updatedAt: NOW - MINUTE },
    [{ ...ran, recent: [], floor: NOW - 5000 * MINUTE }],
    'healthy',
    [],
  ],
  ['fewer instances than desired are noticed', { instances: 3 }, [ran], 'degraded', [/^1 of 3 instances are active$/]],
  [
    'the worst counts, and all reasons are told',
    { instances: 2 },
    [{ ...ran, crashStreak: 5 }],
    'unhealthy',
    [/5 crashes/, /1 of 2/],
  ],
];

for (const [sentence, desired, instances, state, reasons] of ROWS) {
  test(sentence, () => {
    const found = healthOf({
      agent: agent(desired),
      instances: instances.map((one, number) => instance({ number, ...one })),
      crashLimit: 5,
      longestGapSeconds: 3600,
      now: NOW,
    });
    assert.equal(found.state, state, JSON.stringify(found));
    assert.equal(found.reasons.length, reasons.length);
    for (const [index, reason] of reasons.entries()) assert.match(found.reasons[index] ?? '', reason);
  });
}

test('an agent without a schedule is never silent', () => {
  const facts = {
    agent: agent({ schedule: null }),
    instances: [instance(ran)],
    crashLimit: 5,
    longestGapSeconds: null,
  };
  assert.equal(healthOf({ ...facts, now: NOW + 1e10 }).state, 'healthy');
});

test('the last activity and the last success are read from slots and journals', () => {
  const record = { slot: 's', attempt: 1, startedAt: NOW, durationMs: 5, costMicros: 0, earnedMicros: 0, note: '' };
  const journal = [
    { ...record, outcome: 'succeeded' as const },
    { ...record, outcome: 'failed' as const, startedAt: NOW + 50 },
  ];
  assert.equal(lastActivity(instance({ journal, floor: 7 })), NOW + 55);
  assert.equal(lastActivity(instance()), 0);
  assert.equal(lastSuccess([instance({ journal }), instance()]), NOW + 5);
  assert.equal(lastSuccess([instance()]), null);
});

test('a task near its memory is degraded, with what to do; an illness stays one, and less than nine tenths are well', () => {
  const well = { state: 'healthy', reasons: [] } as const;
  const use = (peakMemoryMb: number) => [{ number: 2, peakMemoryMb, memoryMb: 1024 }];
  assert.deepEqual(withMemory(well, use(921)), well);
  assert.deepEqual(withMemory(well, use(922)), {
    state: 'degraded',
    reasons: ['instance 2: its last run used 922 of 1024 MB; give it more with: nova agent update --memory'],
  });
  const ill = withMemory({ state: 'unhealthy', reasons: ['5 crashes'] }, use(1024));
  assert.deepEqual([ill.state, ill.reasons.length], ['unhealthy', 2]);
  assert.equal(withMemory({ state: 'unknown', reasons: ['no run yet'] }, use(1024)).reasons.length, 1);
});
