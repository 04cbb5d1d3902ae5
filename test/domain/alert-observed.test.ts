/** What an alert about an agent needs before it is raised: time for the first revenue, and tasks that have had time to start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from '../../shared/domain/agent.ts';
import type { Alert } from '../../shared/domain/alert/alert.ts';
import { dueOf, PLAIN_CHANNEL } from '../../shared/domain/alert/channel.ts';
import {
  type AlertAgent,
  type AlertFacts,
  findingsOf,
  isObserved,
  OBSERVE_MS,
} from '../../shared/domain/alert/rules.ts';
import { DRIFT_MS, type KeptTask, taskDrift } from '../../shared/domain/alert/task-drift.ts';
import type { Instance } from '../../shared/domain/instance.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const AGENT: AlertAgent = {
  ...{ id: 'a', status: 'active', instances: 1, activeInstances: 1, updatedAt: 0, halted: false, turnedAt: 0 },
  ...{ runs: 11, costMicros: 1_000_000, roiBps: -10_000, observed: true, tasks: null, missed: null },
  ...{ judgedRuns: 11, judgedCrashes: 0, lastCrash: '' },
};
const NOTHING: AlertFacts = {
  ...{
    now: NOW,
    watchedSince: 0,
    agents: [],
    budgets: [],
    queues: null,
    approvals: [],
    decidedAt: NOW,
    decideEverySeconds: 3600,
  },
  ...{ stuckTasks: [], longestRun: null, refused: [], ledgerFaults: [], auditGaps: [], channels: [], wentBack: '' },
};
const found = (change: Partial<AlertAgent>): string[] =>
  findingsOf({ ...NOTHING, agents: [{ ...AGENT, ...change }] }).map(({ rule, message }) => `${rule} ${message}`);

test('an agent that has never earned is judged when its first revenue is overdue, one that has at once', () => {
  const born = { createdAt: NOW - OBSERVE_MS + 1 };
  assert.equal(isObserved({ ...born, hasEarned: false }, NOW), false);
  assert.equal(isObserved({ ...born, hasEarned: false }, NOW + 1), true);
  assert.equal(isObserved({ createdAt: NOW, hasEarned: true }, NOW), true);
  assert.deepEqual(found({ observed: false }), []);
  assert.match(found({ observed: true }).join(), /^negative_roi a: ROI -100 % after 11 runs/);
  // That it crashes can be said from the first day.
  assert.match(found({ observed: false, judgedCrashes: 3 }).join(), /^high_crash_rate/);
});

/** Rules that a world of facts raises, in their order. */
const rules = (change: Partial<AlertFacts>): string[] =>
  findingsOf({ ...NOTHING, ...change }).map(({ rule, subject }) => `${rule} ${subject}`);

test('the four old rules ring at their numbers and not one before', () => {
  const money = (runs: number, roiBps: number): string[] =>
    found({ runs, roiBps }).map((one) => one.split(' ')[0] ?? '');
  assert.deepEqual([money(10, -1), money(11, -1)], [[], ['negative_roi']]);
  assert.deepEqual([money(11, 0), money(11, 9_999), money(11, 10_000)], [['low_roi'], ['low_roi'], []]);
  const crashes = (judgedRuns: number, judgedCrashes: number): number =>
    found({ roiBps: null, judgedRuns, judgedCrashes }).length;
  assert.deepEqual([crashes(10, 10), crashes(15, 3), crashes(14, 3), crashes(11, 3)], [0, 0, 1, 1]);
  const budget = (percent: number): string[] =>
    rules({ budgets: [{ id: 'fleet', percent, used: '$1', limit: '$2' }] }).map((one) => one.split(' ')[0] ?? '');
  assert.deepEqual([79, 80, 99, 100].map(budget), [[], ['budget_warning'], ['budget_warning'], ['budget_exceeded']]);
});

