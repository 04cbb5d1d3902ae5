/** What may go wrong between a claim and its task, with ECS as a list: one run, one record, and its money never twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { recoverExpired, sweep } from '../../shared/jobs/sweep.ts';
import { taskStopped } from '../../shared/jobs/task-stopped.ts';
import { usageOf } from '../../shared/store/receipt-store.ts';
import { requestRuns } from '../../shared/store/request-store.ts';
import type { RunMessage } from '../../shared/wire/messages.ts';
import { deployed, fleetWorld } from '../fixtures/fleet-world.ts';
import type { ListedTask } from '../fixtures/task-list.ts';
import { type Stand, stand, stopped, TASK, work } from '../fixtures/task-stand.ts';

test('a tick is claimed, launched once with its size, and recorded at the seconds it took and takes to leave', async () => {
  const it = await stand();
  assert.equal(await it.deliver(), undefined);
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  assert.deepEqual(task.size, TASK);
  assert.match(task.clientToken, /^[0-9a-f]{64}$/);
  assert.equal((await it.instance()).run?.holdMicros, 139_000);
  it.world.time.advance(90_000);
  await work(it, task, { billedFrom: it.world.time.now() - 80_000 });
  const [run] = await it.runs();
  // $0.10 paid; 110 s of a quarter processor, half a GB and an address on Spot: 74.20 + 16.32 + 152.78 = 243.30 µ$.
  assert.deepEqual([run?.status, run?.costMicros, run?.attempt], ['succeeded', 100_244, 1]);
  const used = run && (await usageOf(it.world.memory, { agentId: 'shop', number: 0 }, run));
  assert.deepEqual(used?.usage.slice(1), [
    { item: 'fargate.spot.vcpu.arm64', quantity: 27_500 },
    { item: 'fargate.spot.memory.arm64', quantity: 512 * 110_000 },
    { item: 'ipv4.address', quantity: 110_000 },
  ]);
  assert.equal((await it.instance()).run, null);
});

test('a duplicate of the message, before and after the task is there, starts no second one', async () => {
  const it = await stand();
  await it.deliver();
  assert.equal(await it.deliver(), undefined);
  assert.equal(it.world.launcher.tasks.length, 1);
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  await work(it, task);
  assert.equal(await it.deliver(), undefined);
  assert.equal(it.world.launcher.tasks.length, 1);
  assert.equal((await it.runs()).length, 1);
});

test('a request whose function died between its claim and RunTask has its task when the message comes again', async () => {
  const it = await stand();
  await requestRuns(it.ports, { agentId: 'shop', instance: 0, times: 1, actor: 'cli:alice' });
  const [message] = it.world.asked;
  assert.ok(message);
  const dying = { ...it.ports, launcher: { ...it.world.launcher, runTask: () => new Promise<never>(() => {}) } };
  const call = { invocationId: 'dies', deadline: it.world.time.now() + 300_000, receiveCount: 1 };
  void runAgentJob.run(message, dying, call);
  while ((await it.instance()).run === null) await new Promise(setImmediate);
  assert.equal(it.world.launcher.tasks.length, 0);
  assert.equal(await it.deliver(message), undefined);
  assert.equal(it.world.launcher.tasks.length, 1);
  assert.equal(await it.deliver(message), undefined);
  assert.equal(it.world.launcher.tasks.length, 1, 'the same claim asks for the same task');
});

test('while there is no room, the message of a request is the only one that asks for it', async () => {
  const it = await stand();
  await requestRuns(it.ports, { agentId: 'shop', instance: 0, times: 1, actor: 'cli:alice' });
  const [message] = it.world.asked.splice(0);
  assert.ok(message);
  for (let look = 0; look < 4; look++) {
    it.world.launcher.refuse(1);
    const later = await it.deliver(message, 20);
    assert.equal(later?.laterSeconds, 300);
    for (let minute = 0; minute < 5; minute++) {
      it.world.time.advance(60_000);
      await sweep(it.ports);
    }
    assert.deepEqual(it.world.asked, []);
  }
});

test('RunTask that times out leaves the claim: asked again with the same token, it is the same task', async () => {
  for (const how of ['timed out, started', 'timed out, not started'] as const) {
    const it = await stand();
    it.world.launcher.refuse(1, how);
    await assert.rejects(it.deliver());
    assert.ok((await it.instance()).run);
    assert.equal(await it.deliver(), undefined);
    assert.equal(it.world.launcher.tasks.length, 1, how);
  }
});

test('no room is a failure: the hold is back, the slot open, nothing is charged, and a later try has a token of its own', async () => {
  const it = await stand();
  it.world.launcher.refuse(1);
  const later = await it.deliver();
  assert.ok(later && later.laterSeconds > 0);
  const free = await it.instance();
  assert.deepEqual([free.run, free.day.costMicros, free.crashStreak, Object.keys(free.tries)], [null, 0, 0, []]);
  const before = free.slice.availableMicros;
  assert.ok(before >= 139_000, `${before}`);
  assert.equal(await it.deliver(), undefined);
  assert.equal(it.world.launcher.tasks.length, 1);
});

test('of two tasks for one claim the first works, and the second finds it gone', async () => {
  const it = await stand();
  await it.deliver();
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  const ends = await Promise.all([work(it, task), work(it, { ...task, taskId: 'twin' })]);
  assert.deepEqual(ends.map(({ runs }) => runs).sort(), [0, 1]);
  assert.equal((await it.runs()).length, 1);
});

test('a ticket that fits its claim in all but one word opens nothing, and leaves the claim to the one that fits', async () => {
  const it = await stand();
  await it.deliver();
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  const wrong = {
    NOVA_TASK_SLOT: 'tzzzzzzz',
    NOVA_TASK_FENCE: '999',
    NOVA_TASK_HOLDER: 'somebody',
    NOVA_TASK_INSTANCE: '7',
    NOVA_TASK_AGENT: 'shopp',
  };
  const before = await it.instance();
  for (const [name, value] of Object.entries(wrong)) {
    const forged: ListedTask = { ...task, taskId: 'forged', environment: { ...task.environment, [name]: value } };
    assert.equal((await work(it, forged)).runs, 0, name);
    assert.deepEqual(await it.instance(), before, name);
  }
  assert.deepEqual(await work(it, task), { runs: 1, why: 'recorded' });
});

test('STOPPED before it ever ran: the run is open again at once, asked for first, and told twice changes nothing', async () => {
  const it = await stand();
  await it.deliver();
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  const event = stopped(task, { stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' });
  await taskStopped(event, it.ports);
  await taskStopped(event, it.ports);
  const after = await it.instance();
  assert.deepEqual([after.run, after.crashStreak, Object.values(after.tries)[0]?.attempts], [null, 0, 1]);
  assert.deepEqual(
    it.world.asked.map((message) => message.kind === 'tick' && message.attempt),
    [2],
  );
  const [again] = it.world.asked;
  assert.ok(again);
  assert.equal(await it.deliver(again), undefined);
  assert.equal(it.world.launcher.tasks.length, 2);
  // The late second tale of the first task does not touch the second.
  await taskStopped(event, it.ports);
  assert.ok((await it.instance()).run);
});

test('a message sent ahead waits until the attempt before it is given up', async () => {
  const it = await stand();
  await it.deliver();
  const again: RunMessage = {
    ...{ v: 1, kind: 'tick', agentId: 'shop', instance: 0, attempt: 2 },
    scheduledFor: new Date(it.world.time.now()).toISOString(),
  };
  assert.ok(await it.deliver(again));
});

test('a tick that finds the lease of another slot over asks for that run again, and charges a minute, not its hours', async () => {
  const it = await stand();
  await it.deliver();
  const first = new Date(it.world.time.now()).toISOString();
  it.world.time.advance(301_000);
  const next = { v: 1, kind: 'tick', agentId: 'shop', instance: 0 } as const;
  await it.deliver({ ...next, scheduledFor: new Date(it.world.time.now()).toISOString() });
  assert.deepEqual(it.world.asked, [{ ...next, scheduledFor: first, attempt: 2 }]);
  const { tries, total, crashStreak } = await it.instance();
  assert.deepEqual([Object.values(tries), total.costMicros, crashStreak], [[{ attempts: 1, lostMicros: 133 }], 133, 0]);
});

test('a function that died is asked for again by the sweep: its own message stays away for half an hour', async () => {
  const world = fleetWorld();
  await deployed(world);
  const it = { ...(await stand({ name: 'other' })), world };
  const host = { execute: () => new Promise<never>(() => undefined) };
  const ports = { ...it.ports, ...world, host } as unknown as Stand['ports'];
  const tick = {
    ...({ v: 1, kind: 'tick', agentId: 'shop', instance: 0 } as const),
    scheduledFor: new Date(world.time.now()).toISOString(),
  };
  const call = { invocationId: 'dies', deadline: world.time.now() + 300_000, receiveCount: 1 };
  void runAgentJob.run(tick, ports, call).catch(() => undefined);
  await new Promise(setImmediate);
  world.time.advance(61_000);
  assert.equal(await recoverExpired(ports), 1);
  assert.deepEqual(world.asked, [{ ...tick, attempt: 2 }]);
});

test('a heart that stopped: within two minutes the run is a crash, asked for again, and the zombie writes nothing', async () => {
  const it = await stand();
  await it.deliver();
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  const { fence } = await it.instance();
  const stuck = Promise.withResolvers<never>();
  const host = { execute: () => stuck.promise };
  void work({ ...it, ports: { ...it.ports, host } as Stand['ports'] }, task).catch(() => undefined);
  await new Promise(setImmediate);
  it.world.time.advance(61_000);
  await recoverExpired(it.ports);
  const lost = await it.instance();
  assert.deepEqual([lost.run, lost.crashStreak, it.world.asked.length], [null, 1, 1]);
  const [again] = it.world.asked;
  assert.ok(again);
  await it.deliver(again);
  const now = await it.instance();
  assert.ok(now.fence > fence && now.run);
  const [, second] = it.world.launcher.tasks;
  assert.ok(second);
  assert.equal((await work(it, task)).runs, 0, 'the zombie');
  assert.equal((await work(it, second)).runs, 1);
  const runs = await it.runs();
  assert.deepEqual(
    runs.map(({ status, attempt }) => [status, attempt]),
    [['succeeded', 2]],
  );
});

test('a task that was retired while it started records that, and the minute that it is billed', async () => {
  const it = await stand();
  await it.deliver();
  const [task] = it.world.launcher.tasks;
  assert.ok(task);
  const { changeAgent } = await import('../../shared/store/agent-store.ts');
  await changeAgent(it.world, 'shop', { status: 'retired' }, { actor: 'cli:alice', why: 'enough' });
  const { work: workOff } = await import('../fixtures/fleet-world.ts');
  await workOff(it.world);
  assert.ok(it.world.launcher.tasks.every(({ stopping }) => stopping));
  await work(it, task);
  const [run] = await it.runs();
  assert.deepEqual([run?.status, run?.note], ['failed', 'retired while it started']);
  // A minute on Spot: 40.48 + 8.90 + 83.33 = 132.71 µ$.
  assert.equal(run?.costMicros, 133);
});
