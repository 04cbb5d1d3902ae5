/** Gumroad's pings are hints, its API is the word: the numbers W… are cases of the design's list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hooksJob } from '../../functions/web/hooks.ts';
import { gumroadBooks } from '../../shared/connectors/gumroad-api.ts';
import { fateOf, NovaError } from '../../shared/domain/error.ts';
import { GUMROAD_RESOURCES } from '../../shared/domain/gumroad-sale.ts';
import { UNATTRIBUTED_ID } from '../../shared/domain/ledger.ts';
import { reconcileRevenueJob } from '../../shared/jobs/reconcile-revenue.ts';
import { recordRevenueJob } from '../../shared/jobs/record-revenue.ts';
import { memoryQueue } from '../../shared/memory/memory-queue.ts';
import type { Secrets } from '../../shared/ports/outside.ts';
import { getConnector, noteConnector } from '../../shared/store/connector-store.ts';
import { intakeKey } from '../../shared/store/keys.ts';
import { getEntry } from '../../shared/store/ledger-store.ts';
import { asideOfDay } from '../../shared/store/revenue-intake.ts';
import type { RevenueMessage, WorkMessage } from '../../shared/wire/messages.ts';
import { type GumroadServer, gumroadServer, pingOf, saleOf } from '../fixtures/gumroad-server.ts';
import { ledgerWorld, putAgent } from '../fixtures/ledger-world.ts';
import { CALL, entriesOf, provenSums, TODAY } from '../fixtures/shop-world.ts';
import type { Fields } from '../fixtures/stripe-events.ts';

const TOKEN = 'token-0123456789';
const [OLD, NEW] = ['o'.repeat(43), 'n'.repeat(43)];

function kept(values: Readonly<Record<string, string>>): Secrets {
  return {
    get: async (name) => {
      const value = values[name];
      if (value === undefined) throw new NovaError('misconfigured', `no secret ${name}`);
      return value;
    },
  };
}
const KEPT = { 'gumroad-access-token': TOKEN, 'gumroad-ping-secret': `${NEW} ${OLD}` };

async function withShop(
  sales: Fields[],
  story: (shop: ReturnType<typeof shopOf>, server: GumroadServer) => Promise<void>,
): Promise<void> {
  const server = await gumroadServer(TOKEN, sales);
  try {
    const shop = shopOf(server.url);
    const products = [{ id: 'pencil', gumroadPermalink: 'pencil' }];
    await putAgent(shop.table, 'store', { blueprint: 'store.digital' }, { products });
    await story(shop, server);
  } finally {
    await server.close();
  }
}

function shopOf(baseUrl: string, secrets: Secrets = kept(KEPT)) {
  const world = ledgerWorld();
  const time = world.time;
  const revenue = memoryQueue<RevenueMessage>({ name: 'revenue', time, visibilitySeconds: 360, maxReceiveCount: 10 });
  const work = memoryQueue<WorkMessage>({ name: 'work', time, visibilitySeconds: 360, maxReceiveCount: 10 });
  return { ...world, revenue, work, secrets, gumroad: gumroadBooks({ secrets, baseUrl, timeoutMs: 150 }) };
}
type Shop = ReturnType<typeof shopOf>;

async function ping(shop: Pick<Shop, 'table' | 'time' | 'revenue' | 'work' | 'secrets'>, body: string, secret = NEW) {
  const path = `/hooks/gumroad/${secret}`;
  try {
    const request = { method: 'POST', path, headers: {}, body: Buffer.from(body), sourceIp: '192.0.2.1' };
    return (await hooksJob.run(request, shop, CALL)).status;
  } catch (thrown) {
    assert.ok(thrown instanceof NovaError, String(thrown));
    return fateOf(thrown).httpStatus;
  }
}

/** Works the queue as a consumer would: answers what came of each message. */
async function work(shop: Shop, receiveCount = 1): Promise<string[]> {
  const outcomes: string[] = [];
  for (const { body, receipt } of await shop.revenue.receive({ max: 10, waitSeconds: 0 })) {
    const message = recordRevenueJob.parse(JSON.parse(body));
    const done = recordRevenueJob.run(message, shop, { ...CALL, receiveCount });
    const came = await done.then(
      (later) => (later ? `later ${later.laterSeconds}` : 'done'),
      (thrown: unknown) => fateOf(thrown).retry,
    );
    outcomes.push(came);
    if (came === 'done') await shop.revenue.delete(receipt);
  }
  return outcomes;
}

