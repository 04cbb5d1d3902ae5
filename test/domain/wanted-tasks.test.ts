/** Tasks that should be against tasks that are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent, AgentSpec } from '../../shared/domain/agent.ts';
import type { ActiveRun, Instance } from '../../shared/domain/instance.ts';
import { tickMs, tickSlot } from '../../shared/domain/run.ts';
import { type SeenTask, type TaskFacts, taskSteps } from '../../shared/domain/wanted-tasks.ts';
import { agent as agentOf, instance as instanceOf } from '../fixtures/agent-facts.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
/** Two leases of 60 s: starts of one such turn are one slot. */
const TURN = tickSlot(NOW - (NOW % 120_000));
const agent: Agent = agentOf({ id: 'digger', instances: 2, compute: 'fargate', continuous: true, specVersion: 1 });
const spec: AgentSpec = {
  ...{ agentId: 'digger', version: 1, blueprint: 'lab.scripted', config: {}, holdMicros: 1, timeoutSeconds: 3600 },
  ...{ crashLimit: 5, cooldownSeconds: 300, overlap: 'skip', restSeconds: 0 },
  task: { kind: 'fargate', cpuUnits: 256, memoryMb: 512, gpus: 0, spot: false, nanosPerSecond: 1 },
};
const instance = (number: number, change: Partial<Instance> = {}): Instance =>
  instanceOf({ agentId: 'digger', number, specVersion: 1, fence: 4, ...change });
const kept = (number: number, change: Partial<SeenTask> = {}): SeenTask => ({
  ...{ taskId: `k${number}`, stopping: false, createdAt: NOW - MINUTE, agentId: 'digger', number, fence: null },
  ...{ specVersion: 1, ...change },
});
const ofRun = (change: Partial<SeenTask> = {}): SeenTask =>
  kept(0, { taskId: 'r', fence: 4, specVersion: null, ...change });
const steps = (change: Partial<TaskFacts> = {}) =>
  taskSteps({
    ...{ agents: [agent], specs: new Map([['digger', spec]]), instances: [instance(0), instance(1)], tasks: [] },
    ...{ leaseSeconds: 60, now: NOW, ...change },
  });
const starting = (...numbers: number[]) =>
  numbers.map((number) => ({ do: 'start', agentId: 'digger', number, slot: TURN, attempt: 1 }));
const stopped = (list: ReturnType<typeof steps>) =>
  list.flatMap((step) => (step.do === 'stop' ? [`${step.taskId}: ${step.reason}`] : []));
const RUN: ActiveRun = {
  ...{ slot: 'a', holder: 'task:r', startedAt: NOW, leaseUntil: NOW + MINUTE, callSeq: 0, holdMicros: 1 },
  ...{ holdLeftMicros: 1, sentMicros: 0, sentTokens: 0, others: { usd: 0, tokens: 0, runs: 0, seconds: 0 } },
};

test('every active instance of an agent that is kept running has one task', () => {
  assert.deepEqual(steps(), starting(0, 1));
  assert.deepEqual(steps({ tasks: [kept(0)] }), starting(1));
  assert.deepEqual(steps({ tasks: [kept(0), kept(1)] }), []);
});

test('no task is started for an instance that cools, is paused, has an old config, or is still worked on', () => {
  const held = [instance(0, { coolingUntil: NOW + 1 }), instance(1, { status: 'paused' })];
  assert.deepEqual(steps({ instances: held }), []);
  assert.deepEqual(steps({ instances: [instance(0, { specVersion: 0 }), instance(1, { run: RUN })] }), []);
  assert.deepEqual(steps({ instances: [instance(0, { run: { ...RUN, leaseUntil: NOW } })] }), starting(0));
});

test('who was refused is left alone for a while, unless that was because somebody else was at work', () => {
  const refused = (agoMs: number, note = 'budget_reached') => [
    instance(0, {
      journal: [
        {
          ...{ slot: 'a', outcome: 'refused', attempt: 1, startedAt: NOW - agoMs, durationMs: 0, costMicros: 0 },
          ...{ earnedMicros: 0, note },
        },
      ],
    }),
  ];
  assert.deepEqual(steps({ instances: refused(MINUTE, 'overlap') }), starting(0));
  assert.deepEqual(steps({ instances: refused(14 * MINUTE) }), []);
  assert.deepEqual(steps({ instances: refused(15 * MINUTE) }), starting(0));
});

