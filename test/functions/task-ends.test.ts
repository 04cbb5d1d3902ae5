/** How tasks end when nobody wanted them to: Spot takes the machine a minute before the end, or nothing ends the task at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentScope } from '../../shared/domain/budget.ts';
import { taskStopped } from '../../shared/jobs/task-stopped.ts';
import { watchAlerts } from '../../shared/jobs/watch-alerts.ts';
import { watchTasks } from '../../shared/jobs/watch-tasks.ts';
import type { BlueprintHost } from '../../shared/ports/host.ts';
import { listAlerts } from '../../shared/store/alert-store.ts';
import { instanceKey } from '../../shared/store/keys.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import { OPERATOR } from '../fixtures/fleet-world.ts';
import { type Stand, stand, stopped, work } from '../fixtures/task-stand.ts';

const MINUTE = 60_000;
const STEP_MICROS = 1_000;
/** Of a quarter of a processor, half a GB and an address, on Spot: 0.6746 + 0.1483 + 1.3889 µ$. */
const SECOND_MICROS = 2.2119;
const TWO_HOURS = { timeoutSeconds: 7_500, holdMicros: 200_000, schedule: null } as const;

/** 120 minutes of work: each a paid call and a checkpoint. `after` is told how many are done. */
function steps(it: Stand, bought: number[], after: (done: number) => void): BlueprintHost {
  return {
    async execute(order, calls, interruption) {
      const { done: first = 0 } = (order.state ?? {}) as { done?: number };
      for (let done = first; done < 120; ) {
        if (interruption?.signal.aborted) return { outcome: 'interrupted', note: 'asked to stop' };
        it.world.time.advance(MINUTE);
        await calls.mark(STEP_MICROS);
        bought.push(done);
        calls.settle(STEP_MICROS);
        await calls.checkpoint({ done: ++done });
        after(done);
      }
      return { outcome: 'succeeded', note: 'all of it' };
    },
  };
}