const saleId = String(saleOf().id);
const about = (fields: Readonly<Record<string, string>> = {}): string => pingOf({ sale_id: saleId, ...fields });
const intake = async ({ table }: Shop): Promise<Record<string, unknown>> => {
  const { pk: _pk, sk: _sk, ...counts } = (await table.get(intakeKey('gumroad', TODAY))) ?? { pk: '', sk: '' };
  return counts;
};
const seen = async (shop: Shop): Promise<void> => {
  assert.equal(await ping(shop, about()), 200);
  assert.deepEqual(await work(shop), ['done']);
};

test('a ping is queued, looked up, and booked from the API’s own values under the seller’s agent', async () => {
  await withShop([saleOf()], async (shop) => {
    await seen(shop);
    const { store, ...others } = await provenSums(shop);
    assert.deepEqual([store?.revenueMicros, store?.feeMicros], [10_000_000, 1_290_000]);
    assert.deepEqual(others, {});
    assert.equal((await getEntry(shop.table, 'gumroad', saleId))?.attribution.method, 'product');
  });
});

// W33
test('a wrong secret, a missing one and a short one are 404, never open; two count while one is rotated', async () => {
  await withShop([saleOf()], async (shop) => {
    for (const secret of ['x'.repeat(43), 'undefined', '%20', OLD.slice(1), `${NEW}x`])
      assert.equal(await ping(shop, about(), secret), 404, secret);
    assert.equal(await ping(shop, about(), OLD), 200);
    for (const values of [{}, { 'gumroad-ping-secret': '' }, { 'gumroad-ping-secret': 'short' }]) {
      const closed = { ...shop, secrets: kept(values) };
      for (const secret of [NEW, 'short', 'undefined', 'null', '_'])
        assert.equal(await ping(closed, about(), secret), 404, `${JSON.stringify(values)} ${secret}`);
    }
    assert.equal(shop.revenue.size(), 1);
  });
});

// W34
test('a forged sale with the right secret: the API says no three times, nothing is booked, somebody is told', async () => {
  await withShop([], async (shop) => {
    assert.equal(await ping(shop, about({ price: '99999999' })), 200);
    assert.deepEqual(await work(shop, 1), ['later 60']);
    shop.time.advance(400_000);
    assert.deepEqual(await work(shop, 3), ['done']);
    assert.deepEqual(await entriesOf(shop), []);
    assert.deepEqual(await intake(shop), { unknown_sale: 2 });
    assert.ok(shop.log.said.some(({ level, message }) => level === 'error' && /does not know/.test(message)));
  });
});

// W35
test('a ping of another seller is not even looked up', async () => {
  await withShop([saleOf()], async (shop, server) => {
    await noteConnector(shop.table, 'gumroad', { sellerId: 'us==' });
    await seen(shop);
    assert.deepEqual([await entriesOf(shop), server.asked], [[], []]);
    assert.deepEqual(await intake(shop), { wrong_seller: 1 });
  });
});

// W36
test('a repeated ping with another body is the same sale', async () => {
  await withShop([saleOf()], async (shop) => {
    await seen(shop);
    for (const retry_count of ['1', '2']) {
      assert.equal(await ping(shop, about({ retry_count })), 200);
      await work(shop);
    }
    assert.equal((await provenSums(shop)).store?.revenueMicros, 10_000_000);
    assert.deepEqual(await intake(shop), { booked: 1, duplicate: 2 });
  });
});

// W37
test('products in euros and yen: Gumroad’s price is US cents already, and is not converted again', async () => {
  const euro = saleOf({
    id: 'eur==',
    price: 1082,
    gumroad_fee: 140,
    currency_symbol: '€',
    formatted_display_price: '€10',
  });
  const yen = saleOf({
    id: 'jpy==',
    price: 667,
    gumroad_fee: 90,
    currency_symbol: '¥',
    formatted_display_price: '¥1,000',
  });
  await withShop([euro, yen], async (shop) => {
    await ping(shop, pingOf({ sale_id: 'eur==', price: '1082', currency: 'eur' }));
    await ping(shop, pingOf({ sale_id: 'jpy==', price: '667', currency: 'jpy' }));
    await work(shop);
    const { store } = await provenSums(shop);
    assert.deepEqual([store?.revenueMicros, store?.feeMicros, store?.minor], [17_490_000, 2_300_000, {}]);
  });
});

