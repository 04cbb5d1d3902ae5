import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gumroadBooks } from '../../shared/connectors/gumroad-api.ts';
import { recordRevenueJob } from '../../shared/jobs/record-revenue.ts';
import { getConnector } from '../../shared/store/connector-store.ts';
import { earningsKey } from '../../shared/store/keys.ts';
import { recordStripeEvent } from '../../shared/store/revenue-intake.ts';
import { type CliWorld, cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';
import { gumroadServer, SELLER } from '../fixtures/gumroad-server.ts';
import { earningsOfAll, putAgent } from '../fixtures/ledger-world.ts';
import { CALL, given, paid } from '../fixtures/shop-world.ts';
import { literalStripe, move, noBook } from '../fixtures/stripe-books.ts';
import { charge, event, T0, text } from '../fixtures/stripe-events.ts';

type Value = { readonly [name: string]: unknown };

async function shop(): Promise<CliWorld> {
  const cli = cliWorld();
  for (const id of ['shop', 'other']) await putAgent(cli.world.table, id);
  return cli;
}
const why = ['--reason', 'paid by transfer'];
const one = async (cli: CliWorld, words: readonly string[]): Promise<Value> => (await novaJson(cli, words)) as Value;
const many = async (cli: CliWorld, words: readonly string[]): Promise<Value[]> =>
  (await novaJson(cli, words)) as Value[];

test('what a person books by hand is in the sums, under its kind’s own sign, with the reason in the audit trail', async () => {
  const cli = await shop();
  await one(cli, ['ledger', 'add', '--amount', '120', '--kind', 'revenue', '--agent', 'shop', ...why]);
  await one(cli, ['ledger', 'add', '--amount', '20.50', '--kind', 'refund', '--agent', 'shop', ...why]);
  await one(cli, ['ledger', 'add', '--amount', '3', '--kind', 'cost', '--agent', 'shop', ...why]);
  await one(cli, ['ledger', 'add', '--amount=-1.25', '--kind', 'correction', '--agent', 'shop', ...why]);
  await one(cli, ['ledger', 'add', '--amount', '500', '--currency', 'jpy', '--kind', 'payout', ...why]);
  const { shop: sums } = earningsOfAll(cli.world.table);
  assert.deepEqual([sums?.revenueMicros, sums?.refundMicros, sums?.feeMicros], [120_000_000, 20_500_000, 4_250_000]);
  const records = await many(cli, ['audit', 'list', '--entity', 'ledger:book']);
  assert.equal(records.length, 5);
  assert.deepEqual(
    [records[0]?.actor, (records[0]?.details as Value | undefined)?.reason],
    ['cli:alice', 'paid by transfer'],
  );
  assert.equal((await one(cli, ['audit', 'verify'])).valid, true);
  assert.equal((await one(cli, ['ledger', 'verify'])).valid, true);
});

test('said twice under one id it is booked once; another amount under it is a conflict', async () => {
  const cli = await shop();
  const add = (amount: string) => [
    'ledger',
    'add',
    '--amount',
    amount,
    '--kind',
    'revenue',
    '--id',
    'INV 17',
    ...why,
    '--json',
  ];
  const first = await nova(cli, add('10'));
  assert.deepEqual([first.code, (await nova(cli, add('10'))).out], [0, first.out]);
  assert.equal((await nova(cli, add('11'))).code, 5);
  assert.equal((await many(cli, ['ledger', 'list'])).length, 1);
});

test('amounts with too many decimals, of nothing, with a sign, and for agents that are not there change nothing', async () => {
  const cli = await shop();
  const refused: [string[], number][] = [
    [['--amount', '12.345', '--kind', 'revenue'], 2],
    [['--amount', '12.5', '--currency', 'JPY', '--kind', 'revenue'], 2],
    [['--amount', '12.3.4', '--kind', 'revenue'], 2],
    [['--amount', '0', '--kind', 'revenue'], 2],
    [['--amount=-5', '--kind', 'refund'], 2],
    [['--amount', '5', '--kind', 'gift'], 2],
    [['--amount', '5', '--currency', 'EURO', '--kind', 'revenue'], 2],
    [['--amount', '5', '--kind', 'revenue', '--agent', 'ghost'], 3],
  ];
  for (const [words, code] of refused) {
    const said = await nova(cli, ['ledger', 'add', ...words, ...why]);
    assert.equal(said.code, code, words.join(' '));
  }
  assert.equal(
    (await nova(cli, ['ledger', 'add', '--amount', '5', '--kind', 'revenue'])).code,
    2,
    'a reason is needed',
  );
  assert.deepEqual(await many(cli, ['ledger', 'list']), []);
});

test('an unattributed payment is assigned as a whole, back and forth, and what comes later follows', async () => {
  const cli = await shop();
  const { world } = cli;
  await recordStripeEvent(world, text(paid({ metadata: {} })));
  await recordStripeEvent(world, text(given('re_1', 1000)));
  assert.deepEqual(
    (await many(cli, ['ledger', 'list', '--unattributed'])).map(({ id }) => id),
    ['stripe:re_1', 'stripe:pi_1'],
  );
  const assigned = await one(cli, ['ledger', 'assign', 'stripe:re_1', '--agent', 'shop', '--reason', 'its newsletter']);
  assert.equal((assigned.adjustments as Value[]).length, 4);
  await recordStripeEvent(world, text(given('re_2', 500)));
  await recordStripeEvent(world, text(paid({ metadata: { agent_id: 'other' } })));
  const { shop: sums, ...others } = earningsOfAll(world.table);
  assert.deepEqual([sums?.revenueMicros, sums?.refundMicros, sums?.entries], [50_000_000, 15_000_000, 3]);
  assert.deepEqual(others, {}, 'a person’s word outweighs a later message');
  const shown = await one(cli, ['ledger', 'show', 'stripe:pi_1']);
  assert.deepEqual([shown.agentId, shown.ownerId, shown.ownerMethod], [null, 'shop', 'assigned']);
  await one(cli, ['ledger', 'assign', 'stripe:pi_1', '--agent', 'other', '--reason', 'no, the other']);
  await one(cli, ['ledger', 'assign', 'stripe:pi_1', '--agent', 'nobody', '--reason', 'not sure']);
  await one(cli, ['ledger', 'assign', 'stripe:pi_1', '--agent', 'shop', '--reason', 'sure']);
  assert.deepEqual(Object.keys(earningsOfAll(world.table)), ['shop']);
  assert.equal((await one(cli, ['ledger', 'verify'])).valid, true);
  const acts = await many(cli, ['audit', 'list', '--entity', 'ledger:book']);
  assert.deepEqual(
    acts.map(({ action }) => action),
    Array(4).fill('ledger.assigned'),
  );
});

test('entries that belong to no payment can be assigned too: by hand, and what a run declared', async () => {
  const cli = await shop();
  const { id } = await one(cli, ['ledger', 'add', '--amount', '10', '--kind', 'revenue', ...why]);
  const earned = {
    v: 1,
    kind: 'earned',
    movementId: 'm 1',
    agentId: 'other',
    runId: 'r',
    amountMicros: 7,
    at: 1,
  } as const;
  await recordRevenueJob.run(earned, cli.world, CALL);
  for (const entry of [String(id), 'agent:other/m%201']) {
    await one(cli, ['ledger', 'assign', entry, '--agent', 'shop', '--reason', 'so']);
    assert.equal((await one(cli, ['ledger', 'assign', entry, '--agent', 'shop', '--reason', 'so'])).agentId, 'shop');
  }
  const { shop: sums, ...others } = earningsOfAll(cli.world.table);
  assert.deepEqual([sums?.revenueMicros, others], [10_000_007, {}]);
  assert.equal((await nova(cli, ['ledger', 'assign', 'stripe:pi_9', '--agent', 'shop', '--reason', 'x'])).code, 3);
  assert.equal((await nova(cli, ['ledger', 'assign', 'pi_9', '--agent', 'shop', '--reason', 'x'])).code, 2);
});

test('a damaged sum is told with exit code 1, rebuilt with --repair, and then the ledger is valid', async () => {
  const cli = await shop();
  await recordStripeEvent(cli.world, text(paid()));
  const before = await one(cli, ['ledger', 'verify']);
  await cli.world.table.write({ op: 'update', key: earningsKey('shop'), add: { revenueMicros: 1 } });
  const found = await nova(cli, ['ledger', 'verify', '--json']);
  assert.equal(found.code, 1);
  assert.deepEqual(
    (JSON.parse(found.out).faults as Value[]).map(({ kind, id }) => [kind, id]),
    [['sum', 'shop']],
  );
  const repaired = await one(cli, ['ledger', 'verify', '--repair']);
  assert.deepEqual([repaired.valid, repaired.rebuilt, repaired.hash], [true, ['shop'], before.hash]);
});

test('books are compared on demand, as far back as asked', async () => {
  const cli = await shop();
  const created = T0 - 100 * 86_400;
  const source = charge({ id: 'ch_1', payment_intent: 'pi_1', amount: 5000, metadata: { agent_id: 'shop' } });
  const book = { ...noBook(), moves: [move({ id: 'txn_1', type: 'charge', created, amount: 5000, fee: 175, source })] };
  const connected = { ...cli, world: { ...cli.world, stripe: literalStripe(book) } };
  assert.equal(((await one(connected, ['ledger', 'reconcile'])).stripe as Value).booked, 0);
  const far = await one(connected, ['ledger', 'reconcile', '--from', '2026-01-01']);
  assert.deepEqual([(far.stripe as Value).booked, (far.gumroad as Value).connected], [1, false]);
  assert.equal(earningsOfAll(cli.world.table).shop?.feeMicros, 1_750_000);
});

test('gumroad is connected: a secret address, all eight resources, stale addresses dropped, tested, listed', async () => {
  const server = await gumroadServer('token');
  const cli = cliWorld();
  try {
    const secrets = cli.world.secrets;
    const missing = { ...cli, world: { ...cli.world, gumroad: cli.world.gumroad } };
    assert.equal((await nova(missing, ['connector', 'connect', 'gumroad'])).code, 1, 'no token');
    cli.secrets.set('gumroad-access-token', 'token');
    const gumroad = gumroadBooks({ secrets, baseUrl: server.url });
    const connected = {
      ...cli,
      world: { ...cli.world, gumroad, publicUrl: async () => 'https://nova.example.com/prod/' },
    };
    server.subscriptions.push(
      { id: 'old', resource_name: 'sale', post_url: `https://nova.example.com/prod/hooks/gumroad/${'x'.repeat(43)}` },
      { id: 'theirs', resource_name: 'sale', post_url: 'https://other.example.com/ping' },
    );
    assert.equal((await nova(connected, ['connector', 'test', 'gumroad'])).code, 1);
    assert.equal(cli.secrets.has('gumroad-ping-secret'), false, 'a test changes nothing');
    const first = await one(connected, ['connector', 'connect', 'gumroad']);
    const secret = cli.secrets.get('gumroad-ping-secret') ?? '';
    assert.match(secret, /^[\w-]{43}$/);
    assert.deepEqual(
      (first.resources as Value[]).map(({ state }) => state),
      Array(8).fill('made'),
    );
    const ours = `https://nova.example.com/prod/hooks/gumroad/${secret}`;
    assert.equal(server.subscriptions.filter(({ post_url }) => post_url === ours).length, 8);
    assert.deepEqual(
      server.subscriptions.map(({ id }) => id).filter((id) => !id.startsWith('sub')),
      ['theirs'],
    );
    assert.equal((await getConnector(cli.world.table, 'gumroad')).sellerId, SELLER);
    const again = await one(connected, ['connector', 'connect', 'gumroad']);
    assert.deepEqual(
      (again.resources as Value[]).map(({ state }) => state),
      Array(8).fill('kept'),
    );
    assert.equal((await one(connected, ['connector', 'test', 'gumroad'])).ok, true);
    server.subscriptions.pop();
    assert.equal((await nova(connected, ['connector', 'test', 'gumroad'])).code, 1);
    const local = { ...connected, world: { ...connected.world, publicUrl: async () => 'http://localhost:1' } };
    assert.equal((await nova(local, ['connector', 'connect', 'gumroad'])).code, 2);
    const listed = await nova(connected, ['connector', 'list', '--json']);
    assert.doesNotMatch(listed.out + JSON.stringify(first), new RegExp(secret));
    assert.deepEqual((JSON.parse(listed.out) as Value[]).map(({ id, hears }) => [id, hears])[1], ['gumroad', true]);
  } finally {
    await server.close();
  }
});

test('a connected account is mapped, and its events of the last days are sent again', async () => {
  const cli = await shop();
  const foreign = event('charge.succeeded', charge({ id: 'ch_9', amount: 700 }), { account: 'acct_1' });
  await recordStripeEvent(cli.world, text(foreign));
  const mapped = await one(cli, ['connector', 'account', 'acct_1', '--agent', 'other']);
  assert.equal(mapped.resent, 1);
  for (const message of cli.queues.revenue.messages()) {
    await recordRevenueJob.run(recordRevenueJob.parse(JSON.parse(JSON.stringify(message))), cli.world, CALL);
  }
  assert.equal(earningsOfAll(cli.world.table).other?.revenueMicros, 7_000_000);
  assert.equal((await nova(cli, ['connector', 'account', 'nobody', '--agent', 'other'])).code, 2);
});

test('answers for people fit 80 columns, and exports are those of finance', async () => {
  const cli = await shop();
  await recordStripeEvent(cli.world, text(paid()));
  await one(cli, [
    'ledger',
    'add',
    '--amount',
    '1234567.89',
    '--kind',
    'revenue',
    '--id',
    'a-very-long-invoice-number-that-goes-on',
    ...why,
  ]);
  const lines = [
    'ledger list',
    'ledger show stripe:pi_1',
    'ledger verify',
    'ledger reconcile',
    'connector list',
    'ledger assign stripe:pi_1 --agent other --reason x',
  ];
  for (const line of lines) {
    const { out, code } = await nova(cli, line.split(' '));
    assert.equal(code, 0, line);
    for (const row of out.split('\n')) assert.ok(row.length <= 80, `${line}: ${row}`);
  }
  assert.match((await nova(cli, ['ledger', 'export', '--format', 'csv'])).out, /^id,at,kind/);
});