test('queues ring for a dead letter, for half an hour of waiting, and for more than a thousand that wait', () => {
  const IDLE = { name: 'runs', visible: 0, dead: 0, oldestSeconds: 0, reason: '' };
  const queue = (change: Partial<typeof IDLE>, watchedSince = 0): string[] =>
    rules({ queues: [{ ...IDLE, ...change }], watchedSince });
  assert.deepEqual(queue({}), []);
  assert.deepEqual(queue({ dead: 1 }), ['dead_letters runs']);
  assert.deepEqual([queue({ oldestSeconds: 1_799 }), queue({ oldestSeconds: 1_800 })], [[], ['oldest_message runs']]);
  assert.deepEqual([queue({ visible: 1_000 }), queue({ visible: 1_001 })], [[], ['backlog runs']]);
  // One cause, one alert; and what lay there over a night in which the machine was off has just begun to wait.
  assert.deepEqual(queue({ oldestSeconds: 1_800, visible: 5_000 }), ['oldest_message runs']);
  assert.deepEqual(queue({ oldestSeconds: 30_000 }, NOW - 60_000), []);
});

test('decisions are missed after two cycles and a quarter, counted from when somebody was there to make them', () => {
  const passed = (hours: number, watchedSince = 0): string[] =>
    rules({ decidedAt: NOW - hours * 3_600_000, watchedSince });
  assert.deepEqual([passed(2.25), passed(2.26)], [[], ['decisions_silent fleet']]);
  assert.deepEqual(passed(9, NOW - 2 * 3_600_000), []);
});

test('an alert about something shared names who is most of it', () => {
  const fleet = { id: 'fleet', percent: 100, used: '$10.00', limit: '$10.00', mostBy: 'shop: $9.10' };
  const longestRun = { agentId: 'stuck', number: 0, startedAt: NOW - 40 * 60_000 };
  const queues = [{ name: 'runs', visible: 0, dead: 0, oldestSeconds: 1_900, reason: '' }];
  assert.deepEqual(
    findingsOf({ ...NOTHING, budgets: [fleet], queues, longestRun }).map(({ message }) => message),
    [
      'fleet: $10.00 of $10.00 are used, 100 %. Most by shop: $9.10.',
      'runs: the oldest message waits for 31 min. The longest run in progress: instance 0 of stuck, for 40 min (nova agent show stuck).',
    ],
  );
});

const agent = (change: Partial<Agent> = {}): Agent =>
  ({
    id: 'a',
    status: 'active',
    instances: 2,
    continuous: true,
    compute: 'fargate',
    updatedAt: NOW - 2 * DRIFT_MS,
    ...change,
  }) as Agent;
const instance = (number: number, change: Partial<Instance> = {}): Instance =>
  ({
    agentId: 'a',
    number,
    status: 'active',
    coolingUntil: 0,
    journal: [],
    run: null,
    ...change,
  }) as unknown as Instance;
const task = (number: number, change: Partial<KeptTask> = {}): KeptTask => ({
  ...{ agentId: 'a', number, createdAt: NOW - 2 * DRIFT_MS, stopping: false },
  ...change,
});
type Case = Partial<{ agent: Agent; instances: readonly Instance[]; tasks: readonly KeptTask[]; now: number }>;
const drift = (change: Case): string => {
  const facts = {
    agent: agent(),
    instances: [instance(0), instance(1)],
    tasks: [task(0), task(1)],
    now: NOW,
    watchedSince: 0,
    ...change,
  };
  const seen = taskDrift(facts);
  return seen ? `${seen.running}/${seen.wanted} -${seen.missing} +${seen.extra}` : 'none';
};

test('a task that ECS does not have is missing when nothing has kept it from starting for a quarter of an hour', () => {
  assert.equal(drift({}), '2/2 -0 +0');
  assert.equal(drift({ tasks: [task(0)] }), '1/2 -1 +0');
  const ended = (ago: number): Instance =>
    instance(1, {
      journal: [{ outcome: 'crashed', startedAt: NOW - ago - 5, durationMs: 5 }] as unknown as Instance['journal'],
    });
  assert.equal(drift({ tasks: [task(0)], instances: [instance(0), ended(DRIFT_MS - 1)] }), '1/2 -0 +0');
  assert.equal(drift({ tasks: [task(0)], instances: [instance(0), ended(DRIFT_MS)] }), '1/2 -1 +0');
  for (const kept of [
    instance(1, { coolingUntil: NOW + 1 }),
    instance(1, { coolingUntil: NOW - DRIFT_MS + 1 }),
    instance(1, { status: 'halted' }),
    instance(1, { journal: [{ outcome: 'refused', startedAt: 0, durationMs: 0 }] as unknown as Instance['journal'] }),
    instance(1, { run: { leaseUntil: NOW + 1 } as Instance['run'] }),
  ]) {
    assert.equal(drift({ tasks: [task(0)], instances: [instance(0), kept] }), '1/2 -0 +0');
  }
  assert.equal(drift({ tasks: [], agent: agent({ updatedAt: NOW - DRIFT_MS + 1 }) }), '0/2 -0 +0');
});

