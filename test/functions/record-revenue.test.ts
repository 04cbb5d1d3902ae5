import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNATTRIBUTED_ID } from '../../shared/domain/ledger.ts';
import { originalKey } from '../../shared/store/keys.ts';
import { entriesBetween, getEarnings, listEarnings } from '../../shared/store/ledger-days.ts';
import { getEntry } from '../../shared/store/ledger-store.ts';
import { intakeOfDays } from '../../shared/store/revenue-intake.ts';
import { ledgerWorld, putAgent } from '../fixtures/ledger-world.ts';
import {
  deliver,
  deliverText,
  entriesOf,
  given,
  mine,
  paid,
  provenSums,
  shopWorld,
  TODAY,
} from '../fixtures/shop-world.ts';
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

// W16
test('one event a hundred times in parallel is booked once', async () => {
  const world = await shopWorld();
  const same = paid();
  await Promise.all(Array.from({ length: 100 }, () => deliver(world, same)));
  const { shop } = await provenSums(world);
  assert.equal(shop?.revenueMicros, 50_000_000);
  assert.equal(shop?.entries, 1);
  assert.equal((await entriesOf(world)).length, 1);
  assert.deepEqual(await intakeOfDays(world.table, TODAY, TODAY), { [TODAY]: { booked: 1, duplicate: 99 } });
});

// W17
test('charge, payment intent and checkout of one payment are one entry', async () => {
  const world = await shopWorld();
  const intent = event('payment_intent.succeeded', paymentIntent({ id: 'pi_1', amount: 5000, ...mine }));
  const session = event(
    'checkout.session.completed',
    checkout({ amount_total: 5000, payment_intent: 'pi_1', ...mine }),
  );
  await Promise.all([deliver(world, session), deliver(world, paid()), deliver(world, intent)]);
  const { shop } = await provenSums(world);
  assert.equal(shop?.revenueMicros, 50_000_000);
  assert.equal(shop?.entries, 1);
});

test('an entry keeps what it came from, and the event itself is kept as it came', async () => {
  const world = await shopWorld();
  const body = text(paid());
  await deliverText(world, body);
  const entry = await getEntry(world.table, 'stripe', 'pi_1');
  const eventId = entry?.originalRef.eventId ?? '';
  assert.equal(entry?.originalRef.objectId, 'ch_1');
  assert.equal(entry?.amountMinor, 5000n);
  assert.equal(entry?.at, T0 * 1000);
  assert.equal(entry?.livemode, false);
  assert.equal((await world.table.get(originalKey('stripe', eventId)))?.body, body);
});

// W18
test('a refund before its charge ends under the charge’s agent, booked once each', async () => {
  const world = await shopWorld();
  await deliver(world, given('re_1', 2000));
  assert.equal((await provenSums(world))[UNATTRIBUTED_ID]?.refundMicros, 20_000_000, 'visible while nobody owns it');
  await deliver(world, paid(), given('re_1', 2000), paid());
  const { shop, ...others } = await provenSums(world);
  assert.deepEqual([shop?.revenueMicros, shop?.refundMicros, shop?.entries], [50_000_000, 20_000_000, 2]);
  assert.deepEqual(others, {}, 'nothing is left unattributed');
});

test('the same story in its natural order gives the same sums', async () => {
  const world = await shopWorld();
  await deliver(world, paid(), given('re_1', 2000));
  const { shop } = await provenSums(world);
  assert.deepEqual([shop?.revenueMicros, shop?.refundMicros, shop?.entries], [50_000_000, 20_000_000, 2]);
  assert.deepEqual(
    (await entriesOf(world)).map(({ kind, agentId }) => [kind, agentId]),
    [
      ['revenue', 'shop'],
      ['refund', 'shop'],
    ],
  );
});

// W19
test('three partial refunds and the rest are the gross', async () => {
  const world = await shopWorld();
  await deliver(world, paid(), given('re_1', 1000), given('re_2', 1500), given('re_3', 500), given('re_4', 2000));
  const { shop } = await provenSums(world);
  assert.equal(shop?.refundMicros, shop?.revenueMicros);
});

test('running totals of refunds and refunds by id never count twice, in either order', async () => {
  const total = (amount: number): Fields =>
    event(
      'charge.refunded',
      charge({ id: 'ch_1', payment_intent: 'pi_1', amount: 5000, amount_refunded: amount, refunds: null }),
    );
  const byId = [given('re_1', 1000), given('re_2', 1500)];
  for (const order of [
    [total(1000), total(2500), ...byId],
    [...byId, total(1000), total(2500)],
    [total(2500), byId[0], total(1000), byId[1]],
    [total(1000), total(2500)],
    [total(2500), total(1000)],
    byId,
  ]) {
    const world = await shopWorld();
    await deliver(world, paid(), ...order.filter((one) => one !== undefined));
    assert.equal((await provenSums(world)).shop?.refundMicros, 25_000_000);
  }
});

test('a failed refund gives the money back to the agent, also when its first message never came', async () => {
  const failed = event('refund.failed', refund({ id: 're_1', amount: 2000, payment_intent: 'pi_1', status: 'failed' }));
  for (const order of [[given('re_1', 2000), failed], [failed, given('re_1', 2000)], [failed]]) {
    const world = await shopWorld();
    await deliver(world, paid(), ...order);
    assert.equal((await provenSums(world)).shop?.refundMicros, 0);
  }
});

