/** Payments of version 1 become those of version 2: wherever it dies, whoever books meanwhile, as often as it runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PaymentThread } from '../../shared/domain/payment-thread.ts';
import type { Item, Key, Table } from '../../shared/ports/table.ts';
import { paymentKey } from '../../shared/store/keys.ts';
import { decodeThread, threadPut } from '../../shared/store/ledger-item.ts';
import { proveLedger } from '../../shared/store/ledger-verify.ts';
import { migratePayments, migrationOf, oldPayments } from '../../shared/store/migrate-store.ts';
import { cliWorld, novaJson } from '../fixtures/cli-world.ts';
import { Crash, crashingTable } from '../fixtures/fleet-world.ts';
import { deliver, given, type LedgerWorld, paid, shopWorld } from '../fixtures/shop-world.ts';
import { T0 } from '../fixtures/stripe-events.ts';

const DAY = 86_400;
const PAYMENTS = 7;
const key = (n: number): Key => paymentKey('stripe', `pi_${n}`);

/** Seven payments on three days, one of them with a refund and one given to the shop by a person; as version 1 kept them. */
async function oldShop(): Promise<{ world: LedgerWorld; were: ReadonlyMap<number, PaymentThread> }> {
  const world = await shopWorld();
  for (let n = 0; n < PAYMENTS; n++) {
    const created = T0 - (n % 3) * DAY;
    await deliver(world, { ...paid({ id: `ch_${n}`, payment_intent: `pi_${n}`, amount: 1000 + n, created }), created });
  }
  await deliver(world, given('re_1', 400, { charge: 'ch_1', payment_intent: 'pi_1' }));
  const were = new Map<number, PaymentThread>();
  for (let n = 0; n < PAYMENTS; n++) {
    were.set(n, await thread(world.table, n));
    await asVersionOne(world.table, n);
  }
  return { world, were };
}
const itemOf = async (table: Table, n: number): Promise<Item> => (await table.get(key(n))) ?? assert.fail(`no ${n}`);
const thread = async (table: Table, n: number): Promise<PaymentThread> => decodeThread(await itemOf(table, n));

async function asVersionOne(table: Table, n: number): Promise<void> {
  const { strength } = await itemOf(table, n);
  assert.ok(Number(strength) % 10 === 0, `${strength}`);
  await table.write({ op: 'update', key: key(n), set: { v: 1, strength: Number(strength) / 10 } });
}

async function allNew({ table }: LedgerWorld, were: ReadonlyMap<number, PaymentThread>): Promise<void> {
  for (const [n, was] of were) {
    assert.equal((await itemOf(table, n)).v, 2);
    assert.deepEqual(await thread(table, n), was, `payment ${n}`);
  }
}

test('old payments are read as they were meant, and written anew they say the same', async () => {
  const { world, were } = await oldShop();
  for (const [n, was] of were) assert.deepEqual(await thread(world.table, n), was);
  assert.deepEqual([(await migrationOf(world.table)).state, await oldPayments(world.table)], ['open', PAYMENTS]);
  const done = await migratePayments(world);
  // Each payment has its entry, one has a refund.
  assert.deepEqual([done.state, done.rewritten, done.seen], ['done', PAYMENTS, PAYMENTS + 1]);
  await allNew(world, were);
  assert.equal(await oldPayments(world.table), 0);
  assert.deepEqual((await proveLedger(world)).faults, []);
  const again = await migratePayments(world);
  assert.deepEqual([again.state, again.rewritten], ['done', 0]);
  await allNew(world, were);
});

test('what a person gave to an agent keeps its weight', async () => {
  const { world } = await oldShop();
  await world.table.write({ op: 'update', key: key(0), set: { strength: 1003 } });
  await migratePayments(world);
  assert.deepEqual([(await itemOf(world.table, 0)).strength, (await itemOf(world.table, 0)).v], [1003, 2]);
});

test('it may die before or after each of its writes, and goes on where it was', async () => {
  let deaths = 0;
  for (let write = 1; ; write++) {
    let died = false;
    for (const when of ['before', 'after'] as const) {
      const { world, were } = await oldShop();
      const crashing = { ...world, table: crashingTable(world.table, { write, when }) };
      await migratePayments(crashing).catch((thrown: unknown) => {
        if (!(thrown instanceof Crash)) throw thrown;
        died = true;
        deaths++;
      });
      // Between the two lives everything can be read, whichever form it has.
      for (const [n, was] of were) assert.deepEqual(await thread(world.table, n), was);
      const done = await migratePayments(world);
      assert.equal(done.state, 'done');
      await allNew(world, were);
    }
    if (!died) break;
  }
  // Its begin, seven payments, a save for each of three days, its end.
  assert.equal(deaths, 2 * 12);
});

