/** The way back from a restored table: proved, protected and halted before the stage works on it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweep } from '../../shared/jobs/sweep.ts';
import { type MapTable, mapTable } from '../../shared/memory/map-table.ts';
import type { TableBackups } from '../../shared/ports/admin.ts';
import { keepRoot } from '../../shared/store/anchor-store.ts';
import { verifyTrail } from '../../shared/store/audit-verify.ts';
import { getHalt } from '../../shared/store/halt-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { writeOrigin } from '../../shared/store/origin-store.ts';
import { type CliWorld, cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

const NAME = 'nova-local-restored';
const ADOPT = ['backup', 'adopt', '--table', NAME];
const CONFIG = '{"outcomes":[{"ok":true}]}';
const DAY = 86_400_000;

/** A stage that was restored to a day ago; `fill` stands for how far DynamoDB is. */
async function restored() {
  const cli = cliWorld();
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', CONFIG]);
  await workAll(cli);
  await novaJson(cli, ['ledger', 'add', '--amount', '120', '--kind', 'revenue', '--agent', 'shop', '--reason', 'x']);
  await sweep(cli.world);
  await keepRoot(cli.world, []);
  const table = mapTable();
  for (const item of (cli.world.table as MapTable).items()) await table.write({ op: 'put', item });
  cli.world.time.advance(DAY);
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'late', '--config', CONFIG]);
  await workAll(cli);
  await sweep(cli.world);
  await keepRoot(cli.world, []);
  const done: string[] = [];
  const state = { filled: true };
  const backups: TableBackups = {
    make: () => Promise.reject(new Error('not asked')),
    list: async () => [],
    span: async () => null,
    restore: async () => undefined,
    open: async (name) => (name === NAME && state.filled ? table : null),
    marks: async () => ['table 2'],
    protect: async (name) => void done.push(name),
  };
  const reach = { ...cli, admin: { ...cli.admin, backups } } as CliWorld;
  return { cli: reach, table, done, state };
}

const halt = (cli: CliWorld) => novaJson(cli, ['killswitch', 'on', '--why', 'the table is damaged', '--wait', '0']);

test('a stage that still works on its own table adopts no other one', async () => {
  const { cli, table, done } = await restored();
  const { code, err } = await nova(cli, ADOPT);
  assert.equal(code, 5);
  assert.match(err, /first: nova --stage local killswitch on/);
  assert.deepEqual([(await getHalt(table, 'fleet')).on, done], [false, []]);
});

test('a table that is not filled yet, or does not belong to the stage, is left alone', async () => {
  const { cli, state } = await restored();
  await halt(cli);
  state.filled = false;
  assert.deepEqual((await nova(cli, ADOPT)).code, 5);
  assert.deepEqual((await nova(cli, ['backup', 'adopt', '--table', 'somebodys'])).code, 2);
});

test('what cannot be proved is not adopted', async () => {
  const { cli, table, done } = await restored();
  await halt(cli);
  const record = [...table.items()].find(({ pk }) => pk === 'AUDIT#agent:shop');
  assert.ok(record);
  await table.write({ op: 'put', item: { ...record, bytes: String(record.bytes).replace('shop', 'shoq') } });
  const { code, err } = await nova(cli, ADOPT);
  assert.equal(code, 1);
  assert.match(err, /nothing was changed: audit agent:shop 1.*nova backup verify/);
  assert.deepEqual([(await getHalt(table, 'fleet')).on, done], [false, []]);
});

test('the table of another stage, whose name has the same beginning, is not stopped by adopting it; one adopted before may be again', async () => {
  const { cli, table, done } = await restored();
  await halt(cli);
  // As the sweep of whoever works on it has left it.
  await writeOrigin(table, { marks: ['table 2'], lost: [], noticedAt: 0, why: '' });
  const { code, err } = await nova(cli, ADOPT);
  assert.equal(code, 5);
  assert.match(err, /a stage works on nova-local-restored/);
  assert.deepEqual([(await getHalt(table, 'fleet')).on, done], [false, []]);
  await writeOrigin(table, { marks: ['table 1'], lost: [], noticedAt: 0, why: '' });
  for (const times of [1, 2]) {
    await novaJson(cli, ADOPT);
    assert.deepEqual([(await getHalt(table, 'fleet')).on, done.length], [true, times]);
  }
});

test('adopted it is halted and protected; on it the stage does nothing until a person lets it go, and then its trail holds', async () => {
  const { cli, table, done } = await restored();
  await halt(cli);
  await workAll(cli);
  const sent = (await cli.queues.work.depth()).visible;
  const verified = (await novaJson(cli, ['--stage', 'prod', 'backup', 'verify', '--table', NAME])) as {
    valid: boolean;
  };
  assert.equal(verified.valid, true, 'roots that are newer than it are no faults of it');
  const said = (await novaJson(cli, ADOPT)) as { lostRoots: number; halted: boolean };
  assert.deepEqual([said.lostRoots, said.halted, done], [1, true, [NAME]]);
  assert.equal((await cli.queues.work.depth()).visible, sent, 'nothing is sent to the queues of the other table');

  // The deploy: the same stage, another table.
  const world = { ...cli.world, table, gauges: { queues: async () => null, marks: async () => ['table 2'] } };
  const moved = { ...cli, world } as CliWorld;
  assert.deepEqual(
    (await listInstances(table, 'shop')).map(({ status }) => status),
    ['halted'],
  );
  world.time.advance(120_000);
  assert.equal((await sweep(world)).restored, 0, 'noticed already');
  await workAll(moved);
  assert.equal((await getHalt(table, 'fleet')).settledAt !== null, true, 'its own sweep sends what follows');
  await novaJson(moved, ['killswitch', 'off', '--why', 'looked']);
  await workAll(moved);
  assert.deepEqual(
    (await listInstances(table, 'shop')).map(({ status }) => status),
    ['active'],
  );
  assert.equal((await sweep(world)).restored, 0);
  assert.deepEqual((await verifyTrail(world, { days: 400 })).faults, []);
});
