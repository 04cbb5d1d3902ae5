/** Desired against actual, as a table of steps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Agent } from '../../shared/domain/agent.ts';
import type { Instance, InstanceStatus } from '../../shared/domain/instance.ts';
import { type Actual, type InstanceSchedule, reconcile, type Step } from '../../shared/domain/reconcile.ts';
import { agent, HOURLY, instance } from '../fixtures/agent-facts.ts';

const inst = (number: number, status: InstanceStatus = 'active', more: Partial<Instance> = {}): Instance =>
  instance({ number, status, ...more });
const tick = (n: number, flexibleMinutes = n === 0 ? 0 : 15): InstanceSchedule => ({
  ...{ name: `shop-${n}`, agentId: 'shop', instance: n },
  ...{ schedule: HOURLY, flexibleMinutes },
});
const brief = (step: Step): string => {
  if (step.do === 'create_instance') return `create ${step.number}`;
  if (step.do === 'set_instance') return `${step.status} ${step.number}${step.clearCrashes ? ' anew' : ''}`;
  return step.do === 'put_schedule' ? `put ${step.schedule.name}` : `delete ${step.name}`;
};

type Row = readonly [
  sentence: string,
  desired: Partial<Agent>,
  instances: readonly Instance[],
  schedules: readonly InstanceSchedule[],
  steps: readonly string[],
];
const ROWS: readonly Row[] = [
  ['a new agent gets its instance, then its schedule', {}, [], [], ['create 0', 'put shop-0']],
  ['what is as desired needs no step', {}, [inst(0)], [tick(0)], []],
  [
    'scaling up adds instances, then schedules',
    { instances: 3 },
    [inst(0)],
    [tick(0)],
    ['create 1', 'create 2', 'put shop-1', 'put shop-2'],
  ],
  [
    'scaling down pauses the surplus before its schedules go',
    { instances: 1 },
    [inst(0), inst(1), inst(2)],
    [tick(0), tick(1), tick(2)],
    ['paused 1', 'paused 2', 'delete shop-1', 'delete shop-2'],
  ],
  [
    'scaling up again wakes the surplus',
    { instances: 2 },
    [inst(0), inst(1, 'paused')],
    [tick(0)],
    ['active 1 anew', 'put shop-1'],
  ],
  [
    'a pause closes the door first, then takes the schedules',
    { status: 'paused', instances: 2 },
    [inst(0), inst(1)],
    [tick(0), tick(1)],
    ['paused 0', 'paused 1', 'delete shop-0', 'delete shop-1'],
  ],
  ['a paused agent needs nothing more', { status: 'paused' }, [inst(0, 'paused')], [], []],
  [
    'a resumed one starts anew',
    {},
    [inst(0, 'paused', { crashStreak: 5, coolingUntil: 9, probes: 2 })],
    [],
    ['active 0 anew', 'put shop-0'],
  ],
  [
    'a retired one is retired in all instances, surplus included',
    { status: 'retired' },
    [inst(0), inst(1, 'paused')],
    [tick(0)],
    ['retired 0', 'retired 1', 'delete shop-0'],
  ],
  ['what is retired is not retired twice', { status: 'retired' }, [inst(0, 'retired', { specVersion: 0 })], [], []],
  ['a retired one that never had instances needs nothing', { status: 'retired' }, [], [], []],
  ['a draft is not started', { status: 'draft' }, [], [], []],
  ['without a schedule only instances are made', { schedule: null, instances: 2 }, [], [], ['create 0', 'create 1']],
  ['a schedule that was taken away goes', { schedule: null }, [inst(0)], [tick(0)], ['delete shop-0']],
  ['a schedule that someone deleted comes back', {}, [inst(0)], [], ['put shop-0']],
  [
    'a schedule that someone changed is put right',
    {},
    [inst(0)],
    [{ ...tick(0), schedule: { ...HOURLY, expression: 'rate(1 minute)' } }],
    ['put shop-0'],
  ],
  ['so is a zone', {}, [inst(0)], [{ ...tick(0), schedule: { ...HOURLY, timezone: 'Asia/Tokyo' } }], ['put shop-0']],
  ['so is a window', { instances: 2 }, [inst(0), inst(1)], [tick(0), tick(1, 0)], ['put shop-1']],
  ['a schedule that nobody wants goes', {}, [inst(0)], [tick(0), { ...tick(7), name: 'shop-7' }], ['delete shop-7']],
  ['a new version of the config reaches every instance', { specVersion: 2 }, [inst(0)], [tick(0)], ['active 0']],
  [
    'a hole among the instances is filled',
    { instances: 3 },
    [inst(0), inst(2)],
    [tick(0), tick(1), tick(2)],
    ['create 1'],
  ],
];

for (const [sentence, desired, instances, schedules, steps] of ROWS) {
  test(sentence, () => {
    const found = reconcile(agent(desired), { instances, schedules, intervalSeconds: 3600 });
    assert.deepEqual(found.map(brief), steps);
  });
}

test('the window is fifteen minutes, half the interval when that is less, and none for the first', () => {
  const windows = (intervalSeconds: number | null): number[] =>
    reconcile(agent({ instances: 2 }), { instances: [], schedules: [], intervalSeconds }).flatMap((step) =>
      step.do === 'put_schedule' ? [step.schedule.flexibleMinutes] : [],
    );
  assert.deepEqual(windows(86_400), [0, 15]);
  assert.deepEqual(windows(1800), [0, 15]);
  assert.deepEqual(windows(1799), [0, 14]);
  assert.deepEqual(windows(300), [0, 2]);
  assert.deepEqual(windows(60), [0, 0]);
  assert.deepEqual(windows(null), [0, 0]);
});

/** What the world would be after the steps. */
function stepped(actual: Actual, steps: readonly Step[], specVersion: number): Actual {
  const instances = new Map(actual.instances.map((one) => [one.number, one]));
  const schedules = new Map(actual.schedules.map((one) => [one.name, one]));
  for (const step of steps) {
    if (step.do === 'create_instance') instances.set(step.number, instance({ number: step.number, specVersion }));
    if (step.do === 'set_instance')
      instances.set(step.number, instance({ number: step.number, status: step.status, specVersion }));
    if (step.do === 'put_schedule') schedules.set(step.schedule.name, step.schedule);
    if (step.do === 'delete_schedule') schedules.delete(step.name);
  }
  return { ...actual, instances: [...instances.values()], schedules: [...schedules.values()] };
}

