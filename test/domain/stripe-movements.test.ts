import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movesMoney, readStripeEvent } from '../../shared/domain/stripe-movements.ts';
import { parseStripeEvent } from '../../shared/wire/stripe-event.ts';
import {
  balance,
  charge,
  checkout,
  dispute,
  event,
  type Fields,
  lineItem,
  paymentIntent,
  refund,
  T0,
  text,
} from '../fixtures/stripe-events.ts';

const read = (value: Fields, liveOnly = false) =>
  readStripeEvent(parseStripeEvent(text(value), movesMoney), { liveOnly: liveOnly });

/** Kind, key and amount of each movement. */
const moves = (value: Fields) =>
  read(value).movements.map(
    ({ kind, movementId, amountMinor, currency }) => `${kind} ${movementId} ${amountMinor} ${currency}`,
  );

test('a charge, its payment intent and its checkout are one movement, keyed by the payment intent', () => {
  const told = [
    event('charge.succeeded', charge({ id: 'ch_1', amount: 1999, payment_intent: 'pi_1' })),
    event('payment_intent.succeeded', paymentIntent({ id: 'pi_1', amount: 1999, latest_charge: 'ch_1' })),
    event('checkout.session.completed', checkout({ id: 'cs_1', amount_total: 1999, payment_intent: 'pi_1' })),
    event('checkout.session.async_payment_succeeded', checkout({ amount_total: 1999, payment_intent: 'pi_1' })),
  ];
  for (const one of told) assert.deepEqual(moves(one), ['revenue pi_1 1999 USD']);
});

test('a charge without a payment intent is its own key; an expanded payment intent is read too', () => {
  assert.deepEqual(moves(event('charge.succeeded', charge({ id: 'ch_1', amount: 500 }))), ['revenue ch_1 500 USD']);
  const expanded = charge({ amount: 500, payment_intent: { id: 'pi_9', object: 'payment_intent' } });
  assert.deepEqual(moves(event('charge.succeeded', expanded)), ['revenue pi_9 500 USD']);
});

test('only what was captured is revenue', () => {
  const held = charge({ amount: 1000, captured: false, amount_captured: 0 });
  assert.equal(read(event('charge.succeeded', held)).ignored, 'no_money');
  const part = charge({ id: 'ch_1', amount: 1000, amount_captured: 600 });
  assert.deepEqual(moves(event('charge.captured', part)), ['revenue ch_1 600 USD']);
});

test('a checkout that is unpaid, free or a subscription books nothing itself', () => {
  const none = [
    checkout({ amount_total: 900, payment_status: 'unpaid' }),
    checkout({ amount_total: 0, payment_status: 'no_payment_required', payment_intent: null }),
    checkout({ amount_total: 900, mode: 'subscription', payment_intent: null }),
  ];
  for (const session of none) assert.equal(read(event('checkout.session.completed', session)).ignored, 'no_money');
});

test('a refund is keyed by its own id and belongs to its payment', () => {
  const value = event('refund.created', refund({ id: 're_1', amount: 300, charge: 'ch_1', payment_intent: 'pi_1' }));
  assert.deepEqual(moves(value), ['refund re_1 -300 USD']);
  const [movement] = read(value).movements;
  assert.equal(movement?.paymentKey, 'pi_1');
  assert.equal(movement?.at, (T0 + 60) * 1000);
});

test('a refund that failed or was cancelled goes out and comes back, whichever message is the first', () => {
  const both = ['refund re_1 -300 USD', 'refund_reversal re_1~reversed 300 USD'];
  const failed = (status: string): Fields => refund({ id: 're_1', amount: 300, status });
  assert.deepEqual(moves(event('refund.failed', failed('failed'))), both);
  assert.deepEqual(moves(event('charge.refund.updated', failed('canceled'))), both);
  assert.deepEqual(moves(event('refund.created', failed('pending'))), ['refund re_1 -300 USD']);
  assert.equal(read(event('refund.created', failed('requires_action'))).ignored, 'no_money');
});

test('charge.refunded books the refunds it lists, and its total goes along', () => {
  const refunds = { object: 'list', data: [refund({ id: 're_1', amount: 300 }), refund({ id: 're_2', amount: 200 })] };
  const value = event('charge.refunded', charge({ id: 'ch_1', amount: 1000, amount_refunded: 500, refunds }));
  assert.deepEqual(moves(value), ['refund re_1 -300 USD', 'refund re_2 -200 USD']);
  assert.equal(read(value).refundTotal?.totalMinor, 500n);
});

test('charge.refunded of a newer version lists none: only its total is known', () => {
  const { refunds: _, ...rest } = charge({ id: 'ch_1', amount: 1000, amount_refunded: 500, payment_intent: 'pi_1' });
  const reading = read(event('charge.refunded', rest, { api_version: '2029-01-01.oak' }));
  assert.deepEqual(reading.movements, []);
  assert.equal(reading.refundTotal?.paymentKey, 'pi_1');
  assert.equal(reading.refundTotal?.totalMinor, 500n);
});

test('what was authorised and never captured is no refund', () => {
  const released = charge({ amount: 1000, captured: false, amount_captured: 0, amount_refunded: 1000 });
  assert.equal(read(event('charge.refunded', released)).ignored, 'no_money');
  const partly = charge({ amount: 1000, amount_captured: 600, amount_refunded: 500 });
  assert.equal(read(event('charge.refunded', partly)).refundTotal?.totalMinor, 100n);
});

