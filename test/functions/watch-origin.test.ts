/** A table that was restored: noticed whoever restored it, halted before anything is spent, and let go by a person once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NovaError } from '../../shared/domain/error.ts';
import { sweep } from '../../shared/jobs/sweep.ts';
import { watchAlerts } from '../../shared/jobs/watch-alerts.ts';
import { watchOrigin } from '../../shared/jobs/watch-origin.ts';
import { type MapTable, mapTable } from '../../shared/memory/map-table.ts';
import type { Roots } from '../../shared/ports/outside.ts';
import type { Item, Table } from '../../shared/ports/table.ts';
import { listAlerts } from '../../shared/store/alert-store.ts';
import { keepRoot } from '../../shared/store/anchor-store.ts';
import { exportTrail } from '../../shared/store/audit-export.ts';
import { verifyTrail } from '../../shared/store/audit-verify.ts';
import { getHalt, turnHalt } from '../../shared/store/halt-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { type CliWorld, cliWorld, novaJson, workAll } from '../fixtures/cli-world.ts';

const HOUR = 3_600_000;
const DEPLOY = ['agent', 'deploy', 'lab.scripted', '--config', '{"outcomes":[{"ok":true}]}', '--name'];
const LET_GO = ['killswitch', 'off', '--why', 'looked'];

type Place = { name: string };

/** A stage whose platform says which table it is. */
function stage() {
  const cli = cliWorld();
  const place: Place = { name: 'table 1' };
  const world = { ...cli.world, gauges: { queues: async () => null, marks: async () => [place.name] } };
  return { cli: { ...cli, world } as CliWorld, place };
}

const sweepOf = ({ world }: CliWorld) => sweep(world);
const halted = async ({ world }: CliWorld): Promise<boolean> => (await getHalt(world.table, 'fleet')).on;
const faults = async ({ world }: CliWorld) => (await verifyTrail(world, { days: 400 })).faults;

test('the first look writes down which table this is, and the same one is never halted', async () => {
  const { cli } = stage();
  for (let minute = 0; minute < 130; minute++) {
    assert.equal((await sweepOf(cli)).restored, 0);
    cli.world.time.advance(60_000);
  }
  assert.equal(await halted(cli), false);
});

test('another table under the same stage is halted within one sweep, with a mail and an alert, once', async () => {
  const { cli, place } = stage();
  await novaJson(cli, [...DEPLOY, 'shop']);
  await workAll(cli);
  await sweepOf(cli);
  place.name = 'table 2';
  assert.equal((await sweepOf(cli)).restored, 1);
  assert.deepEqual(
    (await listInstances(cli.world.table, 'shop')).map(({ status }) => status),
    ['halted'],
  );
  const { by, reason } = await getHalt(cli.world.table, 'fleet');
  assert.deepEqual(
    [by, reason],
    ['system:origin', 'the data were restored or copied to here: what happened since is not known in them'],
  );
  await workAll(cli);
  assert.equal(cli.mails.filter(({ subject }) => /Kill switch: everything is stopped/.test(subject)).length, 1);
  await watchAlerts(cli.world);
  const open = async () =>
    (await listAlerts(cli.world.table)).filter(({ rule, state }) => rule === 'went_back' && state !== 'resolved')
      .length;
  assert.equal(await open(), 1);
  await novaJson(cli, LET_GO);
  await workAll(cli);
  assert.equal((await sweepOf(cli)).restored, 0, 'a person has looked');
  assert.equal(await halted(cli), false);
  for (let look = 0; look < 4; look++) {
    cli.world.time.advance(5 * 60_000);
    await watchAlerts(cli.world);
  }
  assert.equal(await open(), 0);
});

test('a file that was moved to another disk keeps its birth, one whose disk numbers anew keeps it too', async () => {
  const { cli } = stage();
  let marks = ['inode 1', 'born 5'];
  const world = { ...cli.world, gauges: { queues: async () => null, marks: async () => marks } };
  await watchOrigin(world, { roots: false });
  marks = ['inode 9', 'born 5'];
  assert.equal(await watchOrigin(world, { roots: false }), null);
  marks = ['inode 9', 'born 7'];
  assert.equal(await watchOrigin(world, { roots: false }), null, 'each step kept one of the two');
  marks = ['inode 3', 'born 8'];
  assert.notEqual(await watchOrigin(world, { roots: false }), null);
});