test('what is too much is stopped: surplus instances, second tasks, old versions, agents that no longer run', () => {
  const one = { ...agent, instances: 1 };
  assert.deepEqual(stopped(steps({ agents: [one], tasks: [kept(0), kept(1)] })), ['k1: scaled to 1']);
  const twin = kept(0, { taskId: 'younger', createdAt: NOW });
  assert.deepEqual(stopped(steps({ tasks: [twin, kept(0), kept(1)] })), ['younger: its instance has another task']);
  const newer = { ...agent, specVersion: 2 };
  assert.deepEqual(stopped(steps({ agents: [newer], tasks: [kept(0)] })), ['k0: replaced by version 2']);
  for (const status of ['paused', 'retired'] as const) {
    const [stop] = stopped(steps({ agents: [{ ...agent, status }], tasks: [kept(0)] }));
    assert.equal(stop, `k0: its agent is ${status}`);
  }
  const halted = [instance(0, { status: 'halted' }), instance(1)];
  assert.deepEqual(stopped(steps({ instances: halted, tasks: [kept(0), kept(1)] })), ['k0: its instance is halted']);
});

test('a replacement waits until the task before it is gone', () => {
  const newer = { ...agent, instances: 1, specVersion: 2 };
  const instances = [instance(0, { specVersion: 2 })];
  assert.deepEqual(steps({ agents: [newer], instances, tasks: [kept(0)] }), [
    { do: 'stop', taskId: 'k0', reason: 'replaced by version 2' },
  ]);
  assert.deepEqual(steps({ agents: [newer], instances, tasks: [kept(0, { stopping: true })] }), []);
  assert.deepEqual(steps({ agents: [newer], instances }), starting(0));
});

test('a scaled agent and a whole fleet come up in turns', () => {
  const many = { ...agent, instances: 50 };
  const instances = Array.from({ length: 50 }, (_, number) => instance(number));
  assert.equal(steps({ agents: [many], instances }).length, 5);
  const agents = Array.from({ length: 6 }, (_, n) => ({ ...many, id: `a${n}` }));
  const fleet = agents.flatMap(({ id }) => instances.map((one) => ({ ...one, agentId: id })));
  assert.equal(steps({ agents, instances: fleet }).length, 10);
  const full = Array.from({ length: 99 }, (_, n) => kept(n, { taskId: `t${n}`, agentId: 'other' }));
  const others = [...agents, { ...many, id: 'other', instances: 99 }];
  const started = steps({ agents: others, instances: fleet, tasks: full }).filter((step) => step.do === 'start');
  assert.equal(started.length, 1);
});

test('a task of a run that has gone is an orphan after two leases, never before', () => {
  const scheduled = { ...agent, continuous: undefined } as unknown as Agent;
  const facts = { agents: [scheduled], instances: [instance(0)] };
  assert.deepEqual(steps({ ...facts, tasks: [ofRun({ createdAt: NOW - 2 * MINUTE })] }), []);
  assert.deepEqual(stopped(steps({ ...facts, tasks: [ofRun({ createdAt: NOW - 2 * MINUTE - 1 })] })), [
    'r: it has no run',
  ]);
  assert.deepEqual(stopped(steps({ ...facts, instances: [], tasks: [ofRun({ createdAt: 0 })] })), [
    'r: it outlived its time-out',
  ]);
  const working = [instance(0, { run: RUN })];
  assert.deepEqual(steps({ ...facts, instances: working, tasks: [ofRun({ createdAt: NOW - 30 * MINUTE })] }), []);
  const retired = [instance(0, { run: RUN, status: 'retired' })];
  assert.deepEqual(stopped(steps({ ...facts, instances: retired, tasks: [ofRun()] })), ['r: its instance is retired']);
});

test('a task that outlives what was set aside for it is stopped, and one that is stopping is left to it', () => {
  const facts = { instances: [instance(0, { run: RUN })], agents: [{ ...agent, instances: 1 }] };
  const bound = (3600 + 300) * 1000;
  assert.deepEqual(steps({ ...facts, tasks: [ofRun({ createdAt: NOW - bound })] }), []);
  assert.deepEqual(stopped(steps({ ...facts, tasks: [ofRun({ createdAt: NOW - bound - 1 })] })), [
    'r: it outlived its time-out',
  ]);
  assert.deepEqual(steps({ ...facts, tasks: [ofRun({ stopping: true, createdAt: NOW - 3 * bound })] }), []);
});

test('a start that ECS does not show yet is not repeated: its claim is there, and until then it is the same slot', () => {
  const facts = { agents: [{ ...agent, instances: 1 }] };
  const asked = steps({ ...facts, instances: [instance(0)], now: NOW });
  assert.deepEqual(steps({ ...facts, instances: [instance(0)], now: NOW + MINUTE }), asked, 'not claimed yet');
  const claimed = instance(0, { run: { ...RUN, holder: 'i1', leaseUntil: NOW + 5 * MINUTE } });
  assert.deepEqual(steps({ ...facts, instances: [claimed] }), [], 'claimed, its task not listed');
});

