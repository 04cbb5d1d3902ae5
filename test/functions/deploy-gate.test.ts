import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getAgent } from '../../shared/store/agent-store.ts';
import { cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

const CONFIG = ['--config', '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0.50"}]}'];
const DEPLOY = ['agent', 'deploy', 'lab.scripted', '--name', 'scout', ...CONFIG];

const json = async <T>(...[cli, words]: Parameters<typeof novaJson>): Promise<T> => (await novaJson(cli, words)) as T;

test('an agent that promises less than 150 % is not deployed, and nothing is written', async () => {
  const cli = cliWorld();
  const said = await nova(cli, [...DEPLOY, '--expected-roi', '149']);
  assert.equal(said.code, 4);
  assert.match(said.err, /scout is not deployed: expected ROI 149 % is below the 150 %/);
  assert.equal(await getAgent(cli.world.table, 'scout'), null);
});

test('a cheap promise passes the gate with autonomy off: a person asked for it', async () => {
  const cli = cliWorld();
  const deployed = await json<{ status: string }>(cli, [
    ...DEPLOY,
    '--expected-roi',
    '150',
    '--schedule',
    'rate(1 hour)',
  ]);
  assert.equal(deployed.status, 'draft');
  await workAll(cli);
  assert.equal((await getAgent(cli.world.table, 'scout'))?.status, 'active');
});

test('a dear one waits as a draft for the owner, runs nothing until then, and starts with the approval', async () => {
  const cli = cliWorld();
  const said = await nova(cli, [...DEPLOY, '--expected-roi', '300', '--schedule', 'rate(1 minute)', '--json']);
  assert.equal(said.code, 5);
  const { gate } = JSON.parse(said.out) as { gate: { status: string; why: string } };
  assert.equal(gate.status, 'awaiting_approval');
  assert.match(gate.why, /up to \$144\.00\/day/);
  await workAll(cli);
  assert.equal((await nova(cli, ['run', 'now', 'scout'])).code, 5);
  assert.match(cli.mails[0]?.text ?? '', /scout/);
  const [approval] = await json<{ id: string }[]>(cli, ['approval', 'list']);
  await novaJson(cli, ['approval', 'approve', approval?.id ?? '']);
  await workAll(cli);
  assert.equal((await getAgent(cli.world.table, 'scout'))?.status, 'active');
  assert.equal(cli.schedules.size, 1);
});

test('a rejected one stays a draft', async () => {
  const cli = cliWorld();
  await nova(cli, [...DEPLOY, '--expected-roi', '300', '--schedule', 'rate(1 minute)']);
  await workAll(cli);
  const [approval] = await json<{ id: string }[]>(cli, ['approval', 'list']);
  await novaJson(cli, ['approval', 'reject', approval?.id ?? '']);
  await workAll(cli);
  assert.equal((await getAgent(cli.world.table, 'scout'))?.status, 'draft');
});

test('of two deployments of one name the loser leaves nothing behind, not even its limit', async () => {
  const cli = cliWorld();
  const budgets = ['1', '50000', '7'];
  const codes = await Promise.all(budgets.map(async (usd) => (await nova(cli, [...DEPLOY, '--budget-day', usd])).code));
  assert.deepEqual([...codes].sort(), [0, 5, 5]);
  const won = budgets[codes.indexOf(0)] ?? '';
  const { budget, status } = await json<{ budget: { limitMicros: number }; status: string }>(cli, [
    'agent',
    'show',
    'scout',
  ]);
  assert.deepEqual([budget.limitMicros, status], [Number(won) * 1_000_000, 'active']);
});

test('names and departments are short enough to be read, and a monstrous id is simply unknown', async () => {
  const cli = cliWorld();
  const long = await nova(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'a'.repeat(101), ...CONFIG]);
  assert.deepEqual([long.code, /at most 100 characters; got 101/.test(long.err)], [2, true]);
  const department = await nova(cli, [...DEPLOY, '--department', 'd'.repeat(61)]);
  assert.deepEqual([department.code, /1 to 60 letters.*got "d{61}"/.test(department.err)], [2, true]);
  const unknown = await nova(cli, ['agent', 'show', 'x'.repeat(5000)]);
  assert.deepEqual([unknown.code, unknown.err.length < 400], [3, true]);
  assert.equal((await json<unknown[]>(cli, ['agent', 'list'])).length, 0);
});