// W38
test('refund, partial refund, dispute and a dispute won, each once, seen again and again', async () => {
  await withShop([saleOf()], async (shop, { sales }) => {
    const state = async (fields: Fields): Promise<number> => {
      sales[0] = saleOf(fields);
      await seen(shop);
      await seen(shop);
      return (await provenSums(shop)).store?.refundMicros ?? 0;
    };
    assert.equal(await state({}), 0);
    assert.equal(await state({ partially_refunded: true, amount_refundable_in_currency: '7.50' }), 2_500_000);
    assert.equal(await state({ partially_refunded: true, amount_refundable_in_currency: '4' }), 6_000_000);
    assert.equal(await state({ refunded: true, amount_refundable_in_currency: '0' }), 10_000_000);
  });
  await withShop([saleOf({ disputed: true, chargedback: true })], async (shop, { sales }) => {
    await seen(shop);
    assert.equal((await provenSums(shop)).store?.refundMicros, 10_000_000);
    sales[0] = saleOf({ disputed: true, dispute_won: true });
    await seen(shop);
    await seen(shop);
    assert.equal((await provenSums(shop)).store?.refundMicros, 0);
  });
});

test('a part that was refunded in another currency is taken by its share, and set aside when it cannot be read', async () => {
  const yen = { price: 667, currency_symbol: '¥', formatted_display_price: '¥1,000', partially_refunded: true };
  await withShop([saleOf({ ...yen, amount_refundable_in_currency: '250' })], async (shop, { sales }) => {
    await seen(shop);
    assert.equal((await provenSums(shop)).store?.refundMicros, 5_000_000, 'a quarter of 6.67 is left: 1.67');
    sales[0] = saleOf({ ...yen, amount_refundable_in_currency: null });
    await seen(shop);
    assert.deepEqual(
      (await asideOfDay(shop.table, TODAY)).map(({ eventId }) => eventId),
      [saleId],
    );
  });
});

// W39
test('fields that a seller names price, refunded or sale_id shadow nothing', async () => {
  const custom_fields = { price: '1', refunded: 'true', id: 'other==' };
  await withShop([saleOf({ custom_fields, has_custom_fields: true })], async (shop) => {
    await ping(shop, `${about({ price: '1', refunded: 'true', disputed: 'true' })}&Price=0&custom_fields%5Bprice%5D=0`);
    await work(shop);
    const { store } = await provenSums(shop);
    assert.deepEqual([store?.revenueMicros, store?.refundMicros], [10_000_000, 0]);
    assert.equal(await ping(shop, `${about()}&sale_id=other%3D%3D`), 200);
    assert.equal(shop.revenue.size(), 0, 'two sale ids name none');
  });
});

// W40
test('the API answers 404, 500, 429, with silence or with a page of HTML: later, and nothing is booked', async () => {
  for (const failure of [404, 500, 502, 429, 'silence', 200] as const) {
    await withShop([saleOf()], async (shop, { failures }) => {
      failures.push(failure);
      await ping(shop, about());
      assert.deepEqual(await work(shop), ['later'], String(failure));
      assert.deepEqual(await entriesOf(shop), []);
      shop.time.advance(400_000);
      assert.deepEqual(await work(shop, 2), ['done']);
      assert.equal((await provenSums(shop)).store?.revenueMicros, 10_000_000);
    });
  }
});

// W41
test('a ping that was never answered in time is found by the hourly look, three days back', async () => {
  const old = saleOf({ id: 'old==', created_at: '2026-11-18T01:00:00Z' });
  await withShop([saleOf(), old], async (shop) => {
    await noteConnector(shop.table, 'gumroad', { cursor: shop.time.now(), deepAt: shop.time.now() });
    shop.time.advance(3_600_000);
    const done = (await reconcileRevenueJob.run(shop, CALL)).gumroad as Record<string, unknown>;
    assert.equal(done.booked, 2);
    const again = (await reconcileRevenueJob.run(shop, CALL)).gumroad as Record<string, unknown>;
    assert.deepEqual([again.booked, again.duplicate], [undefined, 2]);
    assert.equal((await provenSums(shop)).store?.revenueMicros, 20_000_000);
  });
});

test('a queue that cannot take a ping is answered with 503, which Gumroad repeats', async () => {
  await withShop([], async (shop) => {
    const revenue = { ...shop.revenue, send: () => Promise.reject(new NovaError('unavailable', 'no queue')) };
    assert.equal(await ping({ ...shop, revenue }, about()), 503);
  });
});

