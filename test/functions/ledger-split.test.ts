/** Whose a payment is when a link says so, and when a rule shares it: exact, in any order, replayable. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributionReport } from '../../shared/domain/finance/attribution.ts';
import { bookSale } from '../../shared/store/gumroad-reconcile.ts';
import { recordHookEntry } from '../../shared/store/hook-intake.ts';
import { proveLedger, repairLedger } from '../../shared/store/ledger-verify.ts';
import { setSplit } from '../../shared/store/split-change.ts';
import { readGumroadSaleBody } from '../../shared/wire/gumroad.ts';
import { type CliWorld, cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';
import gumroadSale from '../fixtures/gumroad/sale.json' with { type: 'json' };
import { ledgerWorld, putAgent, sumsOfAll } from '../fixtures/ledger-world.ts';
import { deliver, entriesOf, given, paid, provenSums } from '../fixtures/shop-world.ts';
import { checkout, event, type Fields, T0 } from '../fixtures/stripe-events.ts';

const BY = { actor: 'cli:alice', reason: 'they share the work' } as const;
const share = (agentId: string, weight: number) => ({ agentId, weight });
const SIXTY = [share('writer', 60), share('mailer', 40)];

/** Rules hold from the moment they are set: an hour before the first payment. */
async function teamWorld(settings = {}) {
  const world = { ...ledgerWorld(settings), ids: { ulid: () => 'x', token: () => 'x' } as never };
  world.time.set(T0 * 1000 - 3_600_000);
  for (const id of ['writer', 'mailer', 'shop']) await putAgent(world.table, id);
  return world;
}
type TeamWorld = Awaited<ReturnType<typeof teamWorld>>;
const nameless = { metadata: {} };
const sale = (fields: Fields = {}): Fields => paid({ ...nameless, ...fields });

async function dollars(world: TeamWorld) {
  const sums = await provenSums(world);
  return Object.fromEntries(Object.entries(sums).map(([id, one]) => [id, [one.revenueMicros, one.refundMicros]]));
}

test('a rule for a source shares what names nobody, to the cent, and the refund like the payment', async () => {
  const world = await teamWorld();
  await setSplit(world, { target: 'stripe', shares: SIXTY }, BY);
  await deliver(world, sale({ amount: 1001 }), given('re_1', 1001, nameless));
  // 10.01 × 60 % = 6.006 and 4.004: the cent that is left goes to the larger remainder.
  assert.deepEqual(await dollars(world), { mailer: [4_000_000, 4_000_000], writer: [6_010_000, 6_010_000] });
  assert.deepEqual(attributionReport(await entriesOf(world)).open, []);
  const kept = (await entriesOf(world)).find(({ movementId }) => movementId === 'pi_1');
  assert.deepEqual([kept?.amountMinor, kept?.attribution], [1001n, { method: 'split', confidenceBps: 5000 }]);
});

test('many small refunds on many days take back from each exactly what it got', async () => {
  const world = await teamWorld();
  await setSplit(world, { target: 'stripe', shares: [share('writer', 1), share('mailer', 1), share('shop', 1)] }, BY);
  const parts = Array.from({ length: 12 }, (_, n) =>
    given(`re_${n}`, n === 11 ? 101 - 88 : 8, { ...nameless, created: T0 + n * 86_400 }),
  );
  await deliver(world, ...parts.toReversed(), sale({ amount: 101 }));
  const sums = await dollars(world);
  assert.deepEqual(sums, {
    mailer: [340_000, 340_000],
    shop: [340_000, 340_000],
    writer: [330_000, 330_000],
  });
  assert.deepEqual((await proveLedger(world)).faults, []);
});

