/** When a task is started and when it is not: money first, a place in the fleet, and an ECS that does not show it yet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NovaError } from '../../shared/domain/error.ts';
import { healthOf } from '../../shared/domain/health.ts';
import { MAX_FLEET_TASKS } from '../../shared/domain/task.ts';
import { recoverExpired } from '../../shared/jobs/sweep.ts';
import { watchTasks } from '../../shared/jobs/watch-tasks.ts';
import { changeAgent, getAgent } from '../../shared/store/agent-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { agentKey } from '../../shared/store/keys.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import { deployed, OPERATOR, work as workOff } from '../fixtures/fleet-world.ts';
import { type Stand, stand, TASK, work } from '../fixtures/task-stand.ts';

const MINUTE = 60_000;
const KEPT = { schedule: null, restSeconds: 60 } as const;

/** What the watch asks for is delivered, as often as it is asked. */
async function look(it: Stand): Promise<number> {
  await watchTasks(it.ports);
  const asked = it.world.asked.splice(0);
  for (const message of asked) await it.deliver(message);
  return asked.length;
}

test('an agent that is kept running has its first cycle claimed before its task is started, and goes on with that claim', async () => {
  const it = await stand(KEPT);
  await look(it);
  const [task] = it.world.launcher.tasks;
  const claimed = await it.instance();
  assert.ok(task && claimed.run, 'claimed, and started for it');
  assert.equal(task.environment.NOVA_TASK_FENCE, String(claimed.fence));
  let rests = 0;
  const stop = new AbortController();
  const rest = async (milliseconds: number): Promise<void> => {
    it.world.time.advance(milliseconds);
    if (++rests === 3) stop.abort();
  };
  const end = await work(it, task, { rest, interruption: { signal: stop.signal, graceMs: 1_000 } });
  assert.deepEqual(end, { runs: 3, why: 'asked to stop' });
  const runs = await it.runs();
  assert.deepEqual(
    runs.map(({ status }) => status),
    ['succeeded', 'succeeded', 'succeeded'],
  );
  // The first holds its minute, its rest and its leaving; the others take nothing for work, and 60 s of rest.
  const compute = runs.map(({ costMicros }) => costMicros - 100_000).sort((a, b) => a - b);
  assert.deepEqual(compute, [133, 133, 200]);
});

test('where there is no money no task is started, and nobody pays a minute for hearing so', async () => {
  const it = await stand(KEPT);
  await setLimit(it.world, { scope: 'agent:shop', limitMicros: 100, throttled: false }, OPERATOR);
  await look(it);
  assert.deepEqual(it.world.launcher.tasks, []);
  const [run] = await it.runs();
  assert.deepEqual([run?.status, run?.note, run?.costMicros], ['refused', 'budget_reached', 0]);
  it.world.time.advance(14 * MINUTE);
  assert.equal(await look(it), 0, 'not asked again for a quarter of an hour');
  it.world.time.advance(2 * MINUTE);
  await setLimit(it.world, { scope: 'agent:shop', limitMicros: 5_000_000, throttled: false }, OPERATOR);
  assert.equal(await look(it), 1);
  assert.equal(it.world.launcher.tasks.length, 1);
});

test('budget used up between two cycles: the task ends by itself, and all that AWS bills is booked', async () => {
  const it = await stand(KEPT);
  // For two cycles and their holds, not for a third.
  await setLimit(it.world, { scope: 'agent:shop', limitMicros: 330_000, throttled: false }, OPERATOR);
  await look(it);
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  const from = it.world.time.now();
  const end = await work(it, task);
  assert.deepEqual(end, { runs: 2, why: 'refused: budget_reached' });
  const billedMs = it.world.time.now() - from + 20_000;
  const compute = (await it.instance()).total.costMicros - 200_000;
  // By the second: 2.2119 µ$ of processor, memory and address on Spot.
  assert.ok(compute >= Math.ceil((billedMs / 1000) * 2.2119), `${compute} for ${billedMs} ms`);
  assert.ok(compute <= Math.ceil(((billedMs + 11_000) / 1000) * 2.2119), `${compute} for ${billedMs} ms`);
});

