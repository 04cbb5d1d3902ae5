/** The promise over all: however the messages come, the ledger says the same in the end, to the minor unit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ledgerHash } from '../../shared/domain/ledger-proof.ts';
import { dice } from '../../shared/memory/dice.ts';
import { entriesOfDays } from '../../shared/store/ledger-days.ts';
import { utcDate } from '../../shared/store/ledger-item.ts';
import { proveLedger } from '../../shared/store/ledger-verify.ts';
import { recordStripeEvent } from '../../shared/store/revenue-intake.ts';
import { setSplit } from '../../shared/store/split-change.ts';
import { reconcileStripe } from '../../shared/store/stripe-reconcile.ts';
import { earningsOfAll, ledgerWorld, putAgent, sumsOfAll } from '../fixtures/ledger-world.ts';
import { deliver, mine, provenSums, shopWorld } from '../fixtures/shop-world.ts';
import { literalStripe } from '../fixtures/stripe-books.ts';
import { charge, event, paymentIntent, refund, text } from '../fixtures/stripe-events.ts';
import { balanceOf, CURRENCIES, type History, SELLERS, stripeHistory } from '../fixtures/stripe-history.ts';

/** 10,000 events take 2,600 payments: NOVA_LEDGER_PAYMENTS=2600. */
const PAYMENTS = Number(process.env.NOVA_LEDGER_PAYMENTS ?? 120);
const SEED = Number(process.env.NOVA_LEDGER_SEED ?? Math.floor(Math.random() * 1e9));
/** The owner's own rates, for what is settled in another currency than dollars: none of them divides evenly. */
const RATES = { EUR: 1_083_337, JPY: 6_701, KWD: 3_257_329, GBP: 1_267_801 };

const BY = { actor: 'cli:alice', reason: 'they share the work' } as const;

async function sellersWorld(history: History) {
  const world = { ...ledgerWorld({ rates: RATES }), stripe: literalStripe(history.book) };
  for (const id of SELLERS) await putAgent(world.table, id);
  return world;
}
type SellersWorld = Awaited<ReturnType<typeof sellersWorld>>;

async function compareBooks(world: SellersWorld): Promise<void> {
  const to = Date.UTC(2026, 10, 21);
  const span = { from: Date.UTC(2026, 10, 19), to, deep: true, until: Number.MAX_SAFE_INTEGER };
  const { aside } = await reconcileStripe(world, span);
  assert.equal(aside, 0);
}

// W29
test(`shuffled, tripled, two in a hundred lost, and compared with the books: the ledger of the sorted stream (seed ${SEED})`, async () => {
  const history = stripeHistory(SEED, PAYMENTS);
  const throwing = dice(SEED + 1);
  const calm = await sellersWorld(history);
  for (const one of history.events) await recordStripeEvent(calm, text(one));
  await compareBooks(calm);

  const wild = await sellersWorld(history);
  const heard = history.events.filter(() => !throwing.chance(0.02));
  assert.ok(heard.length < history.events.length, 'nothing was lost');
  const told = [...heard, ...heard, ...heard]
    .map((one) => ({ one, place: throwing.fraction() }))
    .sort((a, b) => a.place - b.place);
  for (let n = 0; n < told.length; n += 8) {
    await Promise.all(told.slice(n, n + 8).map(({ one }) => recordStripeEvent(wild, text(one))));
    if (n === 8 * Math.floor(told.length / 16)) await compareBooks(wild);
  }
  await compareBooks(wild);

  const [first, second] = [await proveLedger(calm), await proveLedger(wild)];
  assert.deepEqual([first.faults, second.faults], [[], []]);
  assert.equal(second.hash, first.hash);
  assert.deepEqual(sumsOfAll(wild.table), sumsOfAll(calm.table));
  assert.ok(
    new Set(history.events.map(({ data }) => (data as { object: { currency?: string } }).object.currency)).size >=
      CURRENCIES.length,
  );
});

test('in the end every currency of the ledger is what stands on Stripe’s balance', async () => {
  const history = stripeHistory(7, 60);
  const world = await sellersWorld(history);
  for (const one of history.events.toReversed()) await recordStripeEvent(world, text(one));
  await compareBooks(world);
  const kept: Record<string, bigint> = {};
  for (const { currency, amountMinor } of await entriesOfDays(world.table, '2026-11-01', '2026-11-30'))
    kept[currency] = (kept[currency] ?? 0n) + amountMinor;
  const standing = Object.fromEntries(Object.entries(kept).filter(([, sum]) => sum !== 0n));
  assert.deepEqual(standing, balanceOf(history));
});

