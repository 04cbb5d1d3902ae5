/** Machines with GPUs run on demand: whoever asks for Spot is told so, and nobody is shown a Spot that never was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetIn } from '../../cli/fleet-file.ts';
import { specKey } from '../../shared/store/keys.ts';
import { cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';

const CONFIG = '{"outcomes":[{"ok":true}]}';
const WHY = /--spot is for --compute fargate; machines with GPUs run on demand: their price of Spot moves/;
const deploy = ['agent', 'deploy', 'lab.scripted', '--name', 'trainer', '--compute', 'gpu', '--config', CONFIG];
type Shown = { readonly compute: { readonly kind: string; readonly spot: boolean } };

test('deploy, update and bill refuse Spot with a GPU and say why, and nothing changes', async () => {
  const cli = cliWorld();
  assert.deepEqual([(await nova(cli, [...deploy, '--spot'])).code, (await nova(cli, ['agent', 'list'])).code], [2, 0]);
  assert.match((await nova(cli, [...deploy, '--spot'])).err, WHY);
  await novaJson(cli, deploy);
  const { code, err } = await nova(cli, ['agent', 'update', 'trainer', '--spot']);
  assert.deepEqual([code, WHY.test(err)], [2, true], err);
  const fleet = [{ name: 'trainer', schedule: 'rate(1 hour)', compute: 'gpu', spot: true }];
  assert.throws(() => fleetIn(JSON.stringify(fleet), 0), WHY);
});

test('an agent of Fargate on Spot that is moved to GPUs goes there on demand', async () => {
  const cli = cliWorld();
  const words = deploy.map((word) => (word === 'gpu' ? 'fargate' : word));
  await novaJson(cli, [...words, '--spot']);
  assert.equal(((await novaJson(cli, ['agent', 'show', 'trainer'])) as Shown).compute.spot, true);
  await novaJson(cli, ['agent', 'update', 'trainer', '--compute', 'gpu']);
  const { compute } = (await novaJson(cli, ['agent', 'show', 'trainer'])) as Shown;
  assert.deepEqual([compute.kind, compute.spot], ['gpu', false]);
});

test('an agent of an older version that wished for it is shown and updated as what it always was', async () => {
  const cli = cliWorld();
  await novaJson(cli, deploy);
  const key = specKey('trainer', 1);
  const { task } = (await cli.world.table.get(key)) ?? assert.fail('no config');
  await cli.world.table.write({ op: 'update', key, set: { task: { ...(task as object), spot: true } } });
  const { compute } = (await novaJson(cli, ['agent', 'show', 'trainer'])) as Shown;
  assert.deepEqual([compute.kind, compute.spot], ['gpu', false]);
  assert.equal((await nova(cli, ['agent', 'update', 'trainer', '--timeout', '7200'])).code, 0);
});
