import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UNATTRIBUTED_ID } from '../../shared/domain/ledger.ts';
import { verifyLedger } from '../../shared/store/ledger-days.ts';
import { recordStripeEvent } from '../../shared/store/revenue-intake.ts';
import { ledgerWorld, putAgent, sumsOfAll } from '../fixtures/ledger-world.ts';
import {
  balance,
  charge,
  checkout,
  dispute,
  event,
  type Fields,
  paymentIntent,
  refund,
  text,
} from '../fixtures/stripe-events.ts';

const AGENTS = ['alpha', 'beta'] as const;
const named = fc.constantFrom(...AGENTS, null);
const metadata = (agent: string | null): Fields => ({ metadata: agent === null ? {} : { agent_id: agent } });

/** One payment and everything that may ever be told of it. */
const payments = fc
  .record({
    amount: fc.integer({ min: 1000, max: 99_999 }),
    currency: fc.constantFrom('usd', 'usd', 'eur', 'jpy'),
    onCharge: named,
    onSession: named,
    onRefund: named,
    refunds: fc.array(fc.record({ amount: fc.integer({ min: 1, max: 300 }), failed: fc.boolean() }), { maxLength: 3 }),
    disputed: fc.boolean(),
    totals: fc.boolean(),
  })
  .map((payment) => (n: number) => told(payment, n));

type Payment = {
  readonly amount: number;
  readonly currency: string;
  readonly onCharge: string | null;
  readonly onSession: string | null;
  readonly onRefund: string | null;
  readonly refunds: readonly { readonly amount: number; readonly failed: boolean }[];
  readonly disputed: boolean;
  readonly totals: boolean;
};

function told(
  { amount, currency, onCharge, onSession, onRefund, refunds, disputed, totals }: Payment,
  n: number,
): string[] {
  const [pi, ch] = [`pi_${n}`, `ch_${n}`];
  const paid = charge({ id: ch, payment_intent: pi, amount, currency, ...metadata(onCharge) });
  const about = { charge: ch, payment_intent: pi, currency, ...metadata(onRefund) };
  const session = { payment_intent: pi, amount_total: amount, currency, ...metadata(onSession) };
  const events = [
    event('charge.succeeded', paid),
    event('payment_intent.succeeded', paymentIntent({ id: pi, amount, currency, ...metadata(onCharge) })),
    event('checkout.session.completed', checkout(session)),
  ];
  let sum = 0;
  for (const [k, { amount: back, failed }] of refunds.entries()) {
    sum += back;
    const one = refund({ id: `re_${n}_${k}`, amount: back, ...about });
    events.push(event('refund.created', one));
    if (failed) events.push(event('refund.failed', { ...one, status: 'failed' }));
    if (totals) events.push(event('charge.refunded', { ...paid, amount_refunded: sum, refunds: null }));
  }
  const out = balance({ id: `txn_${n}`, amount: -500, fee: 150, currency });
  if (disputed)
    events.push(event('charge.dispute.funds_withdrawn', dispute({ ...about, balance_transactions: [out] })));
  return events.map(text);
}

async function agentsWorld() {
  const world = ledgerWorld();
  for (const id of AGENTS) await putAgent(world.table, id);
  return world;
}

test('any order, any duplicates, any parallelism: the same sums for every agent', async () => {
  const histories = fc
    .array(payments, { minLength: 1, maxLength: 3 })
    .map((list) => list.flatMap((payment, n) => payment(n)))
    .chain((events) => {
      const twice = fc.subarray(events).map((copies) => [...events, ...copies]);
      const shuffled = twice.chain((all) => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }));
      return fc.record({ events: fc.constant(events), shuffled, width: fc.integer({ min: 1, max: 6 }) });
    });
  await fc.assert(
    fc.asyncProperty(histories, async ({ events, shuffled, width }) => {
      const [calm, wild] = [await agentsWorld(), await agentsWorld()];
      for (const body of events) await recordStripeEvent(calm, body);
      for (let n = 0; n < shuffled.length; n += width) {
        await Promise.all(shuffled.slice(n, n + width).map((body) => recordStripeEvent(wild, body)));
      }
      assert.deepEqual(sumsOfAll(wild.table), sumsOfAll(calm.table));
      for (const { table } of [calm, wild]) assert.deepEqual((await verifyLedger(table)).faults, []);
    }),
    { numRuns: 150 },
  );
});

test('the charge’s word on whose it is outweighs the checkout’s, and that a refund’s', async () => {
  const owners: [Partial<Payment>, string][] = [
    [{ onCharge: 'beta', onSession: 'alpha', onRefund: 'alpha' }, 'beta'],
    [{ onCharge: null, onSession: 'beta', onRefund: 'alpha' }, 'beta'],
    [{ onCharge: null, onSession: null, onRefund: 'alpha' }, 'alpha'],
    [{ onCharge: null, onSession: null, onRefund: null }, UNATTRIBUTED_ID],
  ];
  const payment = {
    amount: 1000,
    currency: 'usd',
    refunds: [{ amount: 10, failed: false }],
    disputed: true,
    totals: false,
  };
  for (const [names, owner] of owners) {
    const world = await agentsWorld();
    const whose = { onCharge: null, onSession: null, onRefund: null, ...names };
    for (const body of told({ ...payment, ...whose }, 1).reverse()) await recordStripeEvent(world, body);
    assert.deepEqual(Object.keys(sumsOfAll(world.table)), [owner]);
  }
});