test('a checkout with the agent’s name takes over what its nameless charge had booked', async () => {
  const world = await shopWorld();
  const session = event(
    'checkout.session.completed',
    checkout({ amount_total: 5000, payment_intent: 'pi_1', ...mine }),
  );
  await deliver(world, paid({ metadata: {} }), given('re_1', 1000), session);
  const { shop, ...others } = await provenSums(world);
  assert.deepEqual([shop?.revenueMicros, shop?.refundMicros, shop?.entries], [50_000_000, 10_000_000, 2]);
  assert.deepEqual(others, {});
  const adjustments = (await entriesOf(world)).filter(({ kind }) => kind === 'adjustment');
  assert.equal(adjustments.length, 4, 'two lines moved, each by a pair');
  assert.equal(
    adjustments.reduce((sum, { amountMinor }) => sum + amountMinor, 0n),
    0n,
  );
});

test('money that names nobody, or nobody who exists, stands in the visible bucket', async () => {
  const world = await shopWorld();
  await deliver(world, event('charge.succeeded', charge({ id: 'ch_a', amount: 100 })));
  await deliver(world, event('charge.succeeded', charge({ id: 'ch_b', amount: 200, metadata: { agent_id: 'ghost' } })));
  await deliver(
    world,
    event('charge.succeeded', charge({ id: 'ch_c', amount: 300, metadata: { agent_id: '../etc#É' } })),
  );
  const sums = await provenSums(world);
  assert.deepEqual(Object.keys(sums), [UNATTRIBUTED_ID]);
  assert.equal((await getEarnings(world.table, UNATTRIBUTED_ID)).revenueMicros, 6_000_000);
  assert.equal((await listEarnings(world.table)).length, 1);
});

test('a sale of a listed payment link, price or product is the seller’s', async () => {
  const world = ledgerWorld();
  const products = [
    { id: 'a', stripePaymentLinkId: 'plink_1' },
    { id: 'b', stripePriceId: 'price_1PgafmB7WZ01zgkW02Hf9z6c' },
  ];
  await putAgent(world.table, 'store', { blueprint: 'store.digital' }, { products });
  const sold = (n: number, fields: Fields): Fields =>
    event('checkout.session.completed', checkout({ amount_total: 1000, payment_intent: `pi_${n}`, ...fields }));
  await deliver(world, sold(1, { payment_link: 'plink_1' }), sold(2, { line_items: { data: [lineItem()] } }));
  await deliver(world, sold(3, { payment_link: 'plink_other' }));
  const sums = await provenSums(world);
  assert.equal(sums.store?.revenueMicros, 20_000_000);
  assert.equal(sums[UNATTRIBUTED_ID]?.revenueMicros, 10_000_000);
  const entry = await getEntry(world.table, 'stripe', 'pi_1');
  assert.deepEqual(entry?.attribution, { method: 'product', confidenceBps: 9000 });
});

test('a product that moved to another agent’s catalogue earns for that one from then on', async () => {
  const world = ledgerWorld();
  const products = [{ id: 'a', stripePaymentLinkId: 'plink_1' }];
  const sold = (n: number): Fields =>
    event(
      'checkout.session.completed',
      checkout({ amount_total: 1000, payment_intent: `pi_${n}`, payment_link: 'plink_1' }),
    );
  await putAgent(world.table, 'old-store', { blueprint: 'store.digital' }, { products });
  await deliver(world, sold(1));
  await putAgent(world.table, 'old-store', { blueprint: 'store.digital', specVersion: 2 }, { products: [] });
  await putAgent(world.table, 'new-store', { blueprint: 'store.digital' }, { products });
  await deliver(world, sold(2));
  const sums = await provenSums(world);
  assert.deepEqual([sums['old-store']?.revenueMicros, sums['new-store']?.revenueMicros], [10_000_000, 10_000_000]);
});

test('a dispute after the agent was retired is still the agent’s', async () => {
  const world = await shopWorld();
  await deliver(world, paid());
  await putAgent(world.table, 'shop', { status: 'retired' });
  const out = balance({ id: 'txn_1', amount: -5000, fee: 1500, created: T0 + 86_400 * 40 });
  const disputed = dispute({ charge: 'ch_1', payment_intent: 'pi_1', balance_transactions: [out] });
  await deliver(world, event('charge.dispute.funds_withdrawn', disputed));
  const { shop } = await provenSums(world);
  assert.deepEqual([shop?.refundMicros, shop?.feeMicros], [50_000_000, 15_000_000]);
});

test('entries are found by the time of the movement, not of the message', async () => {
  const world = await shopWorld();
  await deliver(world, paid(), given('re_1', 1000, { created: T0 + 86_400 }));
  const day = Date.UTC(2026, 10, 20);
  assert.deepEqual(
    (await entriesBetween(world.table, day, day + 86_400_000)).map(({ kind }) => kind),
    ['revenue'],
  );
  assert.deepEqual(
    (await entriesBetween(world.table, day + 86_400_000, day + 2 * 86_400_000)).map(({ kind }) => kind),
    ['refund'],
  );
  assert.deepEqual(await entriesBetween(world.table, day, day), []);
});