test('paused, halted or retired while its task starts: nothing of it is billed and booked nowhere', async () => {
  for (const status of ['paused', 'retired'] as const) {
    const it = await stand(KEPT);
    await look(it);
    const [task] = it.world.launcher.tasks;
    assert.ok(task);
    await changeAgent(it.world, 'shop', { status }, { actor: OPERATOR, why: 'enough' });
    await workOff(it.world);
    const stop = new AbortController();
    stop.abort();
    await work(it, task, { interruption: { signal: stop.signal, graceMs: 1_000 } });
    const { run, total } = await it.instance();
    assert.equal(run, null);
    assert.ok(total.costMicros >= 133, `${status}: ${total.costMicros}`);
  }
});

test('F34: a task that ECS does not show yet is not judged lost before its time, and not started twice', async () => {
  for (const change of [{}, KEPT]) {
    const it = await stand(change);
    const { launcher, time } = it.world;
    launcher.listTasks = async () => [];
    if (change === KEPT) await look(it);
    else await it.deliver();
    const claimed = (await it.instance()).run;
    assert.ok(claimed);
    for (let minute = 1; minute < 5; minute++) {
      time.advance(MINUTE);
      assert.equal(await recoverExpired(it.ports), 0, `minute ${minute}`);
      assert.equal(await look(it), 0);
      assert.deepEqual((await it.instance()).run, claimed);
    }
    assert.equal(launcher.tasks.length, 1);
    // It shows up after all, and works.
    const [task] = launcher.tasks;
    assert.ok(task);
    const stop = new AbortController();
    const rest = async (): Promise<void> => stop.abort();
    assert.equal((await work(it, task, { rest, interruption: { signal: stop.signal, graceMs: 1 } })).runs, 1);
  }
});

test('F34: one that never comes is given up after five minutes at the price of one, and asked for again', async () => {
  for (const change of [{}, KEPT]) {
    const it = await stand(change);
    it.world.launcher.listTasks = async () => [];
    if (change === KEPT) await look(it);
    else await it.deliver();
    it.world.time.advance(5 * MINUTE + 1);
    assert.equal(await recoverExpired(it.ports), 1);
    if (change === KEPT) await watchTasks(it.ports);
    const { tries, total, crashStreak, run } = await it.instance();
    assert.deepEqual(
      [Object.values(tries), total.costMicros, crashStreak, run],
      [[{ attempts: 1, lostMicros: 133 }], 133, 0, null],
    );
    assert.deepEqual(
      it.world.asked.map((message) => message.kind === 'tick' && message.attempt),
      [2],
    );
  }
});

const size = TASK;
/** A fleet that could have 110 tasks; ECS shows so many of the first two agents. */
async function crowded(shown: number) {
  const it = await stand({ instances: 50, schedule: null });
  await deployed(it.world, {
    name: 'two',
    task: TASK,
    timeoutSeconds: 3600,
    holdMicros: 139_000,
    instances: 50,
    schedule: null,
  });
  await deployed(it.world, {
    name: 'ten',
    task: TASK,
    timeoutSeconds: 3600,
    holdMicros: 139_000,
    instances: 10,
    schedule: null,
  });
  await setLimit(it.world, { scope: 'fleet', limitMicros: 100_000_000, throttled: false }, OPERATOR);
  for (let n = 0; n < shown; n++) {
    const environment = { NOVA_TASK_AGENT: n < 50 ? 'shop' : 'two', NOVA_TASK_INSTANCE: String(n % 50) };
    await it.world.launcher.runTask({ clientToken: `full ${n}`, family: 'agent-runner', size, environment });
  }
  const tick = (instance: number) => ({
    ...({ v: 1, kind: 'tick', agentId: 'ten', instance } as const),
    scheduledFor: new Date(it.world.time.now()).toISOString(),
  });
  return { it, tick, ten: () => listInstances(it.world.memory, 'ten') };
}