test('who ended a cycle a moment ago may rest in a task that is not listed yet, and is waited for as long as a lease', () => {
  const ended = (agoMs: number, change: Partial<Instance> = {}) => [
    instance(0, {
      journal: [
        {
          ...{ slot: 'a', outcome: 'crashed', attempt: 1, startedAt: NOW - agoMs - 2_000, durationMs: 2_000 },
          ...{ costMicros: 0, earnedMicros: 0, note: 'boom' },
        },
      ],
      ...change,
    }),
  ];
  assert.deepEqual(steps({ instances: ended(MINUTE - 1) }), []);
  assert.equal(steps({ instances: ended(MINUTE) }).length, 1);
  const lost = { [tickSlot(NOW - MINUTE)]: { attempts: 1, lostMicros: 0 } };
  assert.equal(steps({ instances: ended(1_000, { tries: lost }) }).length, 1, 'a lost cycle waits for nobody');
});

test('a start comes after every cycle that has closed, and takes up what was lost first', () => {
  const one = { agents: [{ ...agent, instances: 1 }] };
  const slotOf = (change: Partial<Instance>) => {
    const [step] = steps({ ...one, instances: [instance(0, change)] });
    return step?.do === 'start' ? { ms: tickMs(step.slot), attempt: step.attempt } : assert.fail();
  };
  assert.deepEqual(slotOf({ recent: [tickSlot(NOW + 7)] }), { ms: NOW + 8, attempt: 1 });
  assert.deepEqual(slotOf({ floor: NOW + 5 }), { ms: NOW + 6, attempt: 1 });
  const lost = tickSlot(NOW - 9 * MINUTE);
  const tries = { 'mreq-0': { attempts: 1, lostMicros: 0 }, [lost]: { attempts: 2, lostMicros: 1 } };
  assert.deepEqual(slotOf({ tries, floor: NOW }), { ms: NOW - 9 * MINUTE, attempt: 3 });
});

test('a task whose heart stopped is stopped, and another one is not kept waiting for it', () => {
  const facts = { agents: [{ ...agent, instances: 1 }], instances: [instance(0, { lastLostTask: 'k0' })] };
  const both = steps({ ...facts, tasks: [kept(0)] });
  assert.deepEqual(stopped(both), ['k0: its heart stopped']);
  assert.deepEqual(both.slice(1), starting(0));
  assert.deepEqual(steps({ ...facts, tasks: [kept(0, { stopping: true })] }), starting(0));
  assert.deepEqual(steps({ ...facts, tasks: [kept(0, { taskId: 'other' })] }), [], 'somebody else is there');
});

test('a task that neither works nor rests is taken for dead ten minutes after it should have begun a cycle', () => {
  const facts = { agents: [{ ...agent, instances: 1 }], specs: new Map([['digger', { ...spec, restSeconds: 60 }]]) };
  const after = (ms: number, change: Partial<Instance> = {}) =>
    steps({ ...facts, instances: [instance(0, change)], tasks: [kept(0, { createdAt: NOW - ms })] });
  assert.deepEqual(after(11 * MINUTE), []);
  assert.deepEqual(stopped(after(11 * MINUTE + 1)), ['k0: it begins no cycle']);
  assert.deepEqual(after(60 * MINUTE, { run: RUN }), [], 'at work');
  assert.deepEqual(after(60 * MINUTE, { recent: [tickSlot(NOW - 10 * MINUTE)] }), [], 'it has just rested');
});

test('a task that never took over the cycle it was started for is not waited for once that was given up', () => {
  const first = { slot: 'a', fence: 4 };
  const given = instance(0, { tries: { a: { attempts: 1, lostMicros: 1 } } });
  const facts = { agents: [{ ...agent, instances: 1 }], tasks: [kept(0, { first })] };
  const after = steps({ ...facts, instances: [given] });
  assert.deepEqual(stopped(after), ['k0: its heart stopped']);
  assert.equal(after.filter((step) => step.do === 'start').length, 1);
  assert.deepEqual(steps({ ...facts, instances: [instance(0)] }), [], 'resting after its cycle');
  assert.deepEqual(steps({ ...facts, instances: [{ ...given, fence: 5 }] }), [], 'at work on another one since');
  assert.deepEqual(steps({ ...facts, instances: [{ ...given, run: RUN }] }), [], 'taken up again');
});
