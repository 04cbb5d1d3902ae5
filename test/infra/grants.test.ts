/** The rights of the topology at work: every engine's jobs see the table through them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grantedTable, withinGrants } from '../../infra/local/granted.ts';
import { functions } from '../../infra/topology.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Launcher } from '../../shared/ports/outside.ts';
import type { Op, Table } from '../../shared/ports/table.ts';

const row = (name: string) => functions.find((one) => one.name === name) ?? assert.fail(name);
const refused = { name: 'NovaError', code: 'misconfigured' };

test('where a blueprint runs, the table refuses what the role would refuse', async () => {
  const table = grantedTable(mapTable(), row('run-agent'));
  const forbidden: Op[] = [
    { op: 'update', key: { pk: 'AGENTS', sk: 'a' }, set: { instances: 50 } },
    { op: 'put', item: { pk: 'POLICY', sk: 'current', mode: 'auto' } },
    { op: 'update', key: { pk: 'LIMITS', sk: 'fleet#usd-day' }, set: { limitMicros: 1 } },
    { op: 'put', item: { pk: 'AUDIT#agent:a', sk: '0000000001' } },
    { op: 'delete', key: { pk: 'BUDGET#fleet', sk: 'usd-day#2026-11-20' } },
    { op: 'put', item: { pk: 'SOMETHING', sk: 'new' } },
  ];
  for (const op of forbidden) {
    await assert.rejects(table.transact([op]), refused, JSON.stringify(op));
    if (op.op !== 'check') await assert.rejects(table.write(op), refused, JSON.stringify(op));
  }
  await assert.rejects(table.query({ pk: 'OPEN#approval', index: 'ix' }), refused);
  await assert.rejects(table.get({ pk: 'APPROVAL#x', sk: 'A' }), refused);
});

test('where a blueprint runs, a budget is drawn from and nothing else of it is touched', async () => {
  const bare = mapTable();
  const table = grantedTable(bare, row('run-agent'));
  const key = { pk: 'BUDGET#fleet', sk: 'usd-day#2026-11-20' };
  await bare.write({ op: 'put', item: { ...key, available: 10, limit: 10 } });
  const enough = { attr: 'available', op: '>=', value: 5 } as const;
  assert.equal((await table.write({ op: 'update', key, add: { available: -5 }, if: [enough] })).ok, true);
  const forbidden: Op[] = [
    { op: 'update', key, set: { limit: 1_000 } },
    { op: 'update', key, add: { available: -1, limit: 1_000 } },
    { op: 'update', key, setIfAbsent: { version: 2 } },
    { op: 'update', key, remove: ['limit'] },
    { op: 'update', key, add: { available: -1 }, if: [{ any: [enough, { attr: 'limit', op: '>', value: 0 }] }] },
  ];
  for (const op of forbidden) await assert.rejects(table.transact([op]), refused, JSON.stringify(op));
  assert.deepEqual(await bare.get(key), { ...key, available: 5, limit: 10 });
});

test('one forbidden op refuses its whole transaction before anything is written', async () => {
  const bare = mapTable();
  const table = grantedTable(bare, row('run-agent'));
  const allowed: Op = { op: 'put', item: { pk: 'RUN#a#000', sk: '1' } };
  await assert.rejects(table.transact([allowed, { op: 'put', item: { pk: 'POLICY', sk: 'current' } }]), refused);
  assert.equal(await bare.get({ pk: 'RUN#a#000', sk: '1' }), null);
  assert.deepEqual(await table.transact([allowed]), { ok: true });
});

test('what the topology grants goes through unchanged', async () => {
  const table = grantedTable(mapTable(), row('sweep'));
  await table.write({ op: 'put', item: { pk: 'OUTBOX', sk: '1', ixPk: 'OPEN#request', ixSk: '1' } });
  assert.equal((await table.query({ pk: 'OUTBOX' })).items.length, 1);
  assert.equal((await table.query({ pk: 'OPEN#request', index: 'ix' })).items.length, 1);
  await assert.rejects(table.query({ pk: 'ENTRY#2026-11-20', index: 'ix' }), refused);
});

test('a job is given its world with the narrowed table, wherever the world stands among its arguments', async () => {
  const seen: Table[] = [];
  const world = { table: mapTable(), ids: {} };
  const take = async (...args: readonly unknown[]): Promise<void> => {
    for (const arg of args) if (typeof arg === 'object' && arg && 'table' in arg) seen.push(arg.table as Table);
  };
  await withinGrants(row('run-agent'), { run: take }).run({ kind: 'tick' }, world, { deadline: 1 });
  await withinGrants(row('sweep'), { run: take }).run(world, { deadline: 1 });
  assert.equal(seen.length, 2);
  for (const table of seen) await assert.rejects(table.get({ pk: 'ENTRY#stripe#x', sk: 'E' }), refused);
});

test('one table stays one table from run to run: what a store remembers of it is not read again', async () => {
  const seen: Table[] = [];
  const job = withinGrants(row('run-agent'), {
    run: async (_message: unknown, { table }: { table: Table; ids: object }) => void seen.push(table),
  });
  const world = { table: mapTable(), ids: {} };
  await job.run({}, world);
  await job.run({}, { ...world });
  await job.run({}, { ...world, table: mapTable() });
  assert.equal(seen[0], seen[1]);
  assert.notEqual(seen[1], seen[2]);
});

test('who starts tasks may stop none, and who stops them may start none', async () => {
  const asked: string[] = [];
  const launcher: Launcher = {
    listTasks: async () => [],
    runTask: async () => ({ taskId: String(asked.push('run')), reason: '' }),
    stopTask: async () => void asked.push('stop'),
  };
  const job = {
    run: async ({ launcher: its }: { table: Table; ids: null; launcher: Launcher }) => ({
      start: await its.runTask({ family: 'f', clientToken: 't', environment: {} }).catch(({ code }) => code),
      stop: await its.stopTask('1', 'why').catch(({ code }) => code),
    }),
  };
  const world = { table: mapTable(), ids: null, launcher };
  assert.equal((await withinGrants(row('run-agent'), job).run(world)).stop, 'misconfigured');
  for (const name of ['do-work', 'sweep'])
    assert.equal((await withinGrants(row(name), job).run(world)).start, 'misconfigured');
  assert.deepEqual(asked, ['run', 'stop', 'stop']);
});
