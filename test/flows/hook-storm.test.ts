/**
 * A storm of webhooks, half of them events of Stripe, half of any shop: 200 a second, each booked exactly once while everything else goes on. NOVA_STORM_SECONDS=60 is the
 * full one, and only it asks for the speed of the answers: the short one shares the machine with other tests.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { fileSecrets } from '../../infra/local/file-secrets.ts';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { signLedgerHook } from '../../shared/connectors/ledger-hook.ts';
import { charge, event, text } from '../fixtures/stripe-events.ts';
import { CrashEngine } from './crash-engine.ts';
import type { EngineKind } from './engine-kinds.ts';
import { temporaryHome } from './engine-stage.ts';

const PER_SECOND = 200;
const SECONDS = Number(process.env.NOVA_STORM_SECONDS ?? 2);
const IS_FULL = SECONDS >= 60;
const P99_MS = 300;
/** Seven cents each. */
const AMOUNT_MICROS = 70_000;
const BOOKED_WITHIN_MS = 90_000 + SECONDS * 2_000;
const SECRET = 'a-secret-of-the-storm-of-forty-characters';
const STRIPE_SECRET = 'whsec_a-secret-of-the-storm-of-stripe';

for (const kind of ['embedded', 'rehearsal'] satisfies EngineKind[]) {
  test(`${PER_SECOND} webhooks a second are all answered and booked exactly once: ${kind}`, async (t) => {
    const missing = kind === 'rehearsal' ? missingStandIns() : null;
    if (missing) return t.skip(missing);
    const home = temporaryHome();
    const secrets = fileSecrets(join(home.path, 'secrets.json'));
    await secrets.set('ledger-hook-secret', SECRET);
    await secrets.set('stripe-webhook-secret', STRIPE_SECRET);
    const engine = new CrashEngine(kind, home.path, 1);
    try {
      assert.ok(await engine.launch().ready);
      await sleep(1_000);
      const { statuses, p50Ms, p99Ms } = await storm(engine.url);
      t.diagnostic(`${statuses.length} answers, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`);
      assert.deepEqual(new Set(statuses), new Set([200]));
      await booked(engine, statuses.length);
      if (IS_FULL) assert.ok(p99Ms < P99_MS, `p99 of the answers was ${p99Ms} ms`);
    } finally {
      await engine.kill();
      home.remove();
    }
  });
}

type Storm = { readonly statuses: readonly number[]; readonly p50Ms: number; readonly p99Ms: number };

/** Each at its moment, whether or not earlier ones are answered: a queue in front of the engine would show. */
async function storm(url: string): Promise<Storm> {
  const dispatcher = new Agent({ connections: 64 });
  const start = performance.now();
  const answers = await Promise.all(
    Array.from({ length: PER_SECOND * SECONDS }, async (_, index) => {
      const dueMs = start + (index * 1000) / PER_SECOND;
      await sleep(Math.max(0, dueMs - performance.now()));
      const { path, ...sent } = index % 2 === 0 ? fromShop(index) : fromStripe(index);
      const { statusCode, body: answer } = await request(`${url}${path}`, { method: 'POST', ...sent, dispatcher });
      await answer.dump();
      return { status: statusCode, ms: performance.now() - dueMs };
    }),
  );
  await dispatcher.close();
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { statuses: answers.map(({ status }) => status), p50Ms: at(0.5), p99Ms: at(0.99) };
}

type Sent = { readonly path: string; readonly body: string; readonly headers: Record<string, string> };

function fromShop(index: number): Sent {
  const body = JSON.stringify({ movementId: `storm-${index}`, kind: 'revenue', amountMinor: '7', currency: 'USD' });
  return { path: '/hooks/ledger', body, headers: signLedgerHook(body, SECRET, Date.now()) };
}

/** A payment as Stripe tells of it, signed as Stripe signs. */
function fromStripe(index: number): Sent {
  const now = Math.floor(Date.now() / 1000);
  const paid = { id: `ch_storm${index}`, payment_intent: `pi_storm${index}`, amount: 7, currency: 'usd', created: now };
  const object = charge({ ...paid, livemode: true, paid: true, status: 'succeeded', metadata: {}, invoice: null });
  const body = text(event('charge.succeeded', object, { livemode: true, created: now }));
  const signature = createHmac('sha256', STRIPE_SECRET).update(`${now}.${body}`).digest('hex');
  const headers = { 'content-type': 'application/json', 'stripe-signature': `t=${now},v1=${signature}` };
  return { path: '/hooks/stripe', body, headers };
}

/** Waits until the ledger has as many entries, and proves it: every one once, and the sums to the cent. */
async function booked(engine: CrashEngine, count: number): Promise<void> {
  const deadline = Date.now() + BOOKED_WITHIN_MS;
  for (let revenueMicros = 0; revenueMicros < count * AMOUNT_MICROS; await sleep(250)) {
    ({ revenueMicros } = (await engine.ask('finance revenue', { from: '2000-01-01' })) as { revenueMicros: number });
    assert.ok(Date.now() < deadline, `${revenueMicros / AMOUNT_MICROS} of ${count} are booked`);
  }
  const proof = (await engine.ask('ledger verify')) as { valid: boolean; entries: number };
  assert.deepEqual({ valid: proof.valid, entries: proof.entries }, { valid: true, entries: count });
  const { revenueMicros } = (await engine.ask('finance revenue', { from: '2000-01-01' })) as { revenueMicros: number };
  assert.equal(revenueMicros, count * AMOUNT_MICROS);
}
