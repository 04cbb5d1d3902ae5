/** Channels of alerts against servers that speak the vendors' shapes, and the telling of an alert under crashes. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { pager } from '../../shared/connectors/pager.ts';
import { BUILT_IN, type Channel, checkedChannel } from '../../shared/domain/alert/channel.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { tellAlert } from '../../shared/jobs/tell-alert.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { PageOut } from '../../shared/ports/outside.ts';
import { listAlerts, moveAlert } from '../../shared/store/alert-store.ts';
import { getChannel } from '../../shared/store/channel-store.ts';
import { Crash, crashingTable } from '../fixtures/fleet-world.ts';

type Heard = { readonly url: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: string };

async function listening(status: number, work: (base: string, heard: Heard[]) => Promise<void>): Promise<void> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      heard.push({ url: `${request.method} ${request.url}`, headers: request.headers, body });
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(status === 200 ? 'ok' : '{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    await work(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`, heard);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const time = stillClock(Date.UTC(2026, 10, 20, 3));
const AT = '2026-11-20T03:00:00.000Z';
const PAGE: PageOut = {
  ...{
    id: 'alert.raised:dead_letters:runs:1',
    kind: 'slack',
    secret: 'channel-ops',
    to: '',
    account: '',
    from: '',
    inside: false,
  },
  ...{ subject: 'critical dead letters, runs', text: 'runs: 1 <dead> letter & more.\nSecond line.' },
  event: { v: 1, id: 'x', type: 'channel.tested', stage: 'test', at: AT, detail: { channel: 'ops' } },
};
const SECRET = 'a-signing-key-of-at-least-32-characters';
const keeping = (value: string) => ({ get: async () => value });

test('Slack gets one text at the address that is the secret, with its three characters escaped', () =>
  listening(200, async (base, heard) => {
    await pager({ secrets: keeping(`${base}services/T0/B0/x\n`), time, slackBase: base }).page(PAGE);
    assert.equal(heard[0]?.url, 'POST /services/T0/B0/x');
    assert.deepEqual(JSON.parse(heard[0]?.body ?? ''), {
      text: '*critical dead letters, runs*\nruns: 1 &lt;dead&gt; letter &amp; more.\nSecond line.',
    });
  }));

test('Twilio gets a form for its account, with basic auth', () =>
  listening(201, async (base, heard) => {
    const account = `AC${'0'.repeat(32)}`;
    const sms = { ...PAGE, kind: 'sms', to: '+41791234567', from: '+15005550006', account } as const;
    await pager({ secrets: keeping('token'), time, twilioBase: base }).page(sms);
    assert.equal(heard[0]?.url, `POST /2010-04-01/Accounts/${account}/Messages.json`);
    assert.equal(heard[0]?.headers.authorization, `Basic ${Buffer.from(`${account}:token`).toString('base64')}`);
    const form = new URLSearchParams(heard[0]?.body);
    assert.deepEqual(Object.fromEntries(form), {
      ...{ To: '+41791234567', From: '+15005550006' },
      Body: 'critical dead letters, runs. runs: 1 <dead> letter & more.',
    });
  }));

test('a webhook gets the event, signed over its bytes and its time, with the same key when it is told again', () =>
  listening(200, async (base, heard) => {
    const out = { ...PAGE, kind: 'webhook', to: `${base}hook`, inside: true } as const;
    await pager({ secrets: keeping(SECRET), time }).page(out);
    const { headers, body } = heard[0] ?? assert.fail('nothing came');
    const mac = createHmac('sha256', SECRET)
      .update(`${time.now() / 1000}.${body}`)
      .digest('hex');
    assert.equal(headers['x-nova-signature'], `sha256=${mac}`);
    assert.equal(headers['idempotency-key'], PAGE.id);
    assert.deepEqual(JSON.parse(body), PAGE.event);
    const outside = { ...out, inside: false };
    await assert.rejects(pager({ secrets: keeping(SECRET), time }).page(outside), { code: 'misconfigured' });
    await assert.rejects(pager({ secrets: keeping('short'), time }).page(out), /fewer than 32/);
  }));

test('a webhook that leads to a private address is refused, however it is written and whatever its name says', async () => {
  const refusedAt = async (host: string, addresses: readonly string[]) => {
    const out = { ...PAGE, kind: 'webhook', to: `https://${host}/hook` } as const;
    const telling = pager({ secrets: keeping(SECRET), time, resolve: async () => addresses }).page(out);
    await assert.rejects(telling, { code: 'misconfigured', message: /not one of the public internet/ }, host);
  };
  for (const host of ['127.0.0.1', '0x7f.1', '2130706433', '169.254.169.254', '10.0.0.1', '[::1]', '[::ffff:10.0.0.1]'])
    await refusedAt(host, []);
  await refusedAt('hook.example.com', ['127.0.0.1']);
  await refusedAt('hook.example.com', ['93.184.215.14', '169.254.169.254']);
  await refusedAt('localhost:5678', ['::1']);
});

test('only a webhook is inside, and its address is written plainly', () => {
  const channel = { ...BUILT_IN[0], name: 'flows', kind: 'webhook', inside: false } as Channel;
  const allowed = (to: string, inside: boolean, kind: Channel['kind'] = 'webhook'): boolean => {
    try {
      return checkedChannel({ ...channel, kind, to, inside }) !== null;
    } catch {
      return false;
    }
  };
  assert.ok(allowed('https://n8n.example.com:5678/webhook/x?y=1', false));
  assert.ok(allowed('http://localhost:5678/webhook/x', true) && allowed('http://[::1]:5678', true));
  const odd = ['http://n8n.example.com/', 'https://user:word@example.com/', 'https://[', 'https://', 'ftp://x/', 'x'];
  for (const to of [...odd, 'https://a b/', 'https://example.com\\@evil/']) assert.equal(allowed(to, false), false, to);
  assert.equal(allowed('', true, 'email'), false);
});

for (const [status, code] of [
  [404, 'misconfigured'],
  [302, 'misconfigured'],
  [429, 'unavailable'],
  [503, 'unavailable'],
] as const) {
  test(`an answer of ${status} is ${code}, and no secret is in the error`, () =>
    listening(status, async (base) => {
      const telling = pager({ secrets: keeping(`${base}services/T0/B0/hidden`), time, slackBase: base }).page(PAGE);
      await assert.rejects(telling, (thrown: { code?: string; message: string }) => {
        assert.equal(thrown.code, code);
        assert.doesNotMatch(JSON.stringify(thrown) + thrown.message, /hidden/);
        return true;
      });
    }));
}

test('a channel that hangs is left after its time, before and after its first word', async () => {
  const server = createServer((request, response) => {
    if (request.url?.endsWith('half')) response.writeHead(200).write('a beginning');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
  const slack = pager({ secrets: keeping(`${base}services/T0/B0/hidden`), time, slackBase: base, timeoutMs: 60 });
  await assert.rejects(slack.page(PAGE), { code: 'unavailable', message: 'the slack channel cannot be reached' });
  const half = { ...PAGE, kind: 'webhook', to: `${base}half`, inside: true } as const;
  // The status is the answer: who goes on talking is not listened to.
  await pager({ secrets: keeping(SECRET), time, timeoutMs: 60 }).page(half);
  server.closeAllConnections();
  server.close();
});

async function raisedWorld() {
  const table = mapTable();
  const finding = { rule: 'dead_letters', subject: 'runs', message: 'runs: 1 dead letter.' } as const;
  const clock = stillClock(time.now());
  assert.ok(await moveAlert({ table, time: clock }, { do: 'raise', finding, before: null }));
  const keys: string[] = [];
  const settings = { stage: 'test', timezone: 'UTC', ownerEmail: 'owner@example.com', leaseSeconds: 60 };
  const world = {
    ...{ table, time: clock, settings, log: { info() {}, warn() {}, error() {} } },
    mailer: { send: async ({ dedupKey }: { dedupKey: string }) => void keys.push(dedupKey) },
    ...{ pager: { page: async () => {} }, events: { put: async () => {} } },
  } as unknown as Parameters<typeof tellAlert>[1];
  return { table, clock, world, keys };
}
const FIRST = { receiveCount: 1 };
const ORDER = {
  v: 1,
  kind: 'tell-alert',
  alertId: 'dead_letters:runs',
  episode: 1,
  channel: 'owner',
  told: 'raised',
} as const;

test('found twice at the same time it is raised once; told five times at the same time it is told once', async () => {
  const { table, clock, world, keys } = await raisedWorld();
  const finding = { rule: 'dead_letters', subject: 'runs', message: 'm' } as const;
  assert.equal(await moveAlert({ table, time: clock }, { do: 'raise', finding, before: null }), false);
  await Promise.all(Array.from({ length: 5 }, () => tellAlert(ORDER, world, FIRST)));
  await tellAlert(ORDER, world, FIRST);
  assert.equal(keys.length, 1);
  assert.deepEqual((await listAlerts(table))[0]?.told, ['owner:raised']);
});

test('a channel that cannot be reached is tried for half a minute at each look, and is an alert after a quarter of an hour', async () => {
  const { table, clock, world, keys } = await raisedWorld();
  let down = true;
  const { send } = world.mailer;
  const mailer = {
    send: async (mail: Parameters<typeof send>[0]) => {
      if (down) throw new NovaError('unavailable', 'the mail service answered 503');
      await send(mail);
    },
  };
  const flaky = { ...world, mailer };
  const look = async (): Promise<string> => {
    for (const receiveCount of [1, 2, 3, 4])
      await assert.rejects(tellAlert(ORDER, flaky, { receiveCount }), { code: 'unavailable' });
    // The last one goes: no dead letter comes of a channel.
    assert.equal(await tellAlert(ORDER, flaky, { receiveCount: 5 }), undefined);
    return (await getChannel(table, 'owner'))?.problem ?? 'gone';
  };
  const problems: string[] = [];
  for (let n = 0; n < 5; n++) {
    problems.push(await look());
    clock.advance(5 * 60_000);
  }
  const why = 'the mail service answered 503';
  assert.deepEqual(problems, ['', '', '', why, why]);
  assert.deepEqual((await listAlerts(table))[0]?.told, [], 'it is still to be told');
  down = false;
  await tellAlert(ORDER, flaky, FIRST);
  const { problem, failingSince } = (await getChannel(table, 'owner')) ?? assert.fail('gone');
  assert.deepEqual([keys.length, problem, failingSince], [1, '', undefined]);
});

test('dying before or after any write it is told at least once, and under one key', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let write = 1; write <= 3; write++) {
      const { table, clock, world, keys } = await raisedWorld();
      const dying = { ...world, table: crashingTable(table, { write, when }) };
      await tellAlert(ORDER, dying, FIRST).catch((thrown: unknown) => assert.ok(thrown instanceof Crash));
      clock.advance(61_000);
      await tellAlert(ORDER, world, FIRST);
      assert.ok(keys.length >= 1 && keys.length <= 2, `write ${write}, ${when}: ${keys.length}`);
      assert.equal(new Set(keys).size, 1);
    }
  }
});