/** The same stage on a table as it was when `until` had been done; roots lie outside and stay. */
async function restoredTo(later: (cli: CliWorld) => Promise<void>) {
  const { cli, place } = stage();
  await novaJson(cli, [...DEPLOY, 'shop']);
  await workAll(cli);
  await sweepOf(cli);
  await keepRoot(cli.world, []);
  const kept = itemsOf(cli.world.table);
  cli.world.time.advance(30 * HOUR);
  await later(cli);
  await sweepOf(cli);
  await keepRoot(cli.world, []);
  assert.deepEqual(await faults(cli), []);
  const table = mapTable();
  for (const item of kept) await table.write({ op: 'put', item });
  return { cli: { ...cli, world: { ...cli.world, table } } as CliWorld, place };
}

test('a table without a mark that goes back behind a root is noticed within the hour, and its trail holds after a person let it go', async () => {
  const { cli } = await restoredTo(async (before) => void (await novaJson(before, [...DEPLOY, 'late'])));
  assert.match(JSON.stringify(await faults(cli)), /names this anchor, which is gone/);
  cli.world.time.advance(HOUR - (cli.world.time.now() % HOUR));
  assert.equal((await sweepOf(cli)).restored, 1);
  const { reason } = await getHalt(cli.world.table, 'fleet');
  assert.match(
    reason,
    /^the data went back in time: the audit trail was at anchor \d+ on \d{4}-\d\d-\d\d, which is not/,
  );
  assert.equal((await faults(cli)).length, 1, 'nobody has said yet that what is gone may be gone');
  await novaJson(cli, LET_GO);
  await workAll(cli);
  assert.deepEqual(await faults(cli), []);
  const roots = [];
  for await (const line of exportTrail(cli.world, undefined)) if (line.kind === 'root') roots.push(line);
  assert.equal(roots.length, 1, 'what was lost is not in an export either');
  for (let hour = 0; hour < 40; hour++) {
    cli.world.time.advance(HOUR);
    assert.equal((await sweepOf(cli)).restored, 0);
  }
  await keepRoot(cli.world, []);
  assert.deepEqual(await faults(cli), []);
});

test('only what a halt has named is let go: a root whose anchor was changed stays a fault', async () => {
  const { cli } = stage();
  await novaJson(cli, [...DEPLOY, 'shop']);
  await sweepOf(cli);
  await keepRoot(cli.world, []);
  const [anchor] = itemsOf(cli.world.table, 'ANCHOR');
  assert.ok(anchor);
  await cli.world.table.write({ op: 'put', item: { ...anchor, hash: '0'.repeat(64) } });
  await turnHalt(cli.world, { scope: 'fleet', on: true, actor: 'cli:bob', reason: 'x' });
  await novaJson(cli, LET_GO);
  assert.notDeepEqual(await faults(cli), []);
});

test('a step back of minutes is seen where the newest anchor is noted outside', async () => {
  const { cli } = stage();
  let noted: string | null = null;
  const roots: Roots = {
    ...cli.world.roots,
    note: async (text) => {
      noted = text;
    },
    noted: async () => noted,
  };
  const world = { ...cli.world, roots };
  await novaJson(cli, [...DEPLOY, 'shop']);
  await sweep(world);
  assert.notEqual(noted, null);
  const [anchor] = itemsOf(world.table, 'ANCHOR');
  assert.ok(anchor);
  await world.table.write({ op: 'delete', key: { pk: anchor.pk, sk: anchor.sk } });
  assert.match(String(await watchOrigin(world, { roots: true })), /went back in time/);
});

test('a copy is halted also while what was kept outside cannot be read, and once', async () => {
  const { cli, place } = stage();
  await novaJson(cli, [...DEPLOY, 'shop']);
  await workAll(cli);
  await sweepOf(cli);
  const roots: Roots = { ...cli.world.roots, since: () => Promise.reject(new NovaError('unavailable', 'S3: 503')) };
  place.name = 'table 2';
  assert.equal((await sweep({ ...cli.world, roots })).restored, 1);
  assert.equal(await halted(cli), true);
  assert.equal((await sweep({ ...cli.world, roots })).restored, 0, 'once');
});

test('whoever dies between the halt and its note notices it again, and halts twice at most', async () => {
  const { cli, place } = stage();
  await sweepOf(cli);
  place.name = 'table 2';
  const dies: Table = {
    ...cli.world.table,
    write: async (op) => {
      if (op.op === 'update' && op.key.sk === 'origin') throw new Error('died');
      return cli.world.table.write(op);
    },
  };
  await assert.rejects(watchOrigin({ ...cli.world, table: dies }, { roots: false }), /died/);
  assert.equal(await halted(cli), true);
  assert.notEqual(await watchOrigin(cli.world, { roots: false }), null);
  assert.equal(await watchOrigin(cli.world, { roots: false }), null);
});

function itemsOf(table: Table, pk?: string): Item[] {
  const { items } = table as MapTable;
  return [...items()].filter((item) => pk === undefined || item.pk === pk);
}