test('a rule that changed since does not reach back: payment, late refund and fee keep the one of their time', async () => {
  const world = await teamWorld();
  await setSplit(world, { target: 'stripe', shares: SIXTY }, BY);
  await deliver(world, sale());
  world.time.set((T0 + 60) * 1000);
  await setSplit(world, { target: 'stripe', shares: [share('shop', 1)] }, BY);
  const later = { ...nameless, created: T0 + 5000 };
  await deliver(world, given('re_1', 1000, later));
  assert.deepEqual(await dollars(world), { mailer: [20_000_000, 4_000_000], writer: [30_000_000, 6_000_000] });
  // The refund alone would have come under the new rule; its payment, heard of later, takes it along.
  const turned = await teamWorld();
  await setSplit(turned, { target: 'stripe', shares: SIXTY }, BY);
  turned.time.set((T0 + 60) * 1000);
  await setSplit(turned, { target: 'stripe', shares: [share('shop', 1)] }, BY);
  await deliver(turned, given('re_1', 1000, later), sale());
  assert.deepEqual(sumsOfAll(turned.table), sumsOfAll(world.table));
  assert.equal((await proveLedger(turned)).hash, (await proveLedger(world)).hash);
});

test('metadata, then the link, then the rule of a product, then its catalogue, then the rule of the source', async () => {
  const world = await teamWorld();
  const products = [{ id: 'a', name: 'A', priceUsd: '19.00', stripePaymentLinkId: 'plink_1' }];
  await putAgent(world.table, 'shop', { blueprint: 'store.digital' }, { products, campaigns: ['Spring'] });
  await setSplit(world, { target: 'stripe', shares: SIXTY }, BY);
  const whoseIs = async (n: number, session: Fields, about: Fields = nameless) => {
    const ids = { payment_intent: `pi_${n}`, amount_total: 1000 };
    await deliver(
      world,
      event('checkout.session.completed', checkout({ id: `cs_${n}`, ...ids, ...about, ...session })),
    );
    const [entry] = (await entriesOf(world)).filter(({ movementId }) => movementId === `pi_${n}`);
    return [entry?.agentId, entry?.attribution.method, entry?.attribution.confidenceBps];
  };
  const link = { payment_link: 'plink_1' };
  assert.deepEqual(await whoseIs(1, {}), [null, 'split', 5000]);
  assert.deepEqual(await whoseIs(2, link), ['shop', 'product', 9000]);
  await setSplit(world, { target: 'plink_1', shares: [share('writer', 1), share('mailer', 1)] }, BY);
  assert.deepEqual(await whoseIs(3, link), [null, 'split', 9000]);
  assert.deepEqual(await whoseIs(4, { ...link, client_reference_id: 'nova_mailer_issue-3' }), ['mailer', 'link', 8000]);
  assert.deepEqual(await whoseIs(5, {}, { metadata: { utm_campaign: 'spring' } }), ['shop', 'link', 7000]);
  assert.deepEqual(await whoseIs(6, { client_reference_id: 'nova_ghost' }), [null, 'split', 5000]);
  const both = { ...link, client_reference_id: 'nova_mailer', metadata: { agent_id: 'writer' } };
  assert.deepEqual(await whoseIs(7, both), ['writer', 'metadata', 10_000]);
});

test('a stronger word takes a shared payment from everybody, and a person’s word from all', async () => {
  const world = await teamWorld();
  await setSplit(world, { target: 'stripe', shares: SIXTY }, BY);
  await deliver(world, sale(), given('re_1', 999, nameless));
  await deliver(
    world,
    event(
      'checkout.session.completed',
      checkout({ id: 'cs_1', payment_intent: 'pi_1', amount_total: 5000, metadata: { agent_id: 'shop' } }),
    ),
  );
  assert.deepEqual(await dollars(world), { shop: [50_000_000, 9_990_000] });
  assert.deepEqual(attributionReport(await entriesOf(world)).open, []);
});

test('a damaged sum of a shared payment is rebuilt from the entries', async () => {
  const world = await teamWorld();
  await setSplit(world, { target: 'stripe', shares: SIXTY }, BY);
  await deliver(world, sale(), given('re_1', 999, nameless));
  const before = sumsOfAll(world.table);
  for (const item of [...world.table.items()]) {
    if (item.sk !== 'mailer#EARN') continue;
    await world.table.write({ op: 'update', key: { pk: item.pk, sk: item.sk }, add: { revenueMicros: 1 } });
  }
  assert.equal((await proveLedger(world)).faults.length, 1);
  assert.deepEqual((await repairLedger(world)).rebuilt, ['mailer']);
  assert.deepEqual(sumsOfAll(world.table), before);
});