test('page by page, in as many goes as it takes', async () => {
  const { world, were } = await oldShop();
  const days: string[] = [];
  for (let goes = 0; goes < 10; goes++) {
    const { state, day } = await migratePayments(world, 1);
    if (state === 'done') break;
    days.push(day);
  }
  assert.deepEqual(days, days.toSorted());
  assert.equal((await migrationOf(world.table)).state, 'done');
  await allNew(world, were);
});

/** Something happens right after the n-th payment was read, before it is written. */
function between(table: Table, act: (n: number) => Promise<void>): Table {
  return {
    query: (query) => table.query(query),
    write: (op) => table.write(op),
    transact: (ops) => table.transact(ops),
    async get(wanted) {
      const item = await table.get(wanted);
      const n = /#pi_(\d+)$/.exec(wanted.pk)?.[1];
      if (n !== undefined && wanted.sk === 'P') await act(Number(n));
      return item;
    },
  };
}

test('a booking between its reading and its writing is kept, in the new form', async () => {
  const { world } = await oldShop();
  const refunded = new Set<number>();
  const table = between(world.table, async (n) => {
    if (refunded.has(n)) return;
    refunded.add(n);
    await deliver(world, given(`late_${n}`, 100, { charge: `ch_${n}`, payment_intent: `pi_${n}` }));
  });
  await migratePayments({ ...world, table });
  assert.equal(refunded.size, PAYMENTS);
  for (let n = 0; n < PAYMENTS; n++) {
    const item = await itemOf(world.table, n);
    assert.equal(item.v, 2);
    const { whose, refundedByIdMinor } = await thread(world.table, n);
    assert.deepEqual([whose.strength, refundedByIdMinor], [40, n === 1 ? 500n : 100n], `payment ${n}`);
  }
  assert.deepEqual((await proveLedger(world)).faults, []);
});

test('old code that still writes the old form is written anew as well; code that never rests is given up on', async () => {
  const { world } = await oldShop();
  const written = new Map<number, number>();
  const oldWriter = (most: number) =>
    between(world.table, async (n) => {
      const count = written.get(n) ?? 0;
      if (count >= most) return;
      written.set(n, count + 1);
      await world.table.write({
        ...{ op: 'update', key: key(n), if: [{ attr: 'v', op: '=', value: 1 }] },
        ...{ set: { strength: 3 }, add: { rev: 1 } },
      });
    });
  await migratePayments({ ...world, table: oldWriter(3) });
  assert.equal(await oldPayments(world.table), 0);
  for (let n = 0; n < PAYMENTS; n++) assert.equal((await itemOf(world.table, n)).strength, 30);
  const { world: other } = await oldShop();
  const never = between(other.table, async (n) => {
    await other.table.write({ op: 'update', key: key(n), add: { rev: 1 } });
  });
  await assert.rejects(migratePayments({ ...other, table: never }), { code: 'conflict' });
  assert.equal((await migrationOf(other.table)).state, 'running');
  await migratePayments(other);
  assert.equal(await oldPayments(other.table), 0);
});

test('a booking that has read the old form still fits after it was written anew', async () => {
  const { world } = await oldShop();
  const read = await thread(world.table, 2);
  await migratePayments(world);
  const { ok } = await world.table.write(threadPut({ ...read, excessAt: 7, rev: read.rev + 1 }));
  assert.ok(ok);
  assert.deepEqual(await thread(world.table, 2), { ...read, excessAt: 7, rev: read.rev + 1 });
});

test('several at the same time, among bookings, do no more than one', async () => {
  const { world, were } = await oldShop();
  const booking = Array.from({ length: 20 }, (_, n) =>
    deliver(world, paid({ id: `ch_new${n}`, payment_intent: `pi_new${n}`, amount: 100 })),
  );
  await Promise.all([migratePayments(world), migratePayments(world), migratePayments(world), ...booking]);
  await allNew(world, were);
  assert.equal(await oldPayments(world.table), 0);
  assert.deepEqual((await proveLedger(world)).faults, []);
});

test('from the command: how far it has come, what is left, and what it did', async () => {
  const cli = cliWorld();
  const empty = await novaJson(cli, ['migrate', 'status']);
  assert.deepEqual(empty, {
    ...{ id: 'payment-strength', from: 1, to: 2, state: 'open', day: '', seen: 0, rewritten: 0 },
    ...{ left: 0, startedAt: null, finishedAt: null },
  });
  const done = (await novaJson(cli, ['migrate', 'run'])) as { state: string; left: unknown; finishedAt: string };
  assert.deepEqual([done.state, done.left], ['done', null]);
  assert.equal(new Date(done.finishedAt).toISOString(), done.finishedAt);
});
