/** The live summary: drawn over itself on a terminal, one line per change elsewhere; and the sign of life. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withProgress } from '../../cli/progress.ts';
import { changesBetween, liveSummary } from '../../cli/render/live.ts';
import { PLAIN } from '../../cli/render/style.ts';
import { renderSummary } from '../../cli/render/summary.ts';
import type { Snapshot } from '../../cli/snapshot.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { cliWorld, novaJson, workAll } from '../fixtures/cli-world.ts';

const EARNS = '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0.50"},{"crash":"boom"}]}';

function terminal(tty: boolean) {
  const written: string[] = [];
  const all: Terminal = {
    out: (text) => void written.push(text),
    err: (text) => void written.push(text),
    ...{ outIsTty: tty, errIsTty: tty, inIsTty: false, color: false, columns: 80 },
    readAll: async () => '',
    ask: async () => '',
  };
  return { ...all, written };
}

test('in a pipe each change is one line, and no change is none', async () => {
  const cli = cliWorld();
  const snapshot = async () => (await novaJson(cli, ['status'])) as Snapshot;
  const empty = await snapshot();
  assert.deepEqual(changesBetween(null, empty), []);
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', EARNS]);
  await workAll(cli);
  const deployed = await snapshot();
  assert.deepEqual(changesBetween(empty, deployed), ['agent shop: active, 1 instance']);
  await novaJson(cli, ['run', 'now', 'shop', '--times', '2']);
  await workAll(cli);
  const ran = await snapshot();
  assert.deepEqual(changesBetween(deployed, ran), [
    'agent shop: 2 runs (1 ok, 1 crashed), cost $0.10, revenue $0.50, ROI 400 %',
  ]);
  assert.deepEqual(changesBetween(ran, await snapshot()), []);
  await novaJson(cli, ['agent', 'pause', 'shop']);
  assert.deepEqual(changesBetween(ran, await snapshot()), ['agent shop: now paused (operator), 1 instance']);
  const pipe = terminal(false);
  liveSummary(pipe, 'note').show(deployed);
  assert.deepEqual(pipe.written, ['08:00:00 agent shop: active, 1 instance\n']);
});

test('on a terminal the page is drawn over itself, and only when it differs', async () => {
  const cli = cliWorld();
  const first = (await novaJson(cli, ['status'])) as Snapshot;
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', EARNS]);
  const second = (await novaJson(cli, ['status'])) as Snapshot;
  const screen = terminal(true);
  const live = liveSummary(screen, 'Ctrl-C stops');
  live.show(first);
  live.show(first);
  assert.equal(screen.written.length, 1);
  live.show(second);
  const lines = (screen.written[0] ?? '').split('\n').length - 1;
  assert.ok(screen.written[1]?.includes(`\u001b[${lines}A`), 'goes up as many lines as were drawn');
  assert.match(screen.written[1] ?? '', /shop[\s\S]*Ctrl-C stops/);
});

test('who is not well is named with its reason, and the rest is counted', async () => {
  const cli = cliWorld();
  for (const name of ['shop', 'mill', 'farm'])
    await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', name, '--config', EARNS]);
  const well = (await novaJson(cli, ['status'])) as Snapshot;
  assert.doesNotMatch(renderSummary(well, PLAIN), /Not well/);
  const waits = ['instance 0 waits for a task: the fleet runs 100 already, the most there may be'];
  const agents = well.agents.map((agent) => ({ ...agent, health: 'degraded', healthReasons: waits }));
  const page = renderSummary({ ...well, agents }, PLAIN);
  assert.match(
    page,
    /Not well \(3\): nova agent health\n\w+ degraded: instance 0 waits for a task: the fleet runs 100/,
  );
  assert.ok(page.split('\n').every((line) => line.length <= 80));
  assert.equal(renderSummary({ ...well, agents }, PLAIN, 5).match(/ degraded: /g)?.length, 1);
});

test('what takes longer than two seconds gives a sign of life, on the error stream alone', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const pipe = terminal(false);
  let finish = (_: string): void => undefined;
  const work = withProgress(pipe, 'agent list', () => new Promise<string>((resolve) => (finish = resolve)));
  t.mock.timers.tick(1_900);
  assert.deepEqual(pipe.written, []);
  t.mock.timers.tick(5_000);
  assert.deepEqual(pipe.written, ['nova: agent list: working…\n']);
  finish('done');
  assert.equal(await work, 'done');
});