test('a sale at Gumroad is the agent’s whose link the buyer came by, or shared by the rule of its campaign', async () => {
  const world = await teamWorld();
  const sold = (id: string, fields: Fields) => bookSale(world, readGumroadSaleBody({ ...gumroadSale, id, ...fields }));
  await setSplit(world, { target: 'utm:launch', shares: SIXTY }, BY);
  await sold('s1', { referrer: 'https://mail.example/?utm_source=nova&utm_campaign=mailer' });
  await sold('s2', { referrer: 'https://x.com/?utm_campaign=Launch' });
  await sold('s3', { url_params: { utm_content: 'nova_shop_footer', price: '1' } });
  await sold('s4', {});
  const sums = await provenSums(world);
  const revenue = Object.entries(sums).map(([id, one]) => [id, one.revenueMicros]);
  assert.deepEqual(Object.fromEntries(revenue), {
    ...{ mailer: 14_000_000, writer: 6_000_000, shop: 10_000_000, _unattributed: 10_000_000 },
  });
});

test('the signed webhook may name the link, too', async () => {
  const world = await teamWorld();
  const told = { kind: 'revenue', amountMinor: '1000', currency: 'USD' } as const;
  const receivedAt = T0 * 1000;
  await recordHookEntry(world, {
    receivedAt,
    entry: { ...told, movementId: 'o1', link: { reference: 'nova_mailer_x' } },
  });
  await recordHookEntry(world, { receivedAt, entry: { ...told, movementId: 'o2', link: { campaign: 'unknown' } } });
  assert.deepEqual(await dollars(world), { mailer: [10_000_000, 0], _unattributed: [10_000_000, 0] });
});

async function team(): Promise<CliWorld> {
  const cli = cliWorld();
  for (const id of ['writer', 'mailer']) await putAgent(cli.world.table, id);
  return cli;
}

test('rules are set, listed with their versions, removed, and every act is in the audit trail', async () => {
  const cli = await team();
  const split = async (...words: string[]) => (await novaJson(cli, ['ledger', 'split', ...words])) as Fields[];
  await split('set', 'stripe', 'writer=60', 'mailer=40', '--reason', 'a trial');
  await split('set', 'stripe', 'writer=60', 'mailer=40');
  await split('set', 'prod_1', 'mailer=1');
  await split('set', 'stripe', 'writer=50', 'mailer=50');
  assert.deepEqual(
    (await split('list')).map(({ target, version }) => [target, version]),
    [
      ['prod_1', 1],
      ['stripe', 2],
    ],
  );
  await split('remove', 'stripe');
  assert.deepEqual(
    (await split('list', 'stripe')).map(({ version, shares }) => [version, (shares as unknown[]).length]),
    [
      [1, 2],
      [2, 2],
      [3, 0],
    ],
  );
  const audit = (await novaJson(cli, ['audit', 'list', '--entity', 'ledger:book'])) as Fields[];
  assert.deepEqual(audit.map(({ action }) => action).sort(), ['split.removed', 'split.set', 'split.set', 'split.set']);
  const refused: [string[], number][] = [
    [['set', 'stripe'], 2],
    [['set', 'stripe', 'writer'], 2],
    [['set', 'stripe', 'ghost=1'], 3],
    [['set', 'stripe', 'writer=1', 'writer=2'], 2],
    [['remove', 'gumroad'], 3],
    [['set'], 2],
  ];
  for (const [words, code] of refused)
    assert.equal((await nova(cli, ['ledger', 'split', ...words])).code, code, words.join(' '));
  const shown = await nova(cli, ['ledger', 'split', 'list', '--all']);
  assert.ok(
    shown.out.split('\n').every((line) => line.length <= 80),
    shown.out,
  );
});
