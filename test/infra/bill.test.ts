/** `nova bill` over the real templates: no credentials, the same sum as the idle bill, and what a fleet adds. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { fleetIn } from '../../cli/fleet-file.ts';
import { billFacts } from '../../cli/synth.ts';
import { type BillTemplate, idleBill, idleUsages } from '../../infra/aws/idle-bill.ts';
import { billOf } from '../../shared/domain/bill/bill.ts';
import { forecast } from '../../shared/domain/bill/forecast.ts';
import { cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';
import { synthesized } from './synthesized.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-fleet-'));
after(() => rmSync(folder, { recursive: true }));
const fleet = join(folder, 'fleet.json');
writeFileSync(
  fleet,
  JSON.stringify([
    { name: 'shop', schedule: 'rate(1 hour)', instances: 2, seconds: 4, paidUsd: { p50: '0.02', p90: '0.05' } },
    { name: 'train', schedule: 'cron(0 3 * * ? *)', compute: 'fargate', cpu: 1, memory: 2048, seconds: 3600 },
  ]),
);

type Told = {
  readonly id: string;
  readonly idleMicros: number;
  readonly totalMicros: { readonly p50: number };
  readonly agents: readonly { readonly id: string; readonly runs: number; readonly p50Micros: number }[];
  readonly drivers: readonly { readonly id: string }[];
  readonly change: { readonly changeMicros: number | null };
};

test('the templates’ facts add up to the idle bill, to a tenth of a cent', async () => {
  const { stage, uses, prices, memory } = await billFacts('staging');
  assert.deepEqual([stage, memory], ['staging', { runMb: 512, revenueMb: 256 }]);
  const { data, work } = synthesized();
  const templates = [data, work] as BillTemplate[];
  assert.equal(uses.length, idleUsages(templates).length);
  const { micros, listMicros } = billOf(uses, prices);
  const { usd, listUsd } = idleBill(templates);
  assert.ok(Math.abs(micros - usd * 1e6) < 1000, `${micros} is not ${usd}`);
  assert.ok(Math.abs(listMicros - listUsd * 1e6) < 1000, `${listMicros} is not ${listUsd}`);
});

test('a fleet in a file is billed without credentials, and the answer fits 80 columns', async () => {
  const cli = cliWorld();
  const told = (await novaJson(cli, ['bill', '--fleet', fleet, '--alone', '--stage', 'prod'])) as Told;
  assert.equal(told.id, 'prod');
  assert.deepEqual(
    told.agents.map(({ id, runs }) => [id, runs]),
    [
      ['shop', 1440],
      ['train', 30],
    ],
  );
  assert.equal(told.drivers.length, 5);
  assert.deepEqual(told.drivers[0]?.id, 'shop: paid calls');
  assert.equal(told.change.changeMicros, null);
  const { out } = await nova(cli, ['bill', '--fleet', fleet, '--alone']);
  assert.ok(
    out.split('\n').every((line) => line.length <= 80),
    out,
  );
});

test('tasks of every kind cost what a hand adds up from the published prices, to the cent', async () => {
  const file = join(folder, 'tasks.json');
  const nightly = { schedule: 'cron(0 3 * * ? *)', seconds: 3600 };
  writeFileSync(
    file,
    JSON.stringify([
      { name: 'train', ...nightly, compute: 'fargate', cpu: 1, memory: 2048 },
      { name: 'render', ...nightly, compute: 'gpu' },
      { name: 'watcher', compute: 'fargate', cpu: 0.25, memory: 1024, spot: true, continuous: true },
    ]),
  );
  const { agents, drivers } = (await novaJson(cliWorld(), ['bill', '--fleet', file, '--alone'])) as Told;
  const hours = 30;
  // A processor, a gigabyte, an address: dollars an hour in us-east-1.
  const train = hours * (0.03238 + 2 * 0.00356 + 0.005);
  // A g4dn.xlarge on demand with the fee of Managed Instances, and its address.
  const render = hours * (0.526 * 1.12 + 0.005);
  const watcher = hours * 24 * (0.25 * 0.009714 + 0.001068 + 0.005);
  assert.deepEqual(
    agents.map(({ id, p50Micros }) => [id, Math.round(p50Micros / 10_000)]),
    Object.entries({ train, render, watcher }).map(([id, usd]) => [id, Math.round(usd * 100)]),
  );
  assert.deepEqual(
    drivers.slice(0, 2).map(({ id }) => id),
    ['render: tasks', 'watcher: tasks'],
  );
});

test('what a stage may choose is in the bill: a gateway with its address, images, the firewall', async () => {
  const idle = async (...more: string[]): Promise<number> =>
    ((await novaJson(cliWorld(), ['bill', '--fleet', none, '--alone', ...more])) as Told).idleMicros / 1e6;
  const none = join(folder, 'none.json');
  writeFileSync(none, '[]');
  const [plain, tasks, gpu, network] = [
    await idle(),
    await idle('--with', 'containers'),
    await idle('--with', 'containers,gpu'),
    await idle('--with', 'containers,vpc'),
  ];
  const cents = (usd: number): number => Math.round(usd * 100);
  // Ten images of 0.1 GB, ten more of 0.2; a gateway for 720 hours and its address.
  assert.deepEqual([tasks - plain, gpu - tasks, network - tasks].map(cents), [10, 20, 3240 + 360]);
});

test('a fleet of ten thousand is billed in seconds', async () => {
  const many = Array.from({ length: 10_000 }, (_, n) => ({ name: `a${n}`, schedule: 'rate(1 hour)', seconds: 4 }));
  const begun = performance.now();
  const { agents } = forecast(await billFacts(null), {
    agents: fleetIn(JSON.stringify(many), Date.UTC(2026, 10, 20)),
    dailyLimitMicros: null,
  });
  assert.equal(agents.length, 10_000);
  assert.ok(agents.every(({ p50Micros }) => p50Micros >= 0));
  assert.ok(performance.now() - begun < 20_000, `${performance.now() - begun} ms`);
});

test('a fleet that cannot be is refused with the agent and the field', async () => {
  const cli = cliWorld();
  const refused: [unknown, RegExp][] = [
    [{ name: 'x' }, /a fleet is a list/],
    [[{ name: 'x', schedule: 'often' }], /x: .*often/],
    [[null], /agent 1 is no object/],
    [[{ name: 'x', schedule: 'rate(1 hour)', paidUsd: 0.1 }], /x: amounts are text/],
    [[{ name: 'x', schedule: 'rate(1 hour)', paidUsd: '-0.5' }], /x: amounts are text, 0 or more/],
    [[{ name: 'x', schedule: 'rate(1 hour)', paidUsd: { p50: '0.5', p90: '0.1' } }], /x: p90, .*, is at least p50/],
    [[{ name: 'x', schedule: 'rate(1 hour)', instances: -1 }], /x: instances is a number from 0/],
    [[{ name: 'x', schedule: 'rate(1 hour)', instances: 1.5 }], /x: instances is a whole number/],
    [[{ name: 'x', schedule: 'rate(1 hour)', seconds: 3600 }], /x: seconds is a number from 0 to 280/],
    [[{ name: 'x', schedule: 'rate(1 hour)', compute: 'fargate', spot: 'yes' }], /x: spot is true or false/],
    [Array(2).fill({ name: 'x', schedule: 'rate(1 hour)' }), /two agents named "x"/],
    [[{ name: 'x', schedule: 'rate(1 hour)', colour: 1 }], /x: there is no field "colour"/],
    [[{ name: 'x', schedule: 'rate(1 hour)', compute: 'fargate', cpu: 3 }], /x: --cpu is one of/],
    [[{ name: 'x', schedule: 'rate(1 hour)', continuous: true }], /x: continuous needs compute/],
  ];
  for (const [value, why] of refused) {
    writeFileSync(join(folder, 'wrong.json'), JSON.stringify(value));
    const { code, err } = await nova(cli, ['bill', '--fleet', join(folder, 'wrong.json'), '--alone']);
    assert.deepEqual([code, why.test(err)], [2, true], err);
  }
});

test('the fleet of a data directory is billed by its schedules, and by its limits until something ran', async () => {
  const home = join(folder, 'home');
  const run = promisify(execFile);
  const script = join(import.meta.dirname, '../../cli/nova.ts');
  const told = async (...words: string[]): Promise<Told> =>
    JSON.parse((await run(process.execPath, [script, ...words, '--home', home, '--json'])).stdout) as Told;
  const config = JSON.stringify({ outcomes: [{ ok: true, costUsd: '0.10', revenueUsd: '0.50' }] });
  const words = ['agent', 'deploy', 'lab.scripted', '--name', 'winner', '--schedule', 'rate(1 hour)'];
  await told(...words, '--instances', '2', '--config', config);
  const bill = await told('bill', '--alone');
  const [winner] = bill.agents;
  assert.deepEqual([winner?.id, winner?.runs], ['winner', 1440]);
  // 1,440 runs of ten cents, and what the platform takes for them.
  assert.ok(Number(winner?.p50Micros) > 144_000_000 && Number(winner?.p50Micros) < 145_000_000, JSON.stringify(bill));
});
