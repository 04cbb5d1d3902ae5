/** Who set which secret is on record; what it is, is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyTrail } from '../../shared/store/audit-verify.ts';
import { type CliWorld, cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';

const VALUE = 'sk_live_nobody_may_read_this';
const SET = ['secret', 'set', 'stripe-api-key'];

const trailOf = async (cli: CliWorld): Promise<string[]> =>
  ((await novaJson(cli, ['audit', 'list'])) as readonly { entity: string; action: string; actor: string }[])
    .filter(({ entity }) => entity === 'secret:stripe-api-key')
    .map(({ action, actor }) => `${action} by ${actor}`)
    .sort();

test('each setting and each rotation is a record with a name and an actor, and never a value', async () => {
  const cli = cliWorld();
  assert.equal((await nova(cli, SET, { stdin: VALUE })).code, 0);
  assert.equal((await nova(cli, ['secret', 'rotate', 'stripe-api-key'], { stdin: `${VALUE}2` })).code, 0);
  assert.deepEqual(await trailOf(cli), ['secret.rotated by cli:alice', 'secret.set by cli:alice']);
  assert.ok(!JSON.stringify([...cli.world.table.items()]).includes(VALUE));
  assert.deepEqual((await verifyTrail(cli.world, { days: 2 })).faults, []);
});

test('a secret that could not be kept is said to be unchanged', async () => {
  const cli = cliWorld();
  const set = () => Promise.reject(new Error('the shelf is full'));
  const full = { ...cli, admin: { ...cli.admin, secrets: { ...cli.admin.secrets, set } } } as CliWorld;
  assert.notEqual((await nova(full, SET, { stdin: VALUE })).code, 0);
  assert.deepEqual(await trailOf(cli), ['secret.set by cli:alice', 'secret.unchanged by cli:alice']);
});
