/** The harness of the benchmark counts right: on the engine in memory, where nothing is lost or late by chance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryEngine } from '../../infra/local/memory.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { deployFleet, KINDS, type Size } from './fleet.ts';
import { Load } from './load.ts';
import { memorySubject } from './memory-subject.ts';
import { type Recorded, watchedTable } from './watched-table.ts';

const SMALL: Size = { agentsOfAKind: 3, instances: 2 };

test('as many runs are recorded as were sent, more than there are instances, and none that nobody sent', async () => {
  const subject = await memorySubject(SMALL);
  for (const kind of KINDS) {
    const { sent, recorded, strange, runsPerSecond } = await subject.burst(kind, 25);
    assert.deepEqual({ sent, recorded, strange }, { sent: 25, recorded: 25, strange: 0 });
    assert.ok(runsPerSecond > 0);
  }
  const steady = await subject.steady('unpaid', { perSecond: 500, seconds: 0.02 });
  assert.deepEqual([steady.sent, steady.recorded, steady.strange], [10, 10, 0]);
  assert.ok(steady.p50Ms > 0 && steady.p50Ms <= steady.p99Ms);
});

test('what the harness counted is what the table holds, and paid runs cost what they say', async () => {
  const heard: Recorded[] = [];
  const engine = await memoryEngine({ wrap: (table) => watchedTable(table, (recorded) => heard.push(recorded)).table });
  await deployFleet(engine.world, SMALL);
  await engine.drain();
  const drain = async (): Promise<void> => {
    await engine.drain();
    for (const recorded of heard.slice(known)) load.onRecord(recorded);
    known = heard.length;
  };
  let known = 0;
  const load = new Load({ runs: engine.world.runs, size: SMALL, from: engine.clock.now(), drain });
  assert.equal((await load.burst('paid', 9)).recorded, 9);
  const totals = (await listFleet(engine.table)).map(({ total }) => total);
  assert.equal(
    totals.reduce((sum, { succeeded }) => sum + succeeded, 0),
    9,
  );
  assert.equal(
    totals.reduce((sum, { costMicros }) => sum + costMicros, 0),
    9,
  );
});

const silent = { size: SMALL, from: Date.UTC(2027, 0, 1), timeoutMs: 20 };

test('a record that nobody waits for, or that is no success, is strange', async () => {
  const runs = { send: async () => undefined, sendMany: async () => undefined };
  const load = new Load({ ...silent, runs, timeoutMs: 2_000 });
  const counting = load.burst('unpaid', 2);
  await new Promise(setImmediate);
  const [first, second] = load.waiting();
  load.onRecord({ run: 'nobody 1', outcome: 'succeeded' });
  load.onRecord({ run: first?.run ?? '', outcome: 'succeeded' });
  load.onRecord({ run: first?.run ?? '', outcome: 'succeeded' });
  load.onRecord({ run: second?.run ?? '', outcome: 'refused' });
  const { sent, recorded, strange } = await counting;
  assert.deepEqual({ sent, recorded, strange }, { sent: 2, recorded: 1, strange: 3 });
});

test('runs that are never recorded end the measurement with their number', async () => {
  const runs = { send: async () => undefined, sendMany: async () => undefined };
  await assert.rejects(new Load({ ...silent, runs }).burst('paid', 4), /4 of 4 runs not recorded/);
});
