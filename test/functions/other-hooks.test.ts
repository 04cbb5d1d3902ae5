/** The signed hook of any shop, and the mail service's: what they let in, and what they can move. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hooksJob } from '../../functions/web/hooks.ts';
import { signLedgerHook } from '../../shared/connectors/ledger-hook.ts';
import { fateOf, NovaError } from '../../shared/domain/error.ts';
import { UNATTRIBUTED_ID } from '../../shared/domain/ledger.ts';
import { doWorkJob } from '../../shared/jobs/do-work.ts';
import { recordRevenueJob } from '../../shared/jobs/record-revenue.ts';
import { memoryQueue } from '../../shared/memory/memory-queue.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { approvalKey } from '../../shared/store/keys.ts';
import { HookEntry } from '../../shared/wire/hook-entry.ts';
import { type RevenueMessage, WorkMessage } from '../../shared/wire/messages.ts';
import { ledgerWorld, putAgent } from '../fixtures/ledger-world.ts';
import { CALL, entriesOf, type LedgerWorld, provenSums } from '../fixtures/shop-world.ts';

const SECRET = 'a-shared-secret-of-32-characters!';
const ROTATED = 'another-shared-secret-of-32-chars';
const PAIR = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const PUBLIC = PAIR.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

function door(values: Readonly<Record<string, string>> = {}) {
  const world = ledgerWorld();
  const time = world.time;
  const kept: Record<string, string> = {
    'ledger-hook-secret': `${ROTATED},${SECRET}`,
    'sendgrid-events-key': PUBLIC,
    ...values,
  };
  const get = async (name: string): Promise<string> => {
    const value = kept[name];
    if (!value) throw new NovaError('misconfigured', `no secret ${name}`);
    return value;
  };
  const revenue = memoryQueue<RevenueMessage>({ name: 'revenue', time, visibilitySeconds: 360, maxReceiveCount: 10 });
  const work = memoryQueue<WorkMessage>({ name: 'work', time, visibilitySeconds: 360, maxReceiveCount: 10 });
  return { ...world, revenue, work, secrets: { get } };
}
type Door = ReturnType<typeof door>;

async function post(
  world: Door,
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string>,
): Promise<number> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  try {
    return (await hooksJob.run({ method: 'POST', path, headers, body: bytes, sourceIp: '192.0.2.1' }, world, CALL))
      .status;
  } catch (thrown) {
    assert.ok(thrown instanceof NovaError, `only NovaError is thrown, not ${String(thrown)}`);
    return fateOf(thrown).httpStatus;
  }
}

const ENTRY = { movementId: 'order 17', kind: 'revenue', amountMinor: '1999', currency: 'eur', agentId: 'shop' };
const told = (fields: object = {}): string => JSON.stringify({ ...ENTRY, ...fields });

async function hook(world: Door, body: string, headers?: Record<string, string>): Promise<number> {
  return post(world, '/hooks/ledger', body, headers ?? signLedgerHook(body, SECRET, world.time.now()));
}

async function book(world: Door): Promise<void> {
  for (const message of world.revenue.messages()) {
    await recordRevenueJob.run(recordRevenueJob.parse(JSON.parse(JSON.stringify(message))), world, CALL);
  }
}

test('any shop books a signed movement once, however often it tells it, with either secret', async () => {
  const world = door();
  await putAgent(world.table, 'shop');
  for (const secret of [SECRET, SECRET, ROTATED]) {
    assert.equal(await hook(world, told(), signLedgerHook(told(), secret, world.time.now())), 200);
  }
  assert.equal(
    await hook(
      world,
      told({ movementId: 'back 17', kind: 'refund', amountMinor: '500', paymentId: 'order 17', agentId: undefined }),
    ),
    200,
  );
  await book(world);
  const { shop, ...others } = await provenSums(world);
  assert.deepEqual([shop?.minor, shop?.entries], [{ EUR: 1499n }, 2]);
  assert.deepEqual(others, {});
});

test('the same id with another amount is set aside; a time of its own is where it stands', async () => {
  const world = door();
  assert.equal(await hook(world, told({ at: '2026-11-02T10:00:00+01:00' })), 200);
  assert.equal(await hook(world, told({ amountMinor: '2000' })), 200);
  await book(world);
  const [entry, ...others] = await entriesOf(world);
  assert.deepEqual(others, []);
  assert.deepEqual([entry?.amountMinor, entry?.at], [1999n, Date.UTC(2026, 10, 2, 9)]);
  assert.ok(world.log.said.some(({ level }) => level === 'error'));
});

test('unsigned, forged, stale, future, reshaped and oversized bodies are refused; without a secret there is no such address', async () => {
  const world = door();
  const now = world.time.now();
  const good = signLedgerHook(told(), SECRET, now);
  const bare = String(good['x-nova-signature']).replace('sha256=', '');
  const cases: [string, string, Record<string, string>, number][] = [
    ['a signature without its prefix', told(), { ...good, 'x-nova-signature': bare }, 200],
    ['no signature', told(), { 'x-nova-timestamp': good['x-nova-timestamp'] ?? '' }, 401],
    ['no time', told(), { 'x-nova-signature': good['x-nova-signature'] ?? '' }, 401],
    ['another secret', told(), signLedgerHook(told(), 'x'.repeat(40), now), 401],
    ['another body', told({ amountMinor: '2' }), good, 401],
    ['301 s old', told(), signLedgerHook(told(), SECRET, now - 301_000), 401],
    ['301 s ahead', told(), signLedgerHook(told(), SECRET, now + 301_000), 401],
    ['a shifted digit', told().slice(1), { ...good, 'x-nova-timestamp': `${good['x-nova-timestamp']}{` }, 401],
    ['garbage', told(), { ...good, 'x-nova-signature': 'sha256=zz' }, 401],
    ['not JSON', '{', signLedgerHook('{', SECRET, now), 400],
    ['an unknown field', told({ amount: 5 }), signLedgerHook(told({ amount: 5 }), SECRET, now), 400],
    ['a decimal', told({ amountMinor: '19.99' }), signLedgerHook(told({ amountMinor: '19.99' }), SECRET, now), 400],
    ['too much', told({ note: 'x'.repeat(20_000) }), good, 413],
  ];
  for (const [what, body, headers, status] of cases) assert.equal(await hook(world, body, headers), status, what);
  assert.equal(world.revenue.size(), 1);
  for (const secret of ['', 'short']) {
    const closed = door({ 'ledger-hook-secret': secret });
    assert.equal(await hook(closed, told(), signLedgerHook(told(), secret, now)), 404);
  }
});

test('what the page about the hook shows is what the hook takes', () => {
  const page = readFileSync(new URL('../../docs/ledger-hook.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/```json\n([\s\S]+?)```/g)].map(([, json = '']) => JSON.parse(json) as unknown);
  assert.ok(examples.length >= 2);
  for (const example of examples) assert.ok(HookEntry.safeParse(example).success, JSON.stringify(example));
  for (const field of Object.keys(HookEntry.shape)) assert.ok(page.includes(`\`${field}\``), field);
});

const APPROVAL = '01JD0000000000000000000000';
const mail = (fields: object = {}): object => ({
  email: 'owner@example.com',
  event: 'delivered',
  sg_event_id: 'e1',
  sg_message_id: 'm1',
  timestamp: 1_763_629_200,
  dedupKey: `approval:${APPROVAL}`,
  ...fields,
});

function signMail(
  body: string | Uint8Array,
  at: number | string,
  key: KeyObject = PAIR.privateKey,
): Record<string, string> {
  const time = typeof at === 'string' ? at : String(Math.trunc(at / 1000));
  const signed = Buffer.concat([Buffer.from(time), Buffer.from(body)]);
  return {
    'x-twilio-email-event-webhook-signature': sign('sha256', signed, key).toString('base64'),
    'x-twilio-email-event-webhook-timestamp': time,
  };
}

// W44
test('stale times, a digit shifted into the body and garbage for a signature are 401, never 500', async () => {
  const world = door();
  const now = world.time.now();
  const body = `${JSON.stringify([mail()])}\r\n`;
  const good = signMail(body, now);
  const time = String(good['x-twilio-email-event-webhook-timestamp']);
  const [signature, timestamp] = ['x-twilio-email-event-webhook-signature', 'x-twilio-email-event-webhook-timestamp'];
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const cases: [string, string, Record<string, string>, number][] = [
    ['genuine, with its last line break', body, good, 200],
    ['trimmed', body.trim(), good, 401],
    ['301 s old', body, signMail(body, now - 301_000), 401],
    ['from 2001', body, signMail(body, '1000000000'), 401],
    ['301 s ahead', body, signMail(body, now + 301_000), 401],
    ['a shifted digit', `${time.slice(-1)}${body}`, { ...good, [timestamp]: time.slice(0, -1) }, 401],
    ['another key', body, signMail(body, now, other), 401],
    ['garbage', body, { ...good, [signature]: '!!!' }, 401],
    ['well-formed garbage', body, { ...good, [signature]: 'A'.repeat(96) }, 401],
    ['an empty signature', body, { ...good, [signature]: '' }, 401],
    ['no signature', body, { [timestamp]: time }, 401],
    ['no time', body, { [signature]: String(good[signature]) }, 401],
    ['no list', '{}', signMail('{}', now), 400],
  ];
  for (const [what, text, headers, status] of cases)
    assert.equal(await post(world, '/hooks/sendgrid', text, headers), status, what);
  assert.equal(await post(door({ 'sendgrid-events-key': '' }), '/hooks/sendgrid', body, good), 404, 'not set up');
  assert.equal(await post(door({ 'sendgrid-events-key': 'x' }), '/hooks/sendgrid', body, good), 500, 'not a key');
});

async function waiting(world: LedgerWorld): Promise<void> {
  const item = {
    ...approvalKey(APPROVAL),
    id: APPROVAL,
    status: 'pending',
    version: 3,
    auditSeq: 2,
    auditHash: 'h',
    credentials: [],
  };
  await world.table.write({ op: 'put', item });
}

async function deliverMails(world: Door): Promise<void> {
  const unused = { get: () => assert.fail('only the table is needed') };
  for (const message of world.work.messages()) {
    const ports = { ...world, ...{ ids: unused, publicUrl: unused.get, scheduler: unused, mailer: unused } };
    await doWorkJob.run(WorkMessage.parse(JSON.parse(JSON.stringify(message))), ports as never, CALL);
  }
}

// W45
test('a thousand events, doubled ones, clicks of scanners: only the delivery state moves, and the latest word counts', async () => {
  const world = door();
  await waiting(world);
  const at = 1_763_629_200;
  const batch = [
    mail({ event: 'delivered', sg_event_id: 'late', timestamp: at + 9 }),
    mail({ event: 'processed', sg_event_id: 'early', timestamp: at }),
    ...Array.from({ length: 400 }, (_, n) => mail({ event: 'click', sg_event_id: `c${n}`, timestamp: at + 100 + n })),
    ...Array.from({ length: 400 }, (_, n) => mail({ event: 'open', sg_event_id: `o${n}`, timestamp: at + 600 + n })),
    ...Array.from({ length: 196 }, (_, n) => mail({ sg_event_id: `other${n}`, dedupKey: 'alert:1' })),
    mail({ event: 'delivered', sg_event_id: 'late', timestamp: at + 9 }),
    { event: 'thing of tomorrow' },
  ];
  const body = JSON.stringify(batch);
  for (let n = 0; n < 2; n++)
    assert.equal(await post(world, '/hooks/sendgrid', body, signMail(body, world.time.now())), 200);
  const messages = world.work.messages().map((one) => WorkMessage.parse(one));
  assert.deepEqual(
    messages.map((one) => (one.kind === 'mail-events' ? one.events.length : 0)),
    [2, 2],
  );
  await deliverMails(world);
  const approval = await getApproval(world.table, APPROVAL);
  assert.deepEqual(approval?.delivery, { state: 'delivered', at: (at + 9) * 1000 });
  assert.deepEqual([approval?.status, approval?.version, approval?.auditSeq], ['pending', 3, 2]);
  assert.equal(
    await world.table.get(approvalKey('01JD0000000000000000000001')),
    null,
    'an unknown approval is not made',
  );
});

test('a mail about an approval that bounces is an alarm', async () => {
  const world = door();
  await waiting(world);
  const body = JSON.stringify([mail({ event: 'bounce' })]);
  assert.equal(await post(world, '/hooks/sendgrid', body, signMail(body, world.time.now())), 200);
  await deliverMails(world);
  assert.ok(world.log.said.some(({ level, message }) => level === 'error' && /did not arrive/.test(message)));
});

test('products with long names of any script are booked, and never for another product’s seller', async () => {
  const world = door();
  const long = '漢'.repeat(199);
  const products = [{ id: 'a', stripePaymentLinkId: `${long}甲` }];
  await putAgent(world.table, 'seller', { blueprint: 'store.digital' }, { products });
  const sold = { agentId: undefined, currency: 'usd', amountMinor: '1000' };
  assert.ok((await hook(world, told({ ...sold, movementId: '1', artifacts: [`${long}甲`] }))) < 300);
  assert.ok((await hook(world, told({ ...sold, movementId: '2', artifacts: [`${long}乙`] }))) < 300);
  await book(world);
  const sums = await provenSums(world);
  assert.deepEqual([sums.seller?.revenueMicros, sums[UNATTRIBUTED_ID]?.revenueMicros], [10_000_000, 10_000_000]);
});
