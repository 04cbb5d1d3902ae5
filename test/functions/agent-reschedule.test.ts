/** Another schedule for an agent that is there: by the command, on the record, and followed by the reconciler. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditChain } from '../../shared/store/audit-store.ts';
import { type CliWorld, cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

type Shown = {
  readonly specVersion: number;
  readonly schedule: { readonly expression: string; readonly timezone: string } | null;
};
const show = async (cli: CliWorld): Promise<string> => {
  const { specVersion, schedule } = (await novaJson(cli, ['agent', 'show', 'shop'])) as Shown;
  return `v${specVersion} ${schedule ? `${schedule.expression} ${schedule.timezone}` : 'when asked'}`;
};
const scheduled = async ({ world }: CliWorld): Promise<readonly string[]> =>
  (await world.scheduler.list('shop')).map(({ schedule }) => `${schedule.expression} ${schedule.timezone}`);

async function shop(...words: readonly string[]): Promise<CliWorld> {
  const cli = cliWorld();
  const config = '{"outcomes":[{"ok":true}]}';
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', config, ...words]);
  await workAll(cli);
  return cli;
}
const update = (cli: CliWorld, ...words: readonly string[]) => nova(cli, ['agent', 'update', 'shop', ...words]);

test('a new schedule is followed, keeps its zone and its config, and is on the record with the old one', async () => {
  const cli = await shop('--schedule', 'cron(0 9 * * ? *)', '--timezone', 'Europe/Berlin');
  const { code, out } = await update(cli, '--schedule', 'rate(2 hours)', '--why', 'it costs more than it brings');
  assert.deepEqual([code, /runs rate\(2 hours\) Europe\/Berlin/.test(out)], [0, true], out);
  await workAll(cli);
  assert.equal(await show(cli), 'v1 rate(2 hours) Europe/Berlin');
  assert.deepEqual(await scheduled(cli), ['rate(2 hours) Europe/Berlin']);
  const record = JSON.stringify((await auditChain(cli.world.table, 'agent:shop')).at(-1));
  for (const word of [
    'agent.rescheduled',
    'it costs more',
    'cron(0 9 * * ? *) Europe/Berlin',
    'rate(2 hours) Europe/Berlin',
  ])
    assert.ok(record.includes(word), `${word}: ${record}`);
});

test('a zone alone moves the schedule it has, and a schedule is taken away by its own word', async () => {
  const cli = await shop('--schedule', 'cron(0 9 * * ? *)');
  assert.equal((await update(cli, '--timezone', 'Asia/Tokyo')).code, 0);
  assert.equal(await show(cli), 'v1 cron(0 9 * * ? *) Asia/Tokyo');
  assert.equal((await update(cli, '--unscheduled')).code, 0);
  await workAll(cli);
  assert.equal(await show(cli), 'v1 when asked');
  assert.deepEqual(await scheduled(cli), []);
});

test('config and schedule change in one command, and a wrong one of the two changes neither', async () => {
  const cli = await shop('--schedule', 'rate(1 hour)');
  for (const words of [
    ['--schedule', 'rate(1 week)', '--config', '{"outcomes":[]}'],
    ['--schedule', 'rate(1 parsec)', '--config', '{"outcomes":[{"ok":false}]}'],
    ['--schedule', 'at(2001-01-01T00:00:00)'],
    ['--timezone', 'Mars/Olympus'],
    ['--schedule', 'rate(2 hours)', '--unscheduled'],
    ['--schedule', 'rate(2 hours)', '--continuous', '--compute', 'fargate'],
    ['--continuous', '--compute', 'fargate'],
  ]) {
    const { code, err } = await update(cli, ...words);
    assert.equal(code, 2, `${words.join(' ')}: ${err}`);
    assert.equal(await show(cli), 'v1 rate(1 hour) UTC', words.join(' '));
  }
  assert.equal((await update(cli, '--schedule', 'rate(3 hours)', '--config', '{"outcomes":[{"ok":false}]}')).code, 0);
  assert.equal(await show(cli), 'v2 rate(3 hours) UTC');
});

test('an agent that is kept running takes no schedule, and one that runs when asked no zone', async () => {
  const kept = cliWorld();
  const config = '{"outcomes":[{"ok":true}]}';
  const words = ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', config];
  await novaJson(kept, [...words, '--compute', 'fargate', '--continuous']);
  assert.match((await update(kept, '--schedule', 'rate(1 hour)')).err, /--continuous or has a --schedule, not both/);
  const asked = await shop();
  assert.match((await update(asked, '--timezone', 'Asia/Tokyo')).err, /about a --schedule, and there is none/);
});

test('of two people who make an agent scheduled and kept running at once, one is refused', async () => {
  const cli = await shop();
  const asked = await Promise.all([
    update(cli, '--schedule', 'rate(1 hour)'),
    update(cli, '--continuous', '--compute', 'fargate'),
  ]);
  assert.deepEqual(asked.map(({ code }) => code).sort(), [0, 5], asked.map(({ err }) => err).join(''));
  const again = await shop('--schedule', 'rate(1 hour)');
  assert.equal((await update(again, '--unscheduled', '--continuous', '--compute', 'fargate')).code, 0);
  assert.equal(await show(again), 'v2 when asked');
});