const status = fc.constantFrom('active' as const, 'paused' as const, 'retired' as const);
const world = fc.record({
  desired: fc.record({
    status: fc.constantFrom('draft' as const, 'active' as const, 'paused' as const, 'retired' as const),
    instances: fc.integer({ min: 1, max: 6 }),
    schedule: fc.constantFrom(HOURLY, null),
  }),
  instances: fc.uniqueArray(fc.tuple(fc.nat({ max: 7 }), status), { selector: ([n]) => n, maxLength: 8 }),
  schedules: fc.uniqueArray(fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 15 })), { selector: ([n]) => n, maxLength: 8 }),
});

test('once done there is nothing left to do, and stopping anywhere in between does no harm', () => {
  fc.assert(
    fc.property(world, fc.nat(), ({ desired, instances, schedules }, crash) => {
      const wanted = agent(desired);
      const actual: Actual = {
        instances: instances.map(([n, state]) => inst(n, state)),
        schedules: schedules.map(([n, minutes]) => tick(n, minutes)),
        intervalSeconds: 3600,
      };
      const steps = reconcile(wanted, actual);
      const done = stepped(actual, steps, 1);
      assert.deepEqual(reconcile(wanted, done), []);
      const half = stepped(actual, steps.slice(0, steps.length === 0 ? 0 : crash % steps.length), 1);
      const rest = stepped(half, reconcile(wanted, half), 1);
      const sorted = (one: Actual): unknown => [
        [...one.instances].sort((a, b) => a.number - b.number),
        [...one.schedules].sort((a, b) => a.instance - b.instance),
      ];
      assert.deepEqual(sorted(rest), sorted(done));
      const live = done.instances.filter((one) => one.status === 'active');
      assert.equal(live.length, wanted.status === 'active' ? wanted.instances : 0);
      for (const { instance: n } of done.schedules) assert.ok(live.some(({ number }) => number === n));
    }),
    { numRuns: 1000 },
  );
});