// W42
test('what the seller bought himself is never booked, neither by ping nor by the hourly look', async () => {
  const own = saleOf({ purchaser_id: saleOf().seller_id });
  await withShop([own, saleOf({ id: 'test==', test: true })], async (shop) => {
    await seen(shop);
    await reconcileRevenueJob.run(shop, CALL);
    assert.deepEqual(await entriesOf(shop), []);
    assert.deepEqual(await intake(shop), { test_mode: 1 });
  });
});

// W43
test('bundles, gifts, free and recurring sales, and several of one: the money is counted once where it is', async () => {
  const sales = [
    saleOf({ id: 'bundle==', price: 5000, is_bundle_purchase: true }),
    saleOf({ id: 'part==', price: 2500, is_bundle_product_purchase: true }),
    saleOf({ id: 'gift==', price: 700, is_gift_sender_purchase: true }),
    saleOf({ id: 'gifted==', price: 700, is_gift_receiver_purchase: true }),
    saleOf({ id: 'free==', price: 0, gumroad_fee: 0, paid: false }),
    saleOf({ id: 'month1==', price: 300, recurring_charge: false, subscription_id: 's' }),
    saleOf({ id: 'month2==', price: 300, recurring_charge: true, subscription_id: 's' }),
    saleOf({ id: 'three==', price: 3000, quantity: 3 }),
    saleOf({ id: 'later==', price: 900, is_preorder_authorization: true }),
  ];
  await withShop(sales, async (shop) => {
    await reconcileRevenueJob.run(shop, CALL);
    assert.equal((await provenSums(shop)).store?.revenueMicros, (5000 + 700 + 300 + 300 + 3000) * 10_000);
  });
});

test('many pages are read to the end; a sale of nobody’s product is visible as unattributed', async () => {
  const sales = Array.from({ length: 34 }, (_, n) =>
    saleOf({ id: `s${n}==`, product_permalink: 'other', product_id: 'o' }),
  );
  await withShop(sales, async (shop, server) => {
    await reconcileRevenueJob.run(shop, CALL);
    assert.equal((await provenSums(shop))[UNATTRIBUTED_ID]?.revenueMicros, 340_000_000);
    assert.ok(server.asked.some((path) => path.includes('page_key=30')));
    assert.ok(
      server.asked.every((path) => !path.includes(TOKEN)),
      'the token stays out of addresses',
    );
  });
});

test('once a day the eight subscriptions are looked for; one that has gone is a problem that is shown', async () => {
  await withShop([], async (shop, { subscriptions }) => {
    const look = async () => (await reconcileRevenueJob.run(shop, CALL)).gumroad as Record<string, unknown>;
    assert.equal((await look()).problem, undefined, 'never connected: nobody promised to be told');
    await noteConnector(shop.table, 'gumroad', { sellerId: 'us==' });
    for (const [n, resource_name] of GUMROAD_RESOURCES.entries())
      subscriptions.push({ id: `s${n}`, resource_name, post_url: `https://nova.example.com/hooks/gumroad/${NEW}` });
    shop.time.advance(21 * 3_600_000);
    assert.equal((await look()).problem, undefined);
    subscriptions.splice(2, 1);
    assert.equal((await look()).problem, undefined, 'not every hour');
    shop.time.advance(21 * 3_600_000);
    assert.match(String((await look()).problem), /no longer tells us of dispute:/);
    shop.time.advance(3_600_000);
    await look();
    assert.match((await getConnector(shop.table, 'gumroad')).warning, /no longer tells/, 'it stays until it is well');
  });
});

test('a refused token is a problem that is kept and shown, not silence', async () => {
  await withShop([saleOf()], async (shop, server) => {
    const gumroad = gumroadBooks({ secrets: kept({ 'gumroad-access-token': 'wrong' }), baseUrl: server.url });
    const done = (await reconcileRevenueJob.run({ ...shop, gumroad }, CALL)).gumroad as Record<string, unknown>;
    assert.match(String(done.problem), /refuses gumroad-access-token/);
    const none = gumroadBooks({ secrets: kept({}), baseUrl: server.url });
    assert.deepEqual((await reconcileRevenueJob.run({ ...shop, gumroad: none }, CALL)).gumroad, { connected: false });
  });
});
