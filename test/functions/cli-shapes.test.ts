/** What --json prints: lists are arrays, everything else objects; ids, ISO times, integers with their unit in the key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CliWorld, cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

type Value = { readonly [name: string]: unknown };

const script = (outcomes: readonly object[]): string => JSON.stringify({ outcomes });
const EARNS = script([{ ok: true, costUsd: '0.10', revenueUsd: '0.50' }]);
const LOSES = script([{ ok: true, costUsd: '0.10', revenueUsd: '0' }]);
const CRASHES = script([{ crash: 'boom' }]);

/** A fleet with a past: runs, decisions, an approval, a mail. */
async function livedIn(): Promise<CliWorld> {
  const cli = cliWorld();
  const deploy = (name: string, config: string, ...more: string[]) =>
    novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', name, '--config', config, ...more]);
  await deploy('winner', EARNS, '--department', 'sales', '--schedule', 'rate(1 minute)', '--budget-day', '500');
  await deploy('loser', LOSES);
  await deploy('crasher', CRASHES);
  await workAll(cli);
  for (const id of ['winner', 'loser', 'crasher']) await novaJson(cli, ['run', 'now', id, '--times', '25']);
  await workAll(cli);
  await novaJson(cli, ['autonomy', 'set', 'auto']);
  return cli;
}

/** Walks a printed value: camelCase keys, ISO times, whole numbers with a unit for money. */
function wellFormed(value: unknown, path: string): void {
  if (Array.isArray(value)) for (const [at, one] of value.entries()) wellFormed(one, `${path}[${at}]`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, field] of Object.entries(value)) {
    const here = `${path}.${key}`;
    if (!/\.(evidence|config|action|details)$/.test(path)) assert.match(key, /^[a-z][A-Za-z0-9]*$/, here);
    if (/At$/.test(key) && field !== null && !path.endsWith('.details'))
      assert.equal(new Date(String(field)).toISOString(), field, here);
    if (typeof field === 'number') assert.ok(Number.isSafeInteger(field), here);
    if (/(cost|revenue|profit|spent|amount)$/i.test(key))
      assert.notEqual(typeof field, 'number', `${here} has no unit`);
    wellFormed(field, here);
  }
}

const LISTS = [
  'agent list',
  'agent health',
  'blueprint list',
  'run list',
  'decision list',
  'approval list --status all',
  'mail list',
  'operator list',
  'audit list',
  'queue list',
  'secret list',
];
const OBJECTS = [
  'status',
  'agent show winner',
  'blueprint show web.watch',
  'operator show owner',
  'budget show',
  'budget show fleet',
  'finance revenue',
  'finance costs --period today',
  'finance roi',
  'finance roi sales',
  ...[
    'timeline',
    'timeline --period today',
    'cashflow',
    'pnl',
    'sources',
    'attribution',
    'top',
    'burn',
    'forecast',
  ].map((verb) => `finance ${verb}`),
  ...['targets', 'reinvestment', 'export'].map((verb) => `finance ${verb}`),
  'finance reprice --prices 2026-11-16',
  'finance costs --kinds',
  'budget history',
  'autonomy status',
  'autonomy run --dry-run',
  'audit verify',
  'audit export',
];
/** Their exit code says what they found. */
const JUDGING = ['compliance report', 'compliance report 8.15', 'compliance check'];

test('lists are arrays of things with ids, the rest are objects with one', async () => {
  const cli = await livedIn();
  await novaJson(cli, ['autonomy', 'run']);
  await workAll(cli);
  for (const line of LISTS) {
    const value = await novaJson(cli, line.split(' '));
    assert.ok(Array.isArray(value), line);
    for (const one of value as Value[]) assert.equal(typeof one.id, 'string', line);
    wellFormed(value, line);
  }
  for (const line of OBJECTS) {
    const value = (await novaJson(cli, line.split(' '))) as Value;
    assert.equal(typeof value.id, 'string', line);
    wellFormed(value, line);
  }
  for (const line of ['run list', 'decision list', 'mail list', 'audit list']) {
    assert.ok(((await novaJson(cli, line.split(' '))) as Value[]).length > 0, `${line} is empty`);
  }
});

test('one thing that a list names can be shown', async () => {
  const cli = await livedIn();
  await novaJson(cli, ['autonomy', 'run']);
  await workAll(cli);
  for (const noun of ['run', 'decision', 'mail', 'agent', 'blueprint', 'audit']) {
    const [first] = (await novaJson(cli, [noun, 'list'])) as Value[];
    assert.ok(first, noun);
    assert.equal(((await novaJson(cli, [noun, 'show', String(first.id)])) as Value).id, first.id);
  }
});

test('25 runs each are told apart: what they cost, earned and how they ended', async () => {
  const cli = await livedIn();
  const [crasher, loser, winner] = (await novaJson(cli, ['agent', 'list'])) as Value[];
  assert.deepEqual(
    [winner?.runs, winner?.succeeded, winner?.costMicros, winner?.revenueMicros],
    [25, 25, 2_500_000, 12_500_000],
  );
  assert.deepEqual([winner?.roiBps, winner?.profitMicros], [40_000, 10_000_000]);
  assert.deepEqual([loser?.runs, loser?.roiBps], [25, -10_000]);
  assert.ok(Number(crasher?.crashed) >= 5);
  const runs = (await novaJson(cli, ['run', 'list', 'winner'])) as Value[];
  assert.equal(runs.length, 25);
  assert.deepEqual(await novaJson(cli, ['run', 'list', '--agent', 'winner']), runs);
  assert.equal(((await novaJson(cli, ['run', 'list', '--limit', '3'])) as Value[]).length, 3);
  assert.equal(((await novaJson(cli, ['run', 'list', 'winner', '--status', 'failed'])) as Value[]).length, 0);
  const revenue = (await novaJson(cli, ['finance', 'revenue', '--period', 'today'])) as Value;
  assert.deepEqual([revenue.netMicros, revenue.unattributedMicros], [12_500_000, 0]);
  const costs = (await novaJson(cli, ['finance', 'costs', '--period', 'today'])) as Value;
  assert.equal(costs.costMicros, 5_000_000);
  assert.equal(((await novaJson(cli, ['finance', 'costs'])) as Value).costMicros, 5_000_000);
});

