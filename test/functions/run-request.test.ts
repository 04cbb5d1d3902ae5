/** Manual runs: one request, one message, every run once, whatever is delivered twice and whoever dies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { sweep, takeOver } from '../../shared/jobs/sweep.ts';
import type { Queue } from '../../shared/ports/queue.ts';
import type { World } from '../../shared/ports/world.ts';
import { deployAgent } from '../../shared/store/deploy-store.ts';
import { outboxPk } from '../../shared/store/keys.ts';
import { openRequests, requestRuns } from '../../shared/store/request-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import type { RunMessage } from '../../shared/wire/messages.ts';
import { fleetWorld, NEW_AGENT, OPERATOR, work } from '../fixtures/fleet-world.ts';

class Died extends Error {}

type Host = World['host']['execute'];
const succeeds: Host = async () => ({ outcome: 'succeeded', note: 'done' });

async function world() {
  const base = fleetWorld();
  await deployAgent(base, NEW_AGENT, OPERATOR);
  await work(base);
  const sent: RunMessage[] = [];
  const runs: Queue<RunMessage> = {
    send: async (message) => void sent.push(message),
    sendMany: async (messages) => void sent.push(...messages),
  };
  const dropped: Queue<never> = { send: async () => {}, sendMany: async () => {} };
  const ports = { ...base, runs, revenue: dropped, heart: { every: () => () => {} } };
  let invocations = 0;
  const deliver = (message: RunMessage, execute: Host, leftMs = 300_000, isStopping = () => false) => {
    const deadline = base.time.now() + leftMs;
    const call = {
      ...{ invocationId: `i${++invocations}`, deadline, receiveCount: 1 },
      get stopping() {
        return isStopping();
      },
    };
    return runAgentJob.run(message, { ...ports, host: { execute } } as unknown as World, call);
  };
  return { ...base, ports: ports as unknown as World, sent, told: base.sent, deliver };
}

const request = (ports: World, times: number) =>
  requestRuns(ports, { agentId: 'shop', instance: 0, times, actor: OPERATOR });

test('a second delivery that finds the last run claimed does not lose it when its worker dies', async () => {
  const { ports, sent, deliver, memory, time } = await world();
  await request(ports, 1);
  const [message] = sent;
  assert.ok(message);
  await assert.rejects(
    deliver(message, async () => {
      // Every run is claimed, so the twin has nothing to do; then whoever does the last one dies.
      assert.equal(await deliver(message, succeeds), undefined);
      throw new Died();
    }),
    Died,
  );
  time.advance(61_000);
  await sweep(ports);
  assert.equal((await openRequests(memory)).length, 1, 'the request is open again');
  assert.equal(await deliver(message, succeeds), undefined);
  const records = await listRuns(memory, 'shop');
  assert.deepEqual(
    records.map(({ status, attempt }) => [status, attempt]),
    [['succeeded', 2]],
  );
  assert.deepEqual(await openRequests(memory), []);
});

test('when every message of an open request is gone, the sweep sends another', async () => {
  const { ports, sent, deliver, memory, time } = await world();
  await request(ports, 3);
  sent.length = 0;
  time.advance(16 * 60_000);
  await sweep(ports);
  const [message] = sent;
  assert.ok(message && sent.length === 1);
  assert.equal(await deliver(message, succeeds), undefined);
  assert.equal((await listRuns(memory, 'shop')).length, 3);
});

test('a message that waits for an instance that is free again is not waited for: the sweep sends another after three minutes', async () => {
  const { ports, sent, deliver, memory, time } = await world();
  await request(ports, 1);
  await request(ports, 1);
  const [first, second] = sent.splice(0);
  assert.ok(first && second);
  const resent = (): string[] => sent.splice(0).map((message) => (message.kind === 'request' ? message.requestId : ''));
  assert.equal(await deliver(first, succeeds), undefined);
  time.advance(2 * 60_000);
  await sweep(ports);
  assert.deepEqual(resent(), [], 'whoever ended a run just now may go on');
  time.advance(2 * 60_000);
  await sweep(ports);
  const [open] = await openRequests(memory);
  assert.deepEqual(resent(), [open?.id]);
  time.advance(60_000);
  await sweep(ports);
  assert.deepEqual(resent(), [], 'once in three minutes');
});

test('ten hops, then it rests for a quarter of an hour, and the owner is told the first time', async () => {
  const { ports, sent, told, deliver, memory, time } = await world();
  await request(ports, 100);
  const [open] = await openRequests(memory);
  for (let rests = 0; rests < 2; rests++) {
    let hops = 0;
    for (let message = sent.shift(); message; message = sent.shift()) {
      assert.equal(await deliver(message, succeeds, 70_000), undefined);
      hops++;
    }
    assert.equal(hops, 11);
    time.advance(14 * 60_000);
    await sweep(ports);
    assert.equal(sent.length, 0, 'it rests');
    time.advance(2 * 60_000);
    await sweep(ports);
    assert.equal(sent.length, 1);
  }
  const keys = told.flatMap((message) => (message.kind === 'notify' ? [message.dedupKey] : []));
  assert.deepEqual(keys, [`hops:${open?.id}`]);
});

test('what an engine had written and not sent when it died is sent when the next one starts, not a minute later', async () => {
  const { ports, sent, memory } = await world();
  const send = () => Promise.reject(new Died());
  // The request stands: whoever asked is not told to ask again.
  await request({ ...ports, runs: { send, sendMany: send } }, 1);
  assert.equal((await openRequests(memory)).length, 1);
  assert.equal(sent.length, 0);
  await takeOver(ports);
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['request'],
  );
  assert.deepEqual((await memory.query({ pk: outboxPk })).items, []);
});

test('the death of an engine is no crash of its agents, the death of a worker is', async () => {
  for (const [blame, streak] of [
    ['engine', 0],
    ['worker', 1],
  ] as const) {
    const { ports, sent, deliver, memory, time } = await world();
    await request(ports, 1);
    const [message] = sent;
    assert.ok(message);
    await assert.rejects(
      deliver(message, () => Promise.reject(new Died())),
      Died,
    );
    time.advance(61_000);
    if (blame === 'engine') await takeOver(ports);
    else await sweep(ports);
    const [instance] = [...memory.items()].filter(({ pk, sk }) => pk.startsWith('FLEET#') && !sk.endsWith('EARN'));
    assert.equal(instance?.cx, streak, blame);
    assert.equal(instance?.ho, undefined, 'its lease is free');
  }
});

test('when the platform begins to stop, the run that was begun keeps its time, and the next one goes on elsewhere', async () => {
  const { ports, sent, deliver, memory, time } = await world();
  await request(ports, 3);
  const [message] = sent;
  assert.ok(message);
  let begun = 0;
  const stopsInTheFirst: Host = async (order) => {
    begun++;
    assert.ok(order.deadline >= time.now() + 30_000, 'it has its whole time');
    return { outcome: 'succeeded', note: 'done' };
  };
  // It is asked to stop when the first run is claimed, before its blueprint begins.
  await deliver(message, stopsInTheFirst, 300_000, () => true);
  assert.equal(begun, 1);
  assert.deepEqual(
    (await listRuns(memory, 'shop')).map(({ status }) => status),
    ['succeeded'],
  );
  assert.deepEqual(sent.slice(1), [{ ...message, hop: 1 }]);
  await deliver(sent[1] ?? assert.fail('nobody goes on'), succeeds);
  assert.equal((await listRuns(memory, 'shop')).length, 3);
});