test('the most of the fleet holds for scheduled runs too: the run waits, its money is back, and its health says why', async () => {
  const { it, tick, ten } = await crowded(MAX_FLEET_TASKS);
  const later = await it.deliver(tick(0));
  assert.ok(later && later.laterSeconds > 0);
  assert.equal(it.world.launcher.tasks.length, MAX_FLEET_TASKS);
  const [instance] = await ten();
  assert.deepEqual([instance?.run, instance?.day.costMicros, Object.keys(instance?.tries ?? {})], [null, 0, []]);
  assert.ok((instance?.slice.availableMicros ?? 0) >= 139_000);
  const agent = await getAgent(it.world.memory, 'ten');
  assert.ok(agent);
  const facts = { agent, crashLimit: 5, longestGapSeconds: null, now: it.world.time.now() };
  assert.deepEqual(healthOf({ ...facts, instances: await ten() }), {
    state: 'degraded',
    reasons: ['instance 0 waits for a task: the fleet runs 100 already, the most there may be'],
  });
  it.world.launcher.end('t1');
  assert.equal(await it.deliver(tick(0)), undefined);
  assert.equal(it.world.launcher.tasks.length, MAX_FLEET_TASKS);
  assert.notEqual(healthOf({ ...facts, instances: await ten() }).state, 'degraded');
});

test('ten that come at once for the last four places get exactly those, whatever the order', async () => {
  const { it, tick, ten } = await crowded(MAX_FLEET_TASKS - 4);
  await Promise.all(Array.from({ length: 10 }, (_, n) => it.deliver(tick(n))));
  assert.equal(it.world.launcher.tasks.length, MAX_FLEET_TASKS);
  assert.equal((await ten()).filter(({ run }) => run !== null).length, 4);
  for (let n = 0; n < 10; n++) await it.deliver(tick(n));
  assert.equal(it.world.launcher.tasks.length, MAX_FLEET_TASKS, 'and nobody else while it is full');
});

test('an ECS that cannot be asked starts nothing beyond the most, and its claim waits until it is known whether there is a task', async () => {
  const { it, tick, ten } = await crowded(MAX_FLEET_TASKS);
  const { launcher } = it.world;
  const { listTasks } = launcher;
  launcher.listTasks = () => Promise.reject(new NovaError('unavailable', 'ListTasks: Rate exceeded'));
  const first = tick(0);
  await assert.rejects(it.deliver(first), { code: 'unavailable' });
  launcher.listTasks = listTasks;
  const [{ run: claimed } = { run: null }] = await ten();
  assert.ok(claimed, 'whoever asked died before it could give it back');
  // The same message comes again, and finds its claim: a task may have been started for it, or not.
  for (let again = 2; again < 5; again++) await assert.rejects(it.deliver(first, again), { code: 'unavailable' });
  assert.equal(launcher.tasks.length, MAX_FLEET_TASKS);
  assert.deepEqual((await ten())[0]?.run, claimed);
  // There is room: the claim that waited goes on.
  launcher.end('t1');
  assert.equal(await it.deliver(first, 5), undefined);
  assert.equal(launcher.tasks.length, MAX_FLEET_TASKS);
  // Full again, and its own task is seen: it is left alone.
  assert.equal(await it.deliver(first, 6), undefined);
  assert.equal(launcher.tasks.length, MAX_FLEET_TASKS);
});

test('a fleet that could not have so many is not counted: one query, and no question to ECS', async () => {
  const it = await stand();
  let asked = 0;
  it.world.launcher.listTasks = async () => {
    asked++;
    return [];
  };
  await it.deliver();
  assert.deepEqual([asked, it.world.launcher.tasks.length], [0, 1]);
  assert.equal((await it.world.memory.get(agentKey('shop')))?.compute, 'fargate');
});
