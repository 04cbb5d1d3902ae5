/** Tasks that should be gone: told from what ECS says, and where it says nothing, from the lease. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentSpec } from '../../shared/domain/agent.ts';
import { type StuckFacts, stuckTasks, type WatchedTask } from '../../shared/domain/alert/stuck-tasks.ts';
import type { ActiveRun } from '../../shared/domain/instance.ts';
import { instance } from '../fixtures/agent-facts.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const spec: AgentSpec = {
  ...{ agentId: 'shop', version: 1, blueprint: 'lab.scripted', config: {}, holdMicros: 1, timeoutSeconds: 3_600 },
  ...{ crashLimit: 5, cooldownSeconds: 300, overlap: 'skip' },
  task: { kind: 'fargate', cpuUnits: 256, memoryMb: 512, gpus: 0, spot: false, nanosPerSecond: 4_000 },
};
/** The time-out, and what is held beyond it. */
const LONGEST = 65 * MINUTE;
const task = (change: Partial<WatchedTask> = {}): WatchedTask => ({
  ...{ taskId: 't1', agentId: 'shop', number: 0, createdAt: NOW - MINUTE, stopping: false, stoppingAt: null },
  ...{ kept: false, ...change },
});
const run = (change: Partial<ActiveRun> = {}): ActiveRun => ({
  ...{ slot: 'a', holder: 'task:t1', startedAt: NOW - MINUTE, leaseUntil: NOW + MINUTE, callSeq: 0, holdMicros: 1 },
  ...{ holdLeftMicros: 1, sentMicros: 0, sentTokens: 0, others: { usd: 0, tokens: 0, runs: 0, seconds: 0 } },
  ...change,
});
const told = (change: Partial<StuckFacts>): string[] =>
  stuckTasks({ tasks: [], instances: [], specs: new Map([['shop', spec]]), now: NOW, ...change }).map(
    ({ message }) => message,
  );

test('a task that was asked to stop has five minutes: two of grace, and its network to be taken down', () => {
  const asked = (agoMs: number, change: Partial<WatchedTask> = {}) =>
    told({ tasks: [task({ stopping: true, stoppingAt: NOW - agoMs, ...change })] });
  assert.deepEqual(asked(5 * MINUTE - 1), []);
  assert.deepEqual(asked(5 * MINUTE), [
    'Task t1 of shop was asked to stop 5 min ago and has not. It costs $0.0144 an hour, which nobody has set aside.',
  ]);
  assert.equal(asked(5 * MINUTE, { kept: true }).length, 1, 'one that is kept running as well');
  assert.deepEqual(told({ tasks: [task({ stopping: true })] }), [], 'nobody says since when');
});

test('a task that cannot even be asked is told of once all that was held for it is over', () => {
  const aged = (ms: number, kept = false) => told({ tasks: [task({ createdAt: NOW - ms, kept })] });
  assert.deepEqual(aged(LONGEST + 5 * MINUTE - 1), []);
  assert.match(aged(LONGEST + 5 * MINUTE)[0] ?? '', /^Task t1 of shop is 70 min old and could not be stopped\./);
  assert.deepEqual(aged(LONGEST * 9, true), [], 'one that is kept running has no end of its own');
});

test('where ECS says nothing the lease does: it beats after the end of its run', () => {
  const beating = (change: Partial<ActiveRun>) => told({ instances: [instance({ run: run(change) })] });
  assert.deepEqual(beating({ startedAt: NOW - LONGEST - 5 * MINUTE + 1 }), []);
  const [late] = beating({ startedAt: NOW - LONGEST - 5 * MINUTE, holder: 'task:t1.7' });
  assert.match(late ?? '', /^Task t1 of shop has worked on one run for 70 min and does not end\./);
  assert.deepEqual(beating({ startedAt: 0, leaseUntil: NOW }), [], 'a lease that is over is recovered');
  assert.deepEqual(beating({ startedAt: 0, holder: 'a-function' }), []);
});

test('one task is told of once, by what ECS says of it', () => {
  const both = told({
    tasks: [task({ stopping: true, stoppingAt: NOW - 9 * MINUTE })],
    instances: [instance({ run: run({ startedAt: 0 }) })],
  });
  assert.equal(both.length, 1);
  assert.match(both[0] ?? '', /asked to stop 9 min ago/);
});