test('a task that nobody wants is too much: beyond the number, twice for one instance, or of an agent that is no more', () => {
  assert.equal(drift({ agent: agent({ instances: 1 }) }), '2/1 -0 +1');
  assert.equal(drift({ tasks: [task(0), task(0), task(1)] }), '3/2 -0 +1');
  assert.equal(drift({ agent: agent({ status: 'retired' }) }), '2/0 -0 +2');
  assert.equal(drift({ agent: agent({ status: 'retired' }), tasks: [task(0, { stopping: true })] }), '0/0 -0 +0');
  assert.equal(drift({ agent: agent({ instances: 1 }), tasks: [task(0), task(1, { createdAt: NOW })] }), '2/1 -0 +0');
  const { continuous, ...scheduled } = agent();
  assert.equal(drift({ agent: scheduled, tasks: [] }), 'none');
  assert.equal(drift({ agent: scheduled, tasks: [task(0)] }), '1/0 -0 +1');
});

test('what a kill switch stops is no drift, nor is what it has just let go', () => {
  const stopped = { roiBps: null, activeInstances: 0 };
  assert.deepEqual(found(stopped), ['drift a: 0 of 1 instances are active.']);
  assert.deepEqual(found({ ...stopped, halted: true, turnedAt: NOW - 2 * DRIFT_MS }), []);
  assert.deepEqual(found({ ...stopped, turnedAt: NOW - DRIFT_MS + 1 }), []);
  assert.equal(found({ ...stopped, turnedAt: NOW - DRIFT_MS }).length, 1);
});

test('what tasks differ by is said once, and of a retired agent too', () => {
  const tasks = { wanted: 2, running: 1, missing: 1, extra: 0 };
  assert.deepEqual(found({ roiBps: null, tasks }), ['drift a: 1 tasks run, 2 are wanted (1 missing).']);
  assert.equal(found({ roiBps: null, tasks, activeInstances: 0 }).length, 1);
  const left = { wanted: 0, running: 2, missing: 0, extra: 2 };
  assert.deepEqual(found({ status: 'retired', activeInstances: 0, tasks: left }), [
    'drift a: 2 tasks run, 0 are wanted (2 that nobody wants).',
  ]);
  assert.deepEqual(found({ roiBps: null, tasks: { wanted: 2, running: 1, missing: 0, extra: 0 } }), []);
});

test('a request that waits is told by its own reminder over mail, and by the alert everywhere else', () => {
  const channels = (['email', 'slack', 'sms', 'webhook', 'bus'] as const).map((kind) => ({
    ...PLAIN_CHANNEL,
    name: kind,
    kind,
  }));
  const WAITING: Alert = {
    ...{ id: 'approval_waiting:x', rule: 'approval_waiting', subject: 'x', severity: 'warning', state: 'open' },
    ...{ episode: 1, message: 'm', raisedAt: NOW, ackedAt: null, ackedBy: '', resolvedAt: null, goneSince: null },
    ...{ replaced: false, version: 1, told: [], marks: [] },
  };
  const told = (rule: 'approval_waiting' | 'drift'): string[] =>
    dueOf([{ ...WAITING, rule }], channels, { now: NOW, minuteOfDay: 0 }).map(({ channel }) => channel.name);
  assert.deepEqual(told('approval_waiting'), ['slack', 'sms', 'webhook', 'bus']);
  assert.deepEqual(told('drift'), ['email', 'slack', 'sms', 'webhook', 'bus']);
});
