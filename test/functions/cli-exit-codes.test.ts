/** Bad input: what was wrong, what is allowed, what came; the right exit code; and nothing changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

const GOOD = '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0"}]}';
const DEPLOY = ['agent', 'deploy', 'lab.scripted', '--name', 'new'];

type Bad = readonly [words: readonly string[], code: number, message: RegExp];

const BAD: readonly Bad[] = [
  [['agent', 'show', 'shpo'], 3, /no agent "shpo"; did you mean "shop"\?/],
  [['agent', 'pause', 'nobody'], 3, /no agent "nobody"; there are: shop/],
  [['agent', 'scale', 'nobody', '--to', '2'], 3, /no agent "nobody"/],
  [['run', 'now', 'nobody'], 3, /no agent "nobody"/],
  [['run', 'show', 'shop.0.nothing'], 3, /no run "shop\.0\.nothing"/],
  [['decision', 'show', '01X'], 3, /no decision "01X"/],
  [['approval', 'approve', '01X'], 3, /no approval "01X"/],
  [['mail', 'show', 'x'], 3, /no mail "x"/],
  [['queue', 'redrive', 'rns'], 3, /no queue "rns"; there are: runs, revenue, work/],
  [['agent', 'deploy', 'lab.scriptde'], 3, /no blueprint "lab\.scriptde"; did you mean "lab\.scripted"\?/],
  [[...DEPLOY, '--config', '{"outcomes":'], 2, /--config: expected a JSON object/],
  [[...DEPLOY, '--config', '{"outcomes":[{"ok":true,"costUsd":"12.3.4"}]}'], 2, /12\.3\.4/],
  [[...DEPLOY, '--config', '{}'], 2, /outcomes/],
  [[...DEPLOY, '--config', GOOD, '--schedule', 'cron(0 9 * * * *)'], 2, /exactly one of day of month and day of week/],
  [[...DEPLOY, '--config', GOOD, '--schedule', '* * * * *'], 2, /a schedule is cron\(0 9 \? \* MON-FRI \*\)/],
  [[...DEPLOY, '--config', GOOD, '--schedule', 'at(2020-01-01T00:00:00)'], 2, /never fires after/],
  [[...DEPLOY, '--config', GOOD, '--schedule', 'cron(0 0 31 2 ? *)'], 2, /never fires after/],
  [[...DEPLOY, '--config', GOOD, '--schedule', 'rate(1 hour)', '--timezone', 'Mars/Base'], 2, /Mars\/Base/],
  [[...DEPLOY, '--config', GOOD, '--timezone', 'Europe/Berlin'], 2, /--timezone is about a --schedule/],
  [[...DEPLOY, '--config', GOOD, '--budget-day', '12.3.4'], 2, /--budget-day: .*got "12\.3\.4"/],
  [[...DEPLOY, '--config', GOOD, '--budget-day', '-5'], 2, /--budget-day: .*got "-5"/],
  [[...DEPLOY, '--config', GOOD, '--instances', '51'], 2, /from 1 to 50; got "51"/],
  [['agent', 'deploy', 'lab.scripted', '--name', '!!!', '--config', GOOD], 2, /at least one letter or digit/],
  [['agent', 'deploy', 'lab.scripted', '--name', 'Shop', '--config', GOOD], 5, /an agent "shop" already/],
  [['budget', 'set', 'fleet', '12.3.4'], 2, /got "12\.3\.4"/],
  [['budget', 'set', 'fleet', '-1'], 2, /0 or more dollars; got "-1"/],
  [['budget', 'set', 'nobody', '5'], 3, /no agent "nobody"/],
  [['agent', 'scale', 'shop'], 2, /--to <n> or --multiplier <n>/],
  [['agent', 'scale', 'shop', '--multiplier', '50', '--to', '2'], 2, /one of them/],
  [['agent', 'scale', 'shop', '--to', '0'], 2, /from 1 to 50; got "0"/],
  [['agent', 'pause'], 2, /the id of an agent, or --all/],
  [['agent', 'pause', 'shop', '--all'], 2, /the id of an agent, or --all/],
  [['agent', 'retire', '--all'], 2, /--all --yes/],
  [['run', 'now', 'shop', '--times', '0'], 2, /from 1 to 10000; got "0"/],
  [['run', 'now', 'shop', '--instance', '3'], 2, /has 1 instance \(0 to 0\); got instance 3/],
  [['autonomy', 'set', 'on'], 2, /off, advise, approve, auto; got "on"/],
  [['autonomy', 'set'], 2, /expected a mode/],
  [['autonomy', 'set', '--scale-roi', '100'], 2, /thresholds must rise/],
  [['schedule', 'next', 'cron(bad)'], 2, /six fields/],
  [['schedule', 'next', 'rate(5 minutes)', '--tz', 'Nowhere'], 2, /Nowhere/],
  [['schedule', 'next', 'at(2020-01-01T00:00:00)'], 3, /never fires/],
  [['finance', 'roi', 'nobody'], 3, /no agent "nobody"/],
  [['secret', 'set', 'Bad Name'], 2, /lower-case letters/],
  [['audit', 'verify', '--days', 'many'], 2, /got "many"/],
];

for (const [words, code, message] of BAD) {
  test(`nova ${words.join(' ')} ends with ${code} and changes nothing`, async () => {
    const cli = cliWorld();
    await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', GOOD]);
    await workAll(cli);
    const items = () => JSON.stringify([...cli.world.table.items()].map((item) => JSON.stringify(item)).sort());
    const before = items();
    const people = await nova(cli, words, { stdin: 'x' });
    assert.equal(people.code, code, people.err);
    assert.equal(people.out, '');
    assert.match(people.err, message);
    const json = await nova(cli, [...words, '--json'], { stdin: 'x' });
    assert.equal(json.code, code);
    assert.equal(json.out, '');
    const { error } = JSON.parse(json.err) as { error: { code: string; message: string } };
    assert.match(error.message, message);
    assert.match(error.code, /^[a-z_]+$/);
    assert.equal(items(), before);
    assert.equal(cli.queues.work.size() + cli.queues.runs.size(), 0);
  });
}

test('a paused agent runs nothing, which is a conflict; retired ones never come back', async () => {
  const cli = cliWorld();
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', GOOD]);
  assert.equal((await nova(cli, ['pause', 'shop'])).code, 0);
  assert.equal((await nova(cli, ['run', 'now', 'shop'])).code, 5);
  assert.equal((await nova(cli, ['resume', 'shop'])).code, 0);
  assert.equal((await nova(cli, ['kill', 'shop'])).code, 0);
  const back = await nova(cli, ['resume', 'shop']);
  assert.equal(back.code, 5);
  assert.match(back.err, /retired, which is final/);
});

test('what was typed in an old way does what it did', async () => {
  const cli = cliWorld();
  assert.equal((await nova(cli, ['deploy', 'sales', 'lab.scripted', '--config', GOOD])).code, 0);
  assert.equal((await nova(cli, ['deploy', 'sales', 'lab.scripted', '--config', GOOD])).code, 0);
  const agents = (await novaJson(cli, ['agents', '--department', 'sales'])) as { id: string }[];
  assert.deepEqual(
    agents.map(({ id }) => id),
    ['lab-scripted', 'lab-scripted-2'],
  );
  assert.equal((await nova(cli, ['workers', 'stop'])).code, 0);
  assert.equal(((await novaJson(cli, ['agents', '--status', 'active'])) as unknown[]).length, 0);
  assert.equal((await nova(cli, ['workers', 'start'])).code, 0);
  assert.equal((await nova(cli, ['workers', 'scale', 'lab-scripted'])).code, 0);
  assert.equal(((await novaJson(cli, ['agent', 'show', 'lab-scripted'])) as { instances: number }).instances, 2);
  assert.equal((await nova(cli, ['autonomous', 'enable'])).code, 0);
  assert.equal(((await novaJson(cli, ['autonomous', 'status'])) as { mode: string }).mode, 'auto');
  for (const line of [
    'revenue',
    'costs --period=week',
    'roi lab-scripted',
    'workers status',
    'workers health',
    'autonomous run',
  ]) {
    assert.equal((await nova(cli, line.split(' '))).code, 0, line);
  }
});

test('values go to standard output alone, and nothing else does', async () => {
  const cli = cliWorld();
  const { out, err, code } = await nova(cli, ['agent', 'deploy', 'lab.scripted', '--config', GOOD, '--json']);
  assert.equal(code, 0);
  assert.equal(err, '');
  assert.equal(JSON.parse(out).status, 'active');
});
