/** The budget commands over limits of every kind and period. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CliWorld, cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

const config = JSON.stringify({ outcomes: [{ ok: true, costUsd: '0.10' }] });
const HOUR = ['--period', 'hour'] as const;

type Shown = {
  readonly id: string;
  readonly kind: string;
  readonly per: string;
  readonly period: string;
  readonly limitMicros: number;
  readonly spentMicros: number;
};

async function shop(): Promise<CliWorld> {
  const cli = cliWorld();
  await novaJson(cli, [
    'agent',
    'deploy',
    'lab.scripted',
    '--name',
    'shop',
    '--config',
    config,
    '--department',
    'sales',
  ]);
  await workAll(cli);
  await novaJson(cli, ['run', 'now', 'shop', '--times', '3']);
  await workAll(cli);
  return cli;
}

test('a limit of any period is set, shown beside the day’s, and counts what was spent before it', async () => {
  const cli = await shop();
  const set = (await novaJson(cli, ['budget', 'set', 'fleet', '0.40', ...HOUR])) as Shown;
  assert.deepEqual([set.kind, set.per, set.limitMicros, set.spentMicros], ['usd', 'hour', 400_000, 300_000]);
  await novaJson(cli, ['budget', 'set', 'department:sales', '5', '--kind', 'runs', '--period', 'week']);
  await novaJson(cli, ['run', 'now', 'shop', '--times', '3']);
  await workAll(cli);
  const { budgets, per } = (await novaJson(cli, ['budget', 'show'])) as Shown & { budgets: readonly Shown[] };
  assert.equal(per, 'day');
  assert.deepEqual(
    budgets.map((one) => `${one.id} ${one.kind}/${one.per} ${one.spentMicros} of ${one.limitMicros}`),
    [
      'fleet usd/day 400000 of 100000000',
      'fleet usd/hour 400000 of 400000',
      'department:sales runs/week 4 of 5',
      'agent:shop usd/day 400000 of 50000000',
    ],
  );
  const past = (await novaJson(cli, ['budget', 'history', 'fleet', ...HOUR])) as { periods: readonly Shown[] };
  assert.equal(past.periods.length, 1);
});

test('what the limits are shown as fits eighty columns', async () => {
  const cli = await shop();
  await novaJson(cli, ['budget', 'set', 'fleet', '50', ...HOUR]);
  await novaJson(cli, ['budget', 'set', 'shop', '90000', '--kind', 'seconds', '--period', 'lifetime']);
  const { out } = await nova(cli, ['budget', 'show'], { columns: 80 });
  assert.match(out, /fleet +hour/);
  assert.match(out, /agent:shop +seconds\/lifetime/);
  for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
});

test('a scope without members, a fraction of a run and an unknown period are refused with what is allowed', async () => {
  const cli = await shop();
  for (const [words, code, said] of [
    [['department:salse', '5'], 3, /department "salse".*sales/s],
    [['shop', '1.5', '--kind', 'runs'], 2, /whole number; got 1\.5/],
    [['shop', '5', '--period', 'year'], 2, /hour, day, week, month, lifetime/],
  ] as const) {
    const answer = await nova(cli, ['budget', 'set', ...words]);
    assert.equal(answer.code, code, answer.err);
    assert.match(answer.err, said);
  }
});

test('a limit is removed by its name, its past stays, and what is not there is not found', async () => {
  const cli = await shop();
  await novaJson(cli, ['budget', 'set', 'fleet', '0.40', ...HOUR]);
  const removed = (await novaJson(cli, ['budget', 'remove', 'fleet', ...HOUR])) as Shown;
  assert.deepEqual([removed.id, removed.kind, removed.per, removed.limitMicros], ['fleet', 'usd', 'hour', 400_000]);
  const { budgets } = (await novaJson(cli, ['budget', 'show'])) as { budgets: readonly Shown[] };
  assert.deepEqual(
    budgets.map(({ id, per }) => `${id} ${per}`),
    ['fleet day', 'agent:shop day'],
  );
  assert.equal((await nova(cli, ['budget', 'remove', 'fleet', ...HOUR])).code, 3);
  const past = (await novaJson(cli, ['budget', 'history', 'fleet', ...HOUR])) as { periods: readonly Shown[] };
  assert.equal(past.periods.length, 1);
  const records = (await novaJson(cli, ['audit', 'list', '--entity', 'budget:fleet#usd-hour'])) as { action: string }[];
  assert.deepEqual(records.map(({ action }) => action).sort(), ['budget.removed', 'budget.set']);
  assert.equal(((await novaJson(cli, ['audit', 'verify'])) as { valid: boolean }).valid, true);
  const said = await nova(cli, ['budget', 'remove', 'fleet']);
  assert.equal(said.code, 3, 'nobody has set it');
});