test('the hash tells two ledgers apart that differ by one cent, one owner or one day', async () => {
  const history = stripeHistory(3, 4);
  const world = await sellersWorld(history);
  for (const one of history.events) await recordStripeEvent(world, text(one));
  const entries = await entriesOfDays(world.table, '2026-11-01', '2026-11-30');
  const hash = (list: typeof entries) => ledgerHash(list, utcDate, world.hashing.sha256);
  const [first, ...others] = entries;
  assert.ok(first);
  const whole = hash(entries);
  assert.equal(hash(entries.toReversed()), whole);
  for (const change of [
    { amountMinor: first.amountMinor + 1n },
    { agentId: first.agentId === 'alpha' ? 'beta' : 'alpha' },
    { at: first.at - 2 * 86_400_000 },
    { bucket: 'fee' as const },
  ]) {
    assert.notEqual(hash([{ ...first, ...change }, ...others]), whole, JSON.stringify(Object.keys(change)));
  }
  assert.notEqual(hash(others), whole);
});

test('the same money in any order, with rules that change in the middle: one hash, and every sum from the entries', async () => {
  const history = stripeHistory(SEED, Number(process.env.NOVA_LEDGER_PAYMENTS ?? 100));
  const world = async () => {
    const one = {
      ...ledgerWorld({ rates: { EUR: 1_083_337, JPY: 6_701 } }),
      ids: { ulid: () => 'x', token: () => 'x' } as never,
      stripe: literalStripe(history.book),
    };
    for (const id of ['alpha', 'beta', 'gamma', 'delta', 'epsilon']) await putAgent(one.table, id);
    one.time.set(Date.UTC(2026, 10, 1));
    const share = (agentId: string, weight: number) => ({ agentId, weight });
    const five = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].map((id, n) => share(id, n + 1));
    await setSplit(one, { target: 'stripe', shares: five }, BY);
    one.time.set(Date.UTC(2026, 10, 19, 22));
    await setSplit(one, { target: 'stripe', shares: [share('beta', 7), share('delta', 3)] }, BY);
    one.time.set(Date.UTC(2026, 10, 22));
    return one;
  };
  const compare = async (one: Awaited<ReturnType<typeof world>>) => {
    const span = {
      from: Date.UTC(2026, 10, 19),
      to: Date.UTC(2026, 10, 21),
      deep: true,
      until: Number.MAX_SAFE_INTEGER,
    };
    assert.equal((await reconcileStripe(one, span)).aside, 0);
  };
  const [calm, wild] = [await world(), await world()];
  for (const one of history.events) await recordStripeEvent(calm, text(one));
  await compare(calm);
  const throwing = dice(SEED + 1);
  const told = [...history.events, ...history.events]
    .map((one) => ({ one, place: throwing.fraction() }))
    .sort((a, b) => a.place - b.place);
  for (const [n, { one }] of told.entries()) {
    await recordStripeEvent(wild, text(one));
    if (n === history.events.length) await compare(wild);
  }
  await compare(wild);
  const [first, second] = [await proveLedger(calm), await proveLedger(wild)];
  assert.deepEqual([first.faults, second.faults], [[], []]);
  assert.equal(second.hash, first.hash, `seed ${SEED}`);
  assert.deepEqual(sumsOfAll(wild.table), sumsOfAll(calm.table));
  assert.ok(Object.keys(earningsOfAll(wild.table)).length >= 5);
  assert.ok(!Object.hasOwn(sumsOfAll(wild.table)._unattributed ?? {}, 'revenueMicros'));
});

test('ten thousand events delivered three days late and backwards are booked to the cent', async () => {
  const world = await shopWorld();
  const events = Array.from({ length: 2500 }, (_, n) => {
    const about = { charge: `ch_${n}`, payment_intent: `pi_${n}` };
    return [
      event('charge.succeeded', charge({ id: `ch_${n}`, payment_intent: `pi_${n}`, amount: 1000 + n, ...mine })),
      event('payment_intent.succeeded', paymentIntent({ id: `pi_${n}`, amount: 1000 + n, ...mine })),
      event('refund.created', refund({ id: `re_${n}`, amount: 100, ...about })),
      event('refund.updated', refund({ id: `re_${n}`, amount: 100, ...about })),
    ];
  });
  world.time.advance(3 * 86_400_000);
  await deliver(world, ...events.flat().reverse());
  const { shop, ...others } = await provenSums(world);
  const cents = 2500 * 1000 + (2499 * 2500) / 2;
  assert.deepEqual([shop?.revenueMicros, shop?.refundMicros, shop?.entries], [cents * 10_000, 2_500_000_000, 5000]);
  assert.deepEqual(others, {});
});
