/** Two days of runs, sealed each night, and somebody who touches a page afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryEngine } from '../../infra/local/memory.ts';
import type { Item } from '../../shared/ports/table.ts';
import { verifyTrail } from '../../shared/store/audit-verify.ts';
import { type CliWorld, nova } from '../fixtures/cli-world.ts';
import { rewrite } from '../fixtures/rewrite.ts';

const DAY = 86_400_000;

test('pages of runs are sealed in the day item, and a changed page is found', async () => {
  const engine = await memoryEngine();
  const { world, table } = engine;
  const reach = { world, admin: engine.admin } as unknown as CliWorld;
  const config = '{"outcomes":[{"ok":true}]}';
  const deploy = [
    'agent',
    'deploy',
    'lab.scripted',
    '--name',
    'busy',
    '--schedule',
    'rate(1 hour)',
    '--config',
    config,
  ];
  assert.equal((await nova(reach, deploy)).code, 0);
  await engine.advance(2 * DAY);
  const proof = await verifyTrail(world, { days: 30 });
  assert.deepEqual(proof.faults, []);
  assert.ok(proof.seals >= 2, `${proof.seals} seals`);
  assert.ok(proof.roots >= 2, `${proof.roots} roots`);
  const [page] = (await table.query({ pk: 'RUN#busy#000', limit: 1 })).items;
  await rewrite(table, page ?? null, { runs: [] });
  const { faults } = await verifyTrail(world, { days: 30 });
  assert.deepEqual(
    faults.map(({ id, problem }) => [id, problem]),
    [['pages:busy#0', 'pages of runs were changed since they were sealed']],
  );
  await rewrite(table, page ?? null, {});
  assert.deepEqual((await verifyTrail(world, { days: 30 })).faults, []);
  const sealed = (await table.query({ pk: 'DAY#busy' })).items.find(({ ph }) => ph !== undefined);
  await rewrite(table, sealed ?? null, { ph: undefined } as unknown as Partial<Item>);
  assert.match(JSON.stringify((await verifyTrail(world, { days: 30 })).faults), /pages:busy#0/);
});
