/** Secrets that change while the system works: two live versions, five minutes of memory, one fresh look at a refusal. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { hooksJob } from '../../functions/web/hooks.ts';
import { CachedSecrets } from '../../shared/aws/cached-secrets.ts';
import { withFreshSecret } from '../../shared/connectors/fresh-secret.ts';
import { pingSecrets } from '../../shared/connectors/gumroad-hook.ts';
import { stripeSecrets } from '../../shared/connectors/stripe-signature.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';

const OLD = `whsec_${'o'.repeat(24)}`;
const NEW = `whsec_${'n'.repeat(24)}`;

function shelf(values: Record<string, string>) {
  const time = stillClock();
  const reads: string[] = [];
  const read = async (name: string): Promise<string> => {
    reads.push(name);
    const value = values[name];
    if (value === undefined) throw new NovaError('misconfigured', 'there is none');
    return value;
  };
  return { values, reads, time, secrets: new CachedSecrets(read, time) };
}

test('a webhook secret has two live versions until the rotation is finished', async () => {
  const cli = cliWorld();
  cli.secrets.set('stripe-webhook-secret', OLD);
  const rotated = await novaJson(cli, ['secret', 'rotate', 'stripe-webhook-secret'], { stdin: `${NEW}\n` });
  assert.deepEqual(
    { ...(rotated as object), updatedAt: '' },
    { id: 'stripe-webhook-secret', versions: 2, updatedAt: '' },
  );
  assert.deepEqual(stripeSecrets(cli.secrets.get('stripe-webhook-secret') ?? ''), [NEW, OLD]);
  await novaJson(cli, ['secret', 'rotate', 'stripe-webhook-secret', '--finish']);
  assert.deepEqual(stripeSecrets(cli.secrets.get('stripe-webhook-secret') ?? ''), [NEW]);
});

test('what is ours alone is made by us, what is an API key is replaced at once', async () => {
  const cli = cliWorld();
  cli.secrets.set('gumroad-ping-secret', 'a'.repeat(43));
  await novaJson(cli, ['secret', 'rotate', 'gumroad-ping-secret']);
  const [fresh = '', old, ...more] = pingSecrets(cli.secrets.get('gumroad-ping-secret') ?? '');
  assert.deepEqual([fresh.length >= 40, fresh === old, old, more], [true, false, 'a'.repeat(43), []]);
  await novaJson(cli, ['secret', 'rotate', 'approval-pepper']);
  assert.match(cli.secrets.get('approval-pepper') ?? '', /^[\w-]{43}$/);
  cli.secrets.set('sendgrid-api-key', 'SG.old');
  await novaJson(cli, ['secret', 'rotate', 'sendgrid-api-key'], { stdin: 'SG.new' });
  assert.equal(cli.secrets.get('sendgrid-api-key'), 'SG.new');
  assert.equal((await nova(cli, ['secret', 'rotate', 'stripe-api-key'], { stdin: 'x' })).code, 3);
});

test('no value of a secret is printed by any of its commands', async () => {
  const cli = cliWorld();
  cli.secrets.set('stripe-webhook-secret', OLD);
  for (const words of [
    ['secret', 'list'],
    ['secret', 'set', 'stripe-api-key'],
    ['secret', 'rotate', 'stripe-webhook-secret'],
    ['secret', 'rotate', 'stripe-webhook-secret', '--json'],
  ]) {
    const { out, err } = await nova(cli, words, { stdin: NEW });
    for (const value of [OLD, NEW]) assert.ok(!`${out}${err}`.includes(value), words.join(' '));
  }
});

test('a secret is remembered for five minutes, and shared by those who ask at the same time', async () => {
  const { secrets, reads, time, values } = shelf({ key: 'one' });
  assert.deepEqual(await Promise.all([secrets.get('key'), secrets.get('key')]), ['one', 'one']);
  time.advance(299_000);
  values.key = 'two';
  assert.equal(await secrets.get('key'), 'one');
  assert.equal(reads.length, 1);
  time.advance(1_000);
  assert.equal(await secrets.get('key'), 'two');
});

test('a refusal is looked at once: a rotated key is taken up, a wrong one costs one read in thirty seconds', async () => {
  const { secrets, reads, time, values } = shelf({ key: 'one' });
  const used: string[] = [];
  const use = () =>
    withFreshSecret(secrets, { names: ['key'], refusal: 'misconfigured' }, async () => {
      const key = await secrets.get('key');
      used.push(key);
      if (key !== 'good') throw new NovaError('misconfigured', 'refused');
      return key;
    });
  await assert.rejects(use(), { code: 'misconfigured' });
  assert.deepEqual([used, reads.length], [['one'], 2]);
  for (let n = 0; n < 50; n++) await assert.rejects(use());
  assert.equal(reads.length, 2);
  time.advance(30_000);
  values.key = 'good';
  assert.equal(await use(), 'good');
  assert.deepEqual(used.slice(-2), ['one', 'good']);
});

test('a webhook signed with a secret that was rotated a moment ago is heard at once', async () => {
  const { secrets, values, time } = shelf({ 'stripe-webhook-secret': OLD });
  const sent: unknown[] = [];
  const queue = { send: async (message: unknown) => void sent.push(message), sendMany: async () => undefined };
  const world = { secrets, time, revenue: queue, work: queue } as unknown as Parameters<typeof hooksJob.run>[1];
  const call = { invocationId: '1', deadline: time.now() + 10_000, receiveCount: 1 };
  const event = JSON.stringify({
    id: 'evt_1',
    object: 'event',
    type: 'charge.succeeded',
    api_version: '2026-10-01',
    created: 1,
    livemode: false,
    data: { object: { id: 'ch_1', object: 'charge' } },
  });
  const hear = (secret: string) => {
    const seconds = Math.floor(time.now() / 1000);
    const signature = createHmac('sha256', secret).update(`${seconds}.${event}`).digest('hex');
    const headers = { 'stripe-signature': `t=${seconds},v1=${signature}`, 'content-type': 'application/json' };
    const request = { method: 'POST', path: '/hooks/stripe', headers, body: Buffer.from(event), sourceIp: '1.2.3.4' };
    return hooksJob.run(request, world, call);
  };
  assert.equal((await hear(OLD)).status, 200);
  values['stripe-webhook-secret'] = `${NEW},${OLD}`;
  assert.equal((await hear(NEW)).status, 200);
  assert.equal((await hear(OLD)).status, 200);
  await assert.rejects(hear(`whsec_${'x'.repeat(24)}`), { code: 'unauthenticated' });
  assert.equal(sent.length, 3);
});
