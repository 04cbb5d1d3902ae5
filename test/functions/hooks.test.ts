import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hooksJob } from '../../functions/web/hooks.ts';
import { MAX_BODY_BYTES, signStripe } from '../../shared/connectors/stripe-signature.ts';
import { fateOf, NovaError } from '../../shared/domain/error.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { memoryQueue } from '../../shared/memory/memory-queue.ts';
import type { WebRequest } from '../../shared/runtime/job.ts';
import { rawBody } from '../../shared/runtime/web-event.ts';
import { RevenueMessage, type WorkMessage } from '../../shared/wire/messages.ts';
import { charge, event, text } from '../fixtures/stripe-events.ts';

const SECRET = 'whsec_test_0123456789abcdef';
const CALL = { invocationId: 'i-1', deadline: Number.MAX_SAFE_INTEGER, receiveCount: 1 };
const BODY = text(event('charge.succeeded', charge({ amount: 1999 })));

function hookWorld(secret: string | null = SECRET) {
  const time = stillClock();
  const revenue = memoryQueue<RevenueMessage>({ name: 'revenue', time, visibilitySeconds: 180, maxReceiveCount: 10 });
  const work = memoryQueue<WorkMessage>({ name: 'work', time, visibilitySeconds: 360, maxReceiveCount: 10 });
  const get = async (name: string): Promise<string> => {
    if (secret !== null && name === 'stripe-webhook-secret') return secret;
    throw new NovaError('misconfigured', `no secret ${name}`);
  };
  return { table: mapTable(), time, revenue, work, secrets: { get } };
}

function post(body: string, header: string | undefined, path = '/hooks/stripe'): WebRequest {
  const headers: Record<string, string> = header === undefined ? {} : { 'stripe-signature': header };
  return { method: 'POST', path, headers, body: Buffer.from(body), sourceIp: '192.0.2.1' };
}

/** The status that the platform would answer. */
async function statusOf(request: WebRequest, world: ReturnType<typeof hookWorld>): Promise<number> {
  try {
    return (await hooksJob.run(request, world, CALL)).status;
  } catch (thrown) {
    assert.ok(thrown instanceof NovaError, `only NovaError is thrown, not ${String(thrown)}`);
    return fateOf(thrown).httpStatus;
  }
}

test('a genuine event is in the revenue queue, byte for byte, before it is answered with 200', async () => {
  const world = hookWorld();
  const now = world.time.now();
  assert.equal(await statusOf(post(BODY, signStripe(BODY, SECRET, now)), world), 200);
  const [message, ...others] = world.revenue.messages().map((it) => RevenueMessage.parse(it));
  assert.deepEqual(others, []);
  assert.deepEqual(message, { v: 1, kind: 'stripe', receivedAt: now, body: BODY });
});

test('a queue that does not take the event is not answered with 200', async () => {
  const broken = { ...hookWorld().revenue, send: () => Promise.reject(new NovaError('unavailable', 'no queue')) };
  const world = { ...hookWorld(), revenue: broken };
  assert.equal(await statusOf(post(BODY, signStripe(BODY, SECRET, world.time.now())), world), 503);
});

// W28
test('what is forged, stale, from the future, oversized or malformed is answered 4xx and not queued', async () => {
  const world = hookWorld();
  const now = world.time.now();
  const sign = (body: string, at = now): string => signStripe(body, SECRET, at);
  const thin = JSON.stringify({
    id: 'evt_1',
    object: 'v2.core.event',
    type: 'v1.charge.succeeded',
    related_object: {},
  });
  const huge = `{"a":"${'x'.repeat(MAX_BODY_BYTES)}"}`;
  const wrapped = JSON.stringify({ 'detail-type': 'charge.succeeded', detail: JSON.parse(BODY) });
  const cases: [string, WebRequest, number][] = [
    ['forged', post(BODY, signStripe(BODY, 'whsec_another_secret_0000', now)), 401],
    ['unsigned', post(BODY, undefined), 401],
    ['stale', post(BODY, sign(BODY, now - 301_000)), 401],
    ['from the future', post(BODY, sign(BODY, now + 301_000)), 401],
    ['oversized', post(huge, sign(huge)), 413],
    ['not JSON', post('{', sign('{')), 400],
    ['empty', post('', sign('')), 400],
    ['null', post('null', sign('null')), 400],
    ['a list', post('[]', sign('[]')), 400],
    ['no event', post('{}', sign('{}')), 400],
    ['an EventBridge envelope', post(wrapped, sign(wrapped)), 400],
    ['a thin event', post(thin, sign(thin)), 400],
    ['another path', post(BODY, sign(BODY), '/hooks/other'), 404],
    ['another method', { ...post(BODY, sign(BODY)), method: 'GET' }, 404],
  ];
  for (const [name, request, status] of cases) assert.equal(await statusOf(request, world), status, name);
  assert.equal(world.revenue.size(), 0);
});

test('without a usable secret nothing is accepted, not even what would be genuine', async () => {
  for (const secret of [null, '', 'sk_live_0123456789abcdefghij']) {
    const world = hookWorld(secret);
    assert.equal(await statusOf(post(BODY, signStripe(BODY, SECRET, world.time.now())), world), 500);
    assert.equal(await statusOf(post(BODY, signStripe(BODY, secret ?? '', world.time.now())), world), 500);
    assert.equal(world.revenue.size(), 0);
  }
});

test('both secrets count while one is rolled', async () => {
  const world = hookWorld(`${SECRET} whsec_new_0123456789abcdef`);
  const now = world.time.now();
  for (const secret of [SECRET, 'whsec_new_0123456789abcdef']) {
    assert.equal(await statusOf(post(BODY, signStripe(BODY, secret, now)), world), 200);
  }
});

// W5
test('a body that the gateway handed on in base64 is verified on its own bytes', async () => {
  const world = hookWorld();
  const header = signStripe(BODY, SECRET, world.time.now());
  const body = Buffer.from(BODY).toString('base64');
  assert.equal(Buffer.from(rawBody({ body, isBase64Encoded: true })).toString(), BODY);
  const request = { ...post('', header), body: rawBody({ body, isBase64Encoded: true }) };
  assert.equal(await statusOf(request, world), 200);
  assert.equal(await statusOf({ ...request, body: rawBody({ body, isBase64Encoded: false }) }, world), 401);
});
