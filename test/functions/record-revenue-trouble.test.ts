import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordRevenueJob } from '../../shared/jobs/record-revenue.ts';
import type { Table } from '../../shared/ports/table.ts';
import { verifyLedger } from '../../shared/store/ledger-days.ts';
import { getEntry } from '../../shared/store/ledger-store.ts';
import { asideOfDay, intakeOfDays } from '../../shared/store/revenue-intake.ts';
import { CALL, deliver, deliverText, given, mine, paid, provenSums, shopWorld, TODAY } from '../fixtures/shop-world.ts';
import { charge, event, T0, text } from '../fixtures/stripe-events.ts';

test('foreign money is kept in its own units and is in no sum of dollars', async () => {
  const world = await shopWorld();
  await deliver(
    world,
    paid({ currency: 'eur' }),
    event('charge.succeeded', charge({ id: 'ch_j', amount: 700, currency: 'jpy', ...mine })),
  );
  await deliver(world, given('re_1', 1000, { currency: 'eur' }));
  const { shop } = await provenSums(world);
  assert.deepEqual([shop?.revenueMicros, shop?.refundMicros], [0, 0]);
  assert.deepEqual(shop?.unconverted, { EUR: 4000n, JPY: 700n });
  assert.deepEqual(shop?.minor, { EUR: 4000n, JPY: 700n });
});

test('with a fixed rate of the owner foreign money is in the dollars too, and a full refund takes out what came in', async () => {
  const world = await shopWorld({ rates: { EUR: 1_083_333 } });
  await deliver(world, paid({ currency: 'eur', amount: 1999, amount_captured: 1999 }));
  const { shop } = await provenSums(world);
  assert.deepEqual([shop?.revenueMicros, shop?.minor, shop?.unconverted], [21_655_826, { EUR: 1999n }, {}]);
  await deliver(world, given('re_1', 1999, { currency: 'eur' }));
  assert.equal((await provenSums(world)).shop?.refundMicros, 21_655_826);
});

test('amounts beyond 2^53 are booked to the digit, and unconverted', async () => {
  const world = await shopWorld();
  const body = text(paid({ amount: 7, amount_captured: 7 })).replaceAll(
    /("amount(_captured)?": )7\b/g,
    '$19007199254740993',
  );
  await deliverText(world, body);
  assert.equal((await getEntry(world.table, 'stripe', 'pi_1'))?.amountMinor, 9_007_199_254_740_993n);
  assert.deepEqual((await provenSums(world)).shop?.unconverted, { USD: 9_007_199_254_740_993n });
});

test('the same movement with another amount is set aside with an alarm; the first stands', async () => {
  const world = await shopWorld();
  await deliver(world, paid(), paid({ amount: 9000, amount_captured: 9000 }));
  assert.equal((await provenSums(world)).shop?.revenueMicros, 50_000_000);
  assert.equal((await asideOfDay(world.table, TODAY)).length, 1);
  assert.ok(world.log.said.some(({ level, fields }) => level === 'error' && fields.came === '9000 USD'));
  assert.equal((await intakeOfDays(world.table, TODAY, TODAY))[TODAY]?.conflict, 1);
});

test('a genuine event that cannot be believed is set aside, kept, and not retried', async () => {
  const world = await shopWorld();
  await deliver(
    world,
    paid({ amount: -5, amount_captured: -5 }),
    paid({ currency: 'doubloons' }),
    paid({ amount_captured: 1.5 }),
  );
  assert.deepEqual(await provenSums(world), {});
  const aside = await asideOfDay(world.table, TODAY);
  assert.equal(aside.length, 3);
  assert.ok(aside.every(({ problem, body }) => problem !== '' && body.includes('charge.succeeded')));
  assert.equal(world.log.said.filter(({ level }) => level === 'error').length, 3);
});

test('what is no event at all goes to quarantine by its error', async () => {
  const world = await shopWorld();
  await assert.rejects(() => deliverText(world, '{"id":1}'), { code: 'corrupt' });
  await assert.rejects(() => deliverText(world, 'nonsense'), { code: 'corrupt' });
  assert.throws(() => recordRevenueJob.parse({ v: 1, kind: 'stripe' }));
});

// W25, W27
test('test events in a live stage, foreign accounts and unknown types are counted and not booked', async () => {
  const world = await shopWorld({ stage: 'prod' });
  await deliver(world, paid(), event('customer.created', { object: 'customer' }, { livemode: true }));
  await deliver(world, { ...paid(), livemode: true, account: 'acct_1' });
  assert.deepEqual(await provenSums(world), {});
  const counts = { test_mode: 1, unknown_type: 1, other_account: 1 };
  assert.deepEqual(await intakeOfDays(world.table, TODAY, TODAY), { [TODAY]: counts });
  await deliver(world, { ...paid(), livemode: true });
  assert.equal((await provenSums(world)).shop?.revenueMicros, 50_000_000);
});

test('what a run declares is booked once under its own name, to the micro', async () => {
  const world = await shopWorld();
  const earned = {
    v: 1,
    kind: 'earned',
    movementId: 'order 1 · ü',
    agentId: 'shop',
    runId: 'shop.0.abc',
    amountMicros: 123_456,
    at: T0 * 1000,
  };
  const nothing = { ...earned, movementId: 'x', amountMicros: 0 };
  const told = [...Array.from({ length: 50 }, () => earned), { ...earned, agentId: 'other' }, nothing];
  await Promise.all(told.map((one) => recordRevenueJob.run(recordRevenueJob.parse(one), world, CALL)));
  const sums = await provenSums(world);
  assert.deepEqual([sums.shop?.revenueMicros, sums.shop?.entries], [123_456, 1]);
  assert.equal(sums.other?.revenueMicros, 123_456, 'another agent’s order 1 is another order');
  const negative = recordRevenueJob.parse({ ...earned, movementId: 'minus', amountMicros: -1 });
  await assert.rejects(() => recordRevenueJob.run(negative, world, CALL), { code: 'bad_input' });
  const other = recordRevenueJob.parse({ ...earned, amountMicros: 5 });
  await recordRevenueJob.run(other, world, CALL);
  assert.equal((await provenSums(world)).shop?.revenueMicros, 123_456, 'the same movement with another amount');
});

test('a booking whose answer was lost is not booked again by its retry', async () => {
  const world = await shopWorld();
  let losses = 2;
  const lossy: Table = {
    ...world.table,
    transact: async (ops) => {
      const result = await world.table.transact(ops);
      if (losses-- > 0) throw new Error('the line went dead');
      return result;
    },
  };
  const same = text(paid());
  const flaky = { ...world, table: Object.assign(lossy, { items: world.table.items }) };
  await assert.rejects(() => deliverText(flaky, same), /line went dead/);
  await deliverText(flaky, same);
  assert.equal((await provenSums(world)).shop?.revenueMicros, 50_000_000);
});

test('a sum that somebody changed, and an entry that somebody changed, are found', async () => {
  const world = await shopWorld();
  await deliver(world, paid());
  const [item] = [...world.table.items()].filter(({ sk }) => sk.endsWith('#EARN'));
  assert.ok(item);
  await world.table.write({ op: 'update', key: { pk: item.pk, sk: item.sk }, add: { revenueMicros: 1 } });
  const proof = await verifyLedger(world.table);
  assert.deepEqual(proof.faults, ['shop: revenueMicros is 50000001, the entries say 50000000']);
  await world.table.write({ op: 'update', key: { pk: 'ENTRY#stripe#pi_1', sk: 'E' }, add: { amountMicros: 1 } });
  assert.match((await verifyLedger(world.table)).faults.join(), /stripe:pi_1/);
});
