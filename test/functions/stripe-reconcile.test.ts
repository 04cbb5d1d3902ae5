/** Stripe's balance transactions against what webhooks told: the numbers W… are cases of the design's list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripeBooks } from '../../shared/connectors/stripe-api.ts';
import { UNATTRIBUTED_ID } from '../../shared/domain/ledger.ts';
import { reconcileRevenueJob } from '../../shared/jobs/reconcile-revenue.ts';
import { getConnector, mapAccount } from '../../shared/store/connector-store.ts';
import { getEntry } from '../../shared/store/ledger-store.ts';
import { proveLedger } from '../../shared/store/ledger-verify.ts';
import { asideOfDay, intakeOfDays, quarantinedOf } from '../../shared/store/revenue-intake.ts';
import { putAgent } from '../fixtures/ledger-world.ts';
import {
  CALL,
  deliver,
  entriesOf,
  given,
  type LedgerWorld,
  mine,
  paid,
  provenSums,
  shopWorld,
  TODAY,
} from '../fixtures/shop-world.ts';
import { literalStripe, move, noBook } from '../fixtures/stripe-books.ts';
import { charge, checkout, dispute, event, type Fields, refund, T0 } from '../fixtures/stripe-events.ts';
import { type StripeBook, stripeServer } from '../fixtures/stripe-server.ts';

const pass = async (world: LedgerWorld, book: StripeBook, mode: 'live' | 'test' = 'test') => {
  const done = await reconcileRevenueJob.run({ ...world, stripe: literalStripe(book, mode) }, CALL);
  return done.stripe as Record<string, unknown>;
};
async function booksWorld(settings = {}): Promise<LedgerWorld> {
  const world = await shopWorld(settings);
  world.time.set(T0 * 1000 + 600_000);
  return world;
}
const bookOf = (...moves: Fields[]): StripeBook => ({ ...noBook(), moves });

const sold = charge({ id: 'ch_1', payment_intent: 'pi_1', amount: 5000, ...mine });
const settled = (fields: Fields = {}): Fields =>
  move({ id: 'txn_1', type: 'charge', created: T0, amount: 5000, fee: 175, source: sold, ...fields });

async function hashOf(world: LedgerWorld): Promise<string> {
  const { faults, hash } = await proveLedger(world);
  assert.deepEqual(faults, []);
  return hash;
}

test('a payment that a webhook told of gets its fee from the balance, in any order and once', async () => {
  const hashes = new Set<string>();
  for (const order of ['webhook first', 'books first', 'twice each'] as const) {
    const world = await booksWorld();
    if (order !== 'books first') await deliver(world, paid());
    assert.equal((await pass(world, bookOf(settled()))).moves, 1);
    if (order !== 'webhook first') await deliver(world, paid(), paid());
    if (order === 'twice each') assert.equal((await pass(world, bookOf(settled()))).known, 1);
    const { shop } = await provenSums(world);
    assert.deepEqual([shop?.revenueMicros, shop?.feeMicros, shop?.entries], [50_000_000, 1_750_000, 2], order);
    assert.deepEqual(await intakeOfDays(world.table, TODAY, TODAY).then((days) => days[TODAY]?.conflict), undefined);
    hashes.add(await hashOf(world));
  }
  assert.equal(hashes.size, 1);
});

// W30; and W28: what a thin event tells of, which the door refuses, is found here
test('what no webhook told of is found in the books, with its agent and its fee', async () => {
  const world = await booksWorld();
  const lost = {
    ...bookOf(
      settled(),
      move({
        id: 'txn_2',
        type: 'refund',
        created: T0 + 60,
        amount: -2000,
        source: refund({ id: 're_1', amount: 2000, charge: 'ch_1', payment_intent: 'pi_1' }),
      }),
    ),
  };
  assert.deepEqual(await pass(world, lost), { connected: true, moves: 2, booked: 2, settled: 0, known: 0, aside: 0 });
  const { shop, ...others } = await provenSums(world);
  assert.deepEqual([shop?.revenueMicros, shop?.refundMicros, shop?.feeMicros], [50_000_000, 20_000_000, 1_750_000]);
  assert.deepEqual(others, {});
});

test('a lost checkout is asked for when the payment itself names no agent', async () => {
  const world = await booksWorld();
  const nameless = settled({ source: { ...sold, metadata: {} } });
  const session = checkout({ id: 'cs_1', amount_total: 5000, payment_intent: 'pi_1', ...mine });
  await pass(world, { ...bookOf(nameless), checkouts: [session] });
  assert.equal((await provenSums(world)).shop?.revenueMicros, 50_000_000);
});

// W23
test('a charge in euros settled in dollars, refunded at another rate: what reached the balance counts', async () => {
  const world = await booksWorld();
  const euros = { amount: 5000, currency: 'eur' };
  await deliver(world, paid(euros), given('re_1', 5000, { currency: 'eur' }));
  assert.deepEqual((await provenSums(world)).shop?.unconverted, {}, 'provisional euros come and go without a rate');
  const source = { ...sold, ...euros };
  const back = refund({ id: 're_1', ...euros, charge: 'ch_1', payment_intent: 'pi_1' });
  const report = await pass(
    world,
    bookOf(
      settled({ amount: 5400, fee: 187, exchange_rate: 1.08, source }),
      move({ id: 'txn_2', type: 'refund', created: T0 + 60, amount: -5450, exchange_rate: 1.09, source: back }),
    ),
  );
  assert.equal(report.settled, 2);
  const { shop } = await provenSums(world);
  assert.deepEqual([shop?.revenueMicros, shop?.refundMicros, shop?.feeMicros], [54_000_000, 54_500_000, 1_870_000]);
  assert.deepEqual([shop?.unconverted, shop?.minor], [{}, {}]);
  const original = await getEntry(world.table, 'stripe', 'pi_1');
  assert.deepEqual([original?.amountMinor, original?.currency], [5000n, 'EUR'], 'nothing is edited');
  const rates = (await entriesOf(world)).flatMap(({ rate, kind }) => (rate && kind === 'adjustment' ? [rate] : []));
  assert.deepEqual(rates, ['1.08', '1.09']);
});

test('found first in the books in another currency, the late webhook in the buyer’s currency is the same money', async () => {
  const world = await booksWorld();
  const source = { ...sold, amount: 5000, currency: 'eur' };
  await pass(world, bookOf(settled({ amount: 5400, exchange_rate: 1.08, source })));
  await deliver(world, paid({ amount: 5000, currency: 'eur' }));
  assert.deepEqual(await intakeOfDays(world.table, TODAY, TODAY), { [TODAY]: { duplicate: 1 } });
  const entry = await getEntry(world.table, 'stripe', 'pi_1');
  assert.deepEqual(entry?.presented, { amountMinor: 5000n, currency: 'EUR' });
  assert.deepEqual([entry?.amountMinor, entry?.currency, entry?.rate], [5400n, 'USD', '1.08']);
});

// W22
test('currencies without decimals, with three, and the two that Stripe sends with decimals they lack', async () => {
  const rows: [currency: string, sent: number, kept: bigint][] = [
    ['jpy', 500, 500n],
    ['kwd', 1230, 1230n],
    ['isk', 50_000, 500n],
    ['ugx', 50_000, 500n],
    ['huf', 50_000, 50_000n],
  ];
  for (const [currency, amount, kept] of rows) {
    const world = await booksWorld();
    await deliver(world, paid({ amount, currency }));
    await pass(world, bookOf(settled({ amount, currency, fee: 0, source: { ...sold, amount, currency } })));
    const { shop } = await provenSums(world);
    assert.deepEqual(shop?.minor, { [currency.toUpperCase()]: kept });
  }
});

// W20
test('a refund that failed comes back on the balance too, whether or not a webhook told of it', async () => {
  const source = refund({ id: 're_1', amount: 2000, charge: 'ch_1', payment_intent: 'pi_1', status: 'failed' });
  const book = bookOf(
    settled(),
    move({ id: 'txn_2', type: 'refund', created: T0 + 60, amount: -2000, source }),
    move({ id: 'txn_3', type: 'refund_failure', created: T0 + 90, amount: 2000, source }),
  );
  const failed = event('refund.failed', source);
  const hashes = new Set<string>();
  for (const told of [[], [paid(), failed], [failed]]) {
    const world = await booksWorld();
    await deliver(world, ...told);
    await pass(world, book);
    await deliver(world, paid(), failed);
    assert.equal((await provenSums(world)).shop?.refundMicros, 0);
    hashes.add(await hashOf(world));
  }
  assert.equal(hashes.size, 1);
});

// W21
test('a dispute opened and won: webhook and balance tell of the same two movements, the fee stays', async () => {
  const out = move({
    id: 'txn_2',
    type: 'adjustment',
    reporting_category: 'dispute',
    created: T0 + 60,
    amount: -5000,
    fee: 1500,
  });
  const back = move({
    id: 'txn_3',
    type: 'adjustment',
    reporting_category: 'dispute_reversal',
    created: T0 + 90,
    amount: 5000,
  });
  const about = { charge: 'ch_1', payment_intent: 'pi_1' };
  const source = dispute({ ...about, balance_transactions: [out, back] });
  const won = event('charge.dispute.funds_reinstated', source);
  const book = bookOf(settled(), { ...out, source }, { ...back, source });
  const hashes = new Set<string>();
  for (const told of [[paid(), won], [won], []]) {
    const world = await booksWorld();
    await deliver(world, ...told);
    await pass(world, book);
    await deliver(world, ...told);
    const { shop } = await provenSums(world);
    assert.deepEqual([shop?.refundMicros, shop?.feeMicros], [0, 16_750_000]);
    hashes.add(await hashOf(world));
  }
  assert.equal(hashes.size, 1);
});

test('payouts, fees of the account, corrections and unknown types: the entries’ sum is the balance', async () => {
  const world = await booksWorld();
  const moves = [
    settled(),
    move({ id: 'txn_2', type: 'payout', created: T0 + 10, amount: -3000, source: 'po_1' }),
    move({ id: 'txn_3', type: 'stripe_fee', created: T0 + 20, amount: -250, source: null }),
    move({ id: 'txn_4', type: 'adjustment', created: T0 + 30, amount: 40, source: null }),
    move({ id: 'txn_5', type: 'thing_of_tomorrow', created: T0 + 40, amount: -7, source: 'tmr_1' }),
    move({ id: 'txn_6', type: 'transfer', created: T0 + 50, amount: -1000, source: 'tr_1' }),
    move({ id: 'txn_7', type: 'application_fee', created: T0 + 60, amount: 60, source: 'fee_1' }),
    move({ id: 'txn_8', type: 'payout_failure', created: T0 + 70, amount: 3000, source: 'po_1' }),
  ];
  await pass(world, bookOf(...moves));
  const entries = await entriesOf(world);
  const sum = entries.reduce((total, { amountMinor }) => total + amountMinor, 0n);
  assert.equal(
    sum,
    moves.reduce((total, { net }) => total + BigInt(Number(net)), 0n),
  );
  const kinds = Object.fromEntries(entries.map(({ movementId, kind }) => [movementId, kind]));
  assert.deepEqual(kinds, {
    ...{ pi_1: 'revenue', 'txn_1~fee': 'fee', txn_2: 'payout', txn_3: 'fee', txn_4: 'correction' },
    ...{ txn_5: 'correction', txn_6: 'transfer', txn_7: 'revenue', txn_8: 'payout' },
  });
  const sums = await provenSums(world);
  assert.deepEqual([sums[UNATTRIBUTED_ID]?.revenueMicros, sums[UNATTRIBUTED_ID]?.feeMicros], [600_000, 12_170_000]);
});

// W24
test('a connected account’s money is set aside until somebody says whose it is, then booked to that agent', async () => {
  const world = await booksWorld();
  await putAgent(world.table, 'tenant');
  const foreign = event('charge.succeeded', charge({ id: 'ch_9', payment_intent: 'pi_9', amount: 700 }), {
    account: 'acct_1',
  });
  await deliver(world, foreign);
  assert.deepEqual(await provenSums(world), {});
  assert.deepEqual(await intakeOfDays(world.table, TODAY, TODAY), { [TODAY]: { other_account: 1 } });
  assert.equal((await quarantinedOf(world, 'acct_1')).length, 1);
  await mapAccount(world.table, 'stripe', { account: 'acct_1', agentId: 'tenant' });
  await deliver(world, foreign);
  const fees = [
    { amount: 20, currency: 'usd', type: 'stripe_fee' },
    { amount: 50, currency: 'usd', type: 'application_fee' },
  ];
  const source = charge({ id: 'ch_9', payment_intent: 'pi_9', amount: 700 });
  const theirs = {
    ...move({ id: 'txn_9', type: 'charge', created: T0, amount: 700, fee: 70, source }),
    fee_details: fees,
  };
  await pass(world, { ...noBook(), accounts: { acct_1: [theirs] } });
  const { tenant, ...others } = await provenSums(world);
  assert.deepEqual([tenant?.revenueMicros, tenant?.feeMicros], [7_000_000, 700_000]);
  assert.deepEqual(others, {});
  assert.equal((await getEntry(world.table, 'stripe', 'txn_9~fee'))?.note, 'stripe_fee 20, application_fee 50');
});

// W25
test('a test key in a live stage books nothing and says so', async () => {
  const world = await booksWorld({ stage: 'prod' });
  const done = await pass(world, bookOf(settled()), 'test');
  assert.match(String(done.problem), /test key/);
  assert.deepEqual(await entriesOf(world), []);
  assert.match((await getConnector(world.table, 'stripe')).problem, /test key/);
  await pass(world, bookOf(settled()), 'live');
  assert.equal((await getEntry(world.table, 'stripe', 'pi_1'))?.livemode, true);
});

test('what cannot be read is set aside by its own, and the rest is booked', async () => {
  const world = await booksWorld();
  const broken = settled({ id: 'txn_2', created: T0 + 5, source: { id: 'ch_2', object: 'charge' } });
  const lost = settled({ id: 'txn_3', created: T0 + 6, source: 'ch_3' });
  assert.equal((await pass(world, bookOf(broken, settled(), lost))).aside, 2);
  assert.equal((await provenSums(world)).shop?.revenueMicros, 50_000_000);
  assert.deepEqual((await asideOfDay(world.table, TODAY)).map(({ eventId }) => eventId).sort(), ['txn_2', 'txn_3']);
});

// W32
test('a chargeback long after the agent was retired is found in the books and is still the agent’s', async () => {
  const world = await booksWorld();
  await deliver(world, paid());
  await putAgent(world.table, 'shop', { status: 'retired' });
  world.time.advance(40 * 86_400_000);
  const created = T0 + 39 * 86_400;
  const out = move({ id: 'txn_2', type: 'adjustment', created, amount: -5000, fee: 1500 });
  const source = dispute({ charge: 'ch_1', payment_intent: 'pi_1', balance_transactions: [out] });
  await pass(world, bookOf({ ...out, source }));
  assert.equal((await provenSums(world)).shop?.refundMicros, 50_000_000);
});

// W31
test('amounts beyond 2^53 and beyond belief are set aside, not rounded', async () => {
  const world = await booksWorld();
  const huge = move({
    id: 'txn_2',
    type: 'stripe_fee',
    created: T0 + 1,
    amount: 2 * Number.MAX_SAFE_INTEGER,
    source: null,
  });
  assert.equal((await pass(world, bookOf(huge, settled()))).aside, 1);
  assert.equal((await provenSums(world)).shop?.revenueMicros, 50_000_000);
});

test('through Stripe’s own library: pages of a hundred, days in order, the cursor moves, and known ones cost no write', async () => {
  const KEY = 'rk_test_0123456789abcdef';
  const book: StripeBook = noBook();
  for (let n = 0; n < 230; n++) {
    const source = charge({ id: `ch_${n}`, payment_intent: `pi_${n}`, amount: 1000, ...mine });
    book.moves.push(move({ id: `txn_${n}`, type: 'charge', created: T0 - n, amount: 1000, fee: 59, source }));
  }
  const server = await stripeServer(book, KEY);
  try {
    const world = await booksWorld();
    const secrets = { get: async () => KEY };
    world.stripe = stripeBooks({ secrets, baseUrl: server.url });
    world.time.set(T0 * 1000 + 60_000);
    const first = (await reconcileRevenueJob.run(world, CALL)).stripe as Record<string, unknown>;
    assert.deepEqual([first.booked, first.aside], [230, 0]);
    assert.ok(server.asked.some((path) => path.includes('starting_after=txn_')));
    assert.equal((await getConnector(world.table, 'stripe')).cursor, world.time.now());
    const again = (await reconcileRevenueJob.run(world, CALL)).stripe as Record<string, unknown>;
    assert.deepEqual([again.booked, again.known], [0, 230]);
    const { shop } = await provenSums(world);
    assert.deepEqual([shop?.revenueMicros, shop?.feeMicros], [2_300_000_000, 135_700_000]);
    server.failures.push(500, 500, 500);
    const failed = (await reconcileRevenueJob.run(world, CALL)).stripe as Record<string, unknown>;
    assert.match(String(failed.problem), /cannot be reached/);
    const refusing = {
      ...world,
      stripe: stripeBooks({ secrets: { get: async () => 'sk_test_another0key' }, baseUrl: server.url }),
    };
    const refused = (await reconcileRevenueJob.run(refusing, CALL)).stripe as Record<string, unknown>;
    assert.match(String(refused.problem), /refuses stripe-api-key/);
    assert.doesNotMatch(JSON.stringify(world.log.said), /rk_test_|sk_test_/);
  } finally {
    await server.close();
  }
});