test('a dispute books what moved on the balance, the fee apart; won money comes back, the fee stays', () => {
  const out = balance({ id: 'txn_1', amount: -1000, fee: 1500, type: 'adjustment' });
  const back = balance({ id: 'txn_2', amount: 1000, fee: 0, type: 'adjustment' });
  const opened = event('charge.dispute.funds_withdrawn', dispute({ charge: 'ch_1', balance_transactions: [out] }));
  assert.deepEqual(moves(opened), ['dispute txn_1 -1000 USD', 'fee txn_1~fee -1500 USD']);
  const won = event('charge.dispute.funds_reinstated', dispute({ charge: 'ch_1', balance_transactions: [out, back] }));
  assert.deepEqual(moves(won), [...moves(opened), 'dispute txn_2 1000 USD']);
  assert.equal(
    read(event('charge.dispute.created', dispute({ charge: 'ch_1' }))).ignored,
    'no_money',
    'an inquiry moves nothing',
  );
});

test('metadata names the agent; payment links, prices and products name what was sold', () => {
  const metadata = { agent_id: 'shop', product_id: 'prod_1' };
  const session = checkout({
    amount_total: 1000,
    payment_link: 'plink_1',
    metadata,
    line_items: { data: [lineItem()] },
  });
  const [movement] = read(event('checkout.session.completed', session)).movements;
  assert.equal(movement?.claim.agentId, 'shop');
  const sold = ['prod_1', 'price_1PgafmB7WZ01zgkW02Hf9z6c', 'prod_QXg1hqf4jFNsqG', 'plink_1'];
  assert.deepEqual(movement?.claim.artifacts, sold);
});

test('what a buyer can write into the link says nothing about whose money it is', () => {
  const session = checkout({ amount_total: 1000, client_reference_id: 'shop' });
  const [movement] = read(event('checkout.session.completed', session)).movements;
  assert.equal(movement?.claim.agentId, null);
});

test('currencies keep their own minor units', () => {
  const amounts = [
    ['jpy', 500],
    ['kwd', 1230],
    ['isk', 50_000],
    ['ugx', 50_000],
    ['huf', 99_900],
    ['eur', 1999],
  ] as const;
  const seen = amounts.map(
    ([currency, amount]) => moves(event('charge.succeeded', charge({ id: 'ch_1', amount, currency })))[0],
  );
  assert.deepEqual(seen, [
    'revenue ch_1 500 JPY',
    'revenue ch_1 1230 KWD',
    'revenue ch_1 500 ISK',
    'revenue ch_1 500 UGX',
    'revenue ch_1 99900 HUF',
    'revenue ch_1 1999 EUR',
  ]);
});

test('amounts beyond 2^53 keep every digit; zero moves nothing; impossible ones are errors', () => {
  const huge = text(event('charge.succeeded', charge({ id: 'ch_1', amount: 7 }))).replaceAll(
    /("amount(_captured)?": )7/g,
    '$19007199254740993',
  );
  const [movement] = readStripeEvent(parseStripeEvent(huge, movesMoney), { liveOnly: false }).movements;
  assert.equal(movement?.amountMinor, 9_007_199_254_740_993n);
  assert.equal(read(event('charge.succeeded', charge({ amount: 0 }))).ignored, 'no_money');
  for (const amount of [-1, 10n ** 19n]) {
    const body = text(event('charge.succeeded', charge({ amount: 7 }))).replaceAll(
      /("amount(_captured)?": )7/g,
      `$1${amount}`,
    );
    assert.throws(() => readStripeEvent(parseStripeEvent(body, movesMoney), { liveOnly: false }), {
      code: 'bad_input',
    });
  }
  assert.throws(() => read(event('charge.succeeded', charge({ amount: 19.99 }))), { name: /ZodError/ });
  assert.throws(() => read(event('charge.succeeded', charge({ amount: '1999' }))), { name: /ZodError/ });
  assert.throws(() => read(event('charge.succeeded', charge({ amount: 5_050, currency: 'isk' }))), {
    code: 'bad_input',
  });
  assert.throws(() => read(event('refund.created', refund({ amount: -5 }))), { code: 'bad_input' });
});

test('test events count in a test stage only', () => {
  const value = event('charge.succeeded', charge({ amount: 500 }), { livemode: false });
  assert.equal(read(value, true).ignored, 'test_mode');
  assert.equal(read(value, false).movements[0]?.livemode, false);
  assert.equal(read(event('charge.succeeded', charge({ amount: 500 }), { livemode: true }), true).movements.length, 1);
});

test('another account’s money is not ours', () => {
  const value = event('charge.succeeded', charge({ amount: 500 }), { account: 'acct_1' });
  assert.equal(read(value).ignored, 'other_account');
});

test('an unknown type is ignored whatever it carries; a known type with an unknown object is an error', () => {
  assert.equal(read(event('customer.created', { object: 'customer', id: 5 })).ignored, 'unknown_type');
  assert.equal(read(event('charge.expired', { object: 'charge' })).ignored, 'unknown_type');
  assert.throws(() => read(event('charge.succeeded', { object: 'charge_v3', id: 'ch_1' })), { code: 'bad_input' });
});

// W26
test('a newer version of the API with fields nobody knows is read all the same', () => {
  const { amount_captured: _, ...older } = charge({ id: 'ch_1', amount: 1999, tip: { jar: 1 } });
  const value = event('charge.succeeded', older, { api_version: '2031-05-01.elm', context: null, extra: [1] });
  assert.deepEqual(moves(value), ['revenue ch_1 1999 USD']);
});