test('a day later today is new, and the week still knows', async () => {
  const cli = await livedIn();
  cli.world.time.advance(86_400_000);
  await novaJson(cli, ['run', 'now', 'winner']);
  await workAll(cli);
  const costOf = async (period: string) =>
    ((await novaJson(cli, ['finance', 'costs', '--period', period])) as Value).costMicros;
  assert.deepEqual([await costOf('today'), await costOf('week'), await costOf('all')], [100_000, 5_100_000, 5_100_000]);
});

test('an approval is asked for, answered once by name, and the opposite is a conflict', async () => {
  const cli = await livedIn();
  const report = (await novaJson(cli, ['autonomy', 'run'])) as Value;
  const asked = (report.decisions as Value[]).find(({ type }) => type === 'scale_up');
  assert.equal(asked?.status, 'awaiting_approval');
  assert.ok(Number(asked?.costImpactMicrosPerDay) > 50_000_000);
  await workAll(cli);
  assert.equal(((await novaJson(cli, ['mail', 'list'])) as Value[]).length > 0, true);
  const [pending] = (await novaJson(cli, ['approval', 'list'])) as Value[];
  const id = String(pending?.id);
  assert.deepEqual([pending?.status, pending?.decisionId], ['pending', asked?.id]);
  assert.doesNotMatch(JSON.stringify(await novaJson(cli, ['approval', 'show', id])), /tokenHash|codeHash/i);
  const approved = (await novaJson(cli, ['approval', 'approve', id])) as Value;
  assert.deepEqual([approved.status, approved.decidedBy], ['approved', 'cli:alice']);
  assert.equal(((await novaJson(cli, ['approval', 'approve', id])) as Value).status, 'approved');
  const opposite = await nova(cli, ['approval', 'reject', id, '--json']);
  assert.equal(opposite.code, 5);
  assert.equal(JSON.parse(opposite.err).error.code, 'conflict');
  await workAll(cli);
  assert.equal(((await novaJson(cli, ['agent', 'show', 'winner'])) as Value).instances, 2);
  assert.deepEqual(await novaJson(cli, ['approval', 'list']), []);
});

test('a secret goes in by standard input and never comes out', async () => {
  const cli = cliWorld();
  const said = await nova(cli, ['secret', 'set', 'stripe-webhook-secret', '--json'], { stdin: 'whsec_very_private\n' });
  assert.equal(said.code, 0);
  assert.equal(cli.secrets.get('stripe-webhook-secret'), 'whsec_very_private');
  const listed = await nova(cli, ['secret', 'list', '--json']);
  for (const text of [said.out, said.err, listed.out]) assert.doesNotMatch(text, /whsec/);
  assert.ok(listed.out.includes('stripe-webhook-secret'));
});

test('a changed audit record is found, and the exit code says so', async () => {
  const cli = await livedIn();
  const valid = (await novaJson(cli, ['audit', 'verify'])) as Value;
  assert.equal(valid.valid, true);
  assert.ok(Number(valid.records) >= 5);
  const [record] = [...cli.world.table.items()].filter(({ pk }) => pk === 'AUDIT#agent:winner');
  assert.ok(record);
  const bytes = String(record.bytes).replace('cli:alice', 'cli:mallo');
  await cli.world.table.write({ op: 'update', key: { pk: record.pk, sk: record.sk }, set: { bytes } });
  const found = await nova(cli, ['audit', 'verify', '--json']);
  assert.equal(found.code, 1);
  assert.deepEqual(JSON.parse(found.out).faults, [{ id: 'agent:winner', seq: 1, problem: 'its bytes were changed' }]);
});

test('commands that judge say so with their exit code, and answer all the same', async () => {
  const cli = await livedIn();
  for (const line of JUDGING) {
    const { out, code } = await nova(cli, [...line.split(' '), '--json']);
    const value = JSON.parse(out) as Value;
    assert.equal(code, value.verdict === 'FAIL' ? 1 : 0, line);
    wellFormed(value, line);
    const people = await nova(cli, line.split(' '));
    for (const row of people.out.split('\n')) assert.ok(row.length <= 80, `${line}: ${row.length}: ${row}`);
  }
});

test('every answer for people fits 80 columns', async () => {
  const cli = await livedIn();
  await novaJson(cli, ['autonomy', 'run']);
  await workAll(cli);
  for (const line of [...LISTS, ...OBJECTS].filter((one) => !one.includes('mail show') && one !== 'audit export')) {
    const { out, code } = await nova(cli, line.split(' '));
    assert.equal(code, 0, line);
    for (const row of out.split('\n')) assert.ok(row.length <= 80, `${line}: ${row.length}: ${row}`);
  }
});
