/** What cannot be read of one agent stays the trouble of that agent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NovaError } from '../../shared/domain/error.ts';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { sweep, takeOver } from '../../shared/jobs/sweep.ts';
import type { MapTable } from '../../shared/memory/map-table.ts';
import type { Queue } from '../../shared/ports/queue.ts';
import type { Table } from '../../shared/ports/table.ts';
import type { World } from '../../shared/ports/world.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { deployed, fleetWorld } from '../fixtures/fleet-world.ts';

const DAMAGED = (): never => {
  throw new NovaError('corrupt', 'the item is damaged');
};

/** A table that cannot read items whose partition begins so, once it is told. */
function world() {
  const broken = { pk: null as string | null };
  const hit = (pk: string): boolean => broken.pk !== null && pk.startsWith(broken.pk);
  const through = (table: MapTable): Table => ({
    get: async (key) => (hit(key.pk) ? DAMAGED() : table.get(key)),
    query: async (query) => (hit(query.pk) ? DAMAGED() : table.query(query)),
    write: (op) => table.write(op),
    transact: (ops) => table.transact(ops),
  });
  const base = fleetWorld(through);
  const beats = { begun: 0, stopped: 0 };
  const every = () => {
    beats.begun += 1;
    return () => {
      beats.stopped += 1;
    };
  };
  const dropped: Queue<never> = { send: async () => {}, sendMany: async () => {} };
  const host = { execute: () => new Promise<never>(() => {}) };
  const ports = { ...base, runs: dropped, revenue: dropped, heart: { every }, host } as unknown as World;
  return { ...base, ports, beats, broken };
}

const tick = (ports: World, agentId: string) =>
  runAgentJob.run(
    { v: 1, kind: 'tick', agentId, instance: 0, scheduledFor: new Date(ports.time.now()).toISOString() },
    ports,
    { invocationId: `i-${agentId}`, deadline: ports.time.now() + 300_000, receiveCount: 1 },
  );

test('a run whose agent cannot be read after its claim leaves no heart beating: its lease ends', async () => {
  const { ports, beats, broken, ...base } = world();
  await deployed({ ...base, table: ports.table });
  broken.pk = 'AGENTS';
  await assert.rejects(tick(ports, 'shop'), /damaged/);
  const [instance] = await listFleet(ports.table);
  assert.ok(instance?.run, 'it was claimed');
  assert.equal(beats.begun, beats.stopped);
});

test('an agent whose spec cannot be read keeps no other lease from being recovered, nor the engine from starting', async () => {
  for (const recovery of [takeOver, sweep]) {
    const { ports, broken, time, ...base } = world();
    const all = { ...base, time, table: ports.table };
    for (const name of ['broken', 'whole']) {
      await deployed(all, { name });
      void tick(ports, name);
    }
    while ((await listFleet(ports.table)).some(({ run }) => run === null)) await new Promise(setImmediate);
    broken.pk = 'SPEC#broken';
    const later = { ...ports, time: { now: () => time.now() + 3_600_000 }, table: { ...ports.table } };
    await recovery(later);
    const left = (await listFleet(ports.table)).flatMap(({ agentId, run }) => (run ? [agentId] : []));
    assert.deepEqual(left, ['broken']);
  }
});

test('a fleet that cannot be counted stops no other part of the sweep', async () => {
  const { ports, broken } = world();
  broken.pk = 'FLEET#';
  const { metrics, recovered, published } = (await sweep(ports)) as Record<string, unknown>;
  assert.deepEqual([metrics, recovered, published], [null, 0, 0]);
});