for (const how of ['hears the warning', 'is killed without a word'] as const)
  test(`F37: Spot takes its machine in minute 119 of 120 (it ${how}): one minute is done again by nobody, and the price is bounded`, async () => {
    const it = await stand(TWO_HOURS);
    const bought: number[] = [];
    await it.deliver();
    const [first] = it.world.launcher.tasks;
    assert.ok(first);
    const spot = new AbortController();
    const silence = Promise.withResolvers<never>();
    const began = it.world.time.now();
    const host = steps(it, bought, (done) => {
      if (done !== 119) return;
      if (how === 'hears the warning') spot.abort();
      else throw silence;
    });
    const dying: BlueprintHost = {
      execute: (...about) =>
        host
          .execute(...about)
          .catch((thrown: unknown) => (thrown === silence ? silence.promise : Promise.reject(thrown))),
    };
    const interruption = { signal: spot.signal, graceMs: 80_000 };
    const at = { ...it, ports: { ...it.ports, host: dying } as Stand['ports'] };
    const worked = work(at, first, { interruption });
    if (how === 'hears the warning') await worked;
    else {
      while (bought.length < 119) await new Promise(setImmediate);
      for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
    }
    it.world.time.advance(20_000);
    const times = {
      pullStartedAt: new Date(began).toISOString(),
      stoppedAt: new Date(it.world.time.now()).toISOString(),
    };
    const event = { stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.', ...times };
    await taskStopped(stopped(first, event), it.ports);
    const lost = await it.instance();
    assert.deepEqual([lost.run, lost.crashStreak, Object.values(lost.tries)[0]?.attempts], [null, 0, 1]);
    const [again] = it.world.asked;
    assert.ok(again);
    await it.deliver(again);
    const [, second] = it.world.launcher.tasks;
    assert.ok(second);
    await work({ ...it, ports: { ...it.ports, host: steps(it, bought, () => {}) } as Stand['ports'] }, second);
    const [run, ...others] = await it.runs();
    assert.deepEqual([run?.status, run?.attempt, others.length], ['succeeded', 2, 0]);
    assert.deepEqual(
      bought,
      Array.from({ length: 120 }, (_, n) => n),
      'each call was made once',
    );
    // 119 minutes, one more, and twice the time to leave.
    const compute = (run?.costMicros ?? 0) - 120 * STEP_MICROS;
    const least = (119 * 60 + 20 + 60 + 30) * SECOND_MICROS;
    assert.ok(compute >= least && compute <= least + 10 * SECOND_MICROS + 4, `${compute}, at least ${least}`);
  });

test('F38: a task that neither SIGTERM nor SIGKILL ends is charged what was held for it, and no budget breaks', async () => {
  const limitMicros = 1_000_000;
  const it = await stand({ holdMicros: 139_000, schedule: null });
  await setLimit(it.world, { scope: agentScope('shop'), limitMicros, throttled: false }, OPERATOR);
  await it.deliver();
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  const host: BlueprintHost = { execute: () => new Promise(() => undefined) };
  void work({ ...it, ports: { ...it.ports, host } as Stand['ports'] }, task).catch(() => undefined);
  await new Promise(setImmediate);
  const began = it.world.time.now();
  it.world.time.advance(66 * MINUTE);
  // Its heart still beats: it is at work, as far as the table knows.
  const lu = it.world.time.now() + 24 * 60 * MINUTE;
  await it.world.memory.write({ op: 'update', key: instanceKey('shop', 0), set: { lu } });
  await watchTasks(it.ports);
  assert.equal(it.world.launcher.tasks[0]?.stopReason, 'it outlived its time-out');
  it.world.time.advance(10 * 60 * MINUTE);
  assert.equal(await watchTasks(it.ports), 0, 'it was asked once, and nothing else can be done from here');
  const times = {
    pullStartedAt: new Date(began).toISOString(),
    stoppedAt: new Date(it.world.time.now()).toISOString(),
  };
  await taskStopped(stopped(task, { stopCode: 'UserInitiated', ...times }), it.ports);
  const { run, total, slice } = await it.instance();
  // 3,600 s and 300 s beyond, whatever it took; $0.10 of its hold is back.
  assert.deepEqual([run, total.costMicros], [null, Math.ceil(3_900 * SECOND_MICROS)]);
  const budget = [...it.world.memory.items()].find(({ pk }) => pk === `BUDGET#${agentScope('shop')}`);
  assert.equal(Number(budget?.available) + slice.availableMicros + total.costMicros, limitMicros);
});

const QUIET = { queues: async () => null, marks: async () => [] };
const alertsOf = async (it: Stand): Promise<string[]> => {
  await watchAlerts({ ...it.ports, gauges: QUIET });
  return (await listAlerts(it.world.table)).filter(({ rule }) => rule === 'task_stuck').map(({ message }) => message);
};

test('F38: the owner is told of it five minutes after it should have gone, and that it has gone', async () => {
  const it = await stand({ schedule: null });
  await it.deliver();
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  await it.world.launcher.stopTask(task.taskId, 'scaled to 0');
  it.world.time.advance(4 * MINUTE);
  assert.deepEqual(await alertsOf(it), []);
  it.world.time.advance(MINUTE);
  assert.deepEqual(await alertsOf(it), [
    'Task t1 of shop was asked to stop 5 min ago and has not. It costs $0.036 an hour, which nobody has set aside.',
  ]);
  it.world.launcher.end(task.taskId);
  it.world.time.advance(5 * MINUTE);
  await alertsOf(it);
  it.world.time.advance(11 * MINUTE);
  await alertsOf(it);
  assert.deepEqual(
    (await listAlerts(it.world.table)).map(({ rule, state }) => `${rule} ${state}`),
    ['task_stuck resolved'],
  );
});

test('F38: while ECS does not answer at all, the lease that goes on beating tells of it', async () => {
  const it = await stand({ schedule: null });
  await it.deliver();
  it.world.launcher.listTasks = () => Promise.reject(new Error('ECS is away'));
  it.world.launcher.stopTask = () => Promise.reject(new Error('ECS is away'));
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  it.world.time.advance(71 * MINUTE);
  const set = { ho: `task:${task.taskId}`, lu: it.world.time.now() + MINUTE };
  await it.world.memory.write({ op: 'update', key: instanceKey('shop', 0), set });
  assert.deepEqual(await alertsOf(it), [
    'Task t1 of shop has worked on one run for 71 min and does not end. It costs $0.036 an hour, which nobody has set aside.',
  ]);
});
