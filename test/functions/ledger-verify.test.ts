/** Nothing can be changed, dropped, added or moved in the ledger without being found; damaged sums are rebuilt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryHash } from '../../shared/domain/ledger-proof.ts';
import type { Item, Key } from '../../shared/ports/table.ts';
import { earningsKey, entryKey, ledgerDayKey, ledgerSumsKey } from '../../shared/store/keys.ts';
import { decodeEntry, entryPut } from '../../shared/store/ledger-item.ts';
import { proveLedger, repairLedger } from '../../shared/store/ledger-verify.ts';
import { sumsOfAll } from '../fixtures/ledger-world.ts';
import { deliver, given, type LedgerWorld, mine, paid, shopWorld } from '../fixtures/shop-world.ts';
import { charge, event, T0 } from '../fixtures/stripe-events.ts';

/** Money of two owners, on two days. */
async function busyWorld(): Promise<LedgerWorld> {
  const world = await shopWorld();
  await deliver(world, paid(), given('re_1', 1000), given('re_2', 500, { created: T0 + 86_400 }));
  for (const n of [2, 3]) {
    const sold = charge({ id: `ch_${n}`, payment_intent: `pi_${n}`, amount: 1000 * n, ...(n === 2 ? mine : {}) });
    await deliver(world, event('charge.succeeded', sold));
  }
  assert.deepEqual((await proveLedger(world)).faults, []);
  return world;
}

const entryItems = ({ table }: LedgerWorld): Item[] =>
  [...table.items()].filter(({ pk, sk }) => pk.startsWith('ENTRY#stripe#') && sk === 'E');
const keyOf = ({ pk, sk }: Item): Key => ({ pk, sk });
const kindsOf = async (world: LedgerWorld): Promise<string[]> =>
  [...new Set((await proveLedger(world)).faults.map(({ kind }) => kind))].sort();

test('each entry, with each of its fields changed by one, is found; the repair does not hide it', async () => {
  const world = await busyWorld();
  for (const item of entryItems(world)) {
    const changes = Object.entries(item).filter(([name]) => !['pk', 'sk', 'v', 'hash'].includes(name));
    for (const [name, value] of changes) {
      const changed = typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${String(value)}x`;
      await world.table.write({ op: 'update', key: keyOf(item), set: { [name]: changed } });
      assert.notDeepEqual(await kindsOf(world), [], `${item.pk} ${name}`);
      assert.notDeepEqual((await repairLedger(world)).verdict.faults, [], `${item.pk} ${name}: the repair hid it`);
      await world.table.write({ op: 'update', key: keyOf(item), set: { [name]: value } });
      assert.deepEqual((await proveLedger(world)).faults, [], `${item.pk} ${name}: it does not heal`);
    }
  }
});

test('an entry changed together with its own hash is found by the sums of its day and its agent', async () => {
  const world = await busyWorld();
  const [item] = entryItems(world);
  assert.ok(item);
  const entry = { ...decodeEntry(item), note: 'nothing to see' };
  const put = entryPut(entry, entryHash(entry, world.hashing.sha256));
  await world.table.write({ op: 'put', item: put.item });
  const { faults } = await proveLedger(world);
  assert.deepEqual(
    faults.map(({ kind, problem }) => [kind, problem.split(':')[0]]),
    [['entries', 'an entry was changed']],
  );
});

test('each entry, dropped, is found, and so is one that was added', async () => {
  const world = await busyWorld();
  for (const item of entryItems(world)) {
    await world.table.write({ op: 'delete', key: keyOf(item) });
    const { faults } = await proveLedger(world);
    assert.match(faults.map(({ problem }) => problem).join(), /entries are missing: \d+ were booked/, item.pk);
    assert.deepEqual((await repairLedger(world)).rebuilt, [], 'lost entries cannot be made again');
    await world.table.write({ op: 'put', item });
  }
  const [item] = entryItems(world);
  assert.ok(item);
  const forged = { ...decodeEntry(item), id: 'stripe:pi_9', movementId: 'pi_9' };
  await world.table.write(entryPut(forged, entryHash(forged, world.hashing.sha256)));
  const { faults } = await proveLedger(world);
  assert.match(faults.map(({ problem }) => problem).join(), /entries were added: \d+ were booked/);
  await world.table.write({ op: 'delete', key: entryKey('stripe', 'pi_9') });
});

test('an entry moved to another place of its day, or out of it, is found', async () => {
  const world = await busyWorld();
  const [item] = entryItems(world);
  assert.ok(item);
  for (const set of [{ ixSk: '2026-11-20T00:00:00.000Z#first' }, { ixPk: 'ENTRY#2026-11-21' }]) {
    await world.table.write({ op: 'update', key: keyOf(item), set });
    assert.notDeepEqual(await kindsOf(world), []);
    await world.table.write({ op: 'put', item });
  }
  assert.deepEqual(await kindsOf(world), []);
});

test('a whole day that went is found and no sum is rebuilt without it', async () => {
  const world = await busyWorld();
  await world.table.write({ op: 'delete', key: ledgerDayKey('2026-11-20') });
  const { rebuilt, verdict } = await repairLedger(world);
  assert.deepEqual(rebuilt, []);
  assert.match(verdict.faults.map(({ problem }) => problem).join(), /entries are missing/);
});

test('a damaged, emptied or deleted sum of a day or of an agent is rebuilt from the entries', async () => {
  const damages: [string, (world: LedgerWorld, key: Key) => Promise<unknown>][] = [
    ['a sum changed', ({ table }, key) => table.write({ op: 'update', key, add: { refundMicros: 1 } })],
    ['a sum that is not there', ({ table }, key) => table.write({ op: 'update', key, set: { minor_EUR: 5 } })],
    [
      'no sums',
      ({ table }, key) => table.write({ op: 'update', key, remove: ['revenueMicros', 'refundMicros', 'entries'] }),
    ],
    ['another fingerprint', ({ table }, key) => table.write({ op: 'update', key, set: { proofA: 7 } })],
    [
      'no fingerprint',
      ({ table }, key) => table.write({ op: 'update', key, remove: ['proofA', 'proofB', 'proofCount'] }),
    ],
    ['deleted', ({ table }, key) => table.write({ op: 'delete', key })],
  ];
  for (const key of [earningsKey('shop'), ledgerSumsKey('2026-11-20', 'shop', 'stripe')]) {
    for (const [how, damage] of damages) {
      const world = await busyWorld();
      const before = sumsOfAll(world.table);
      await damage(world, key);
      assert.deepEqual(await kindsOf(world), ['sum'], `${key.sk} ${how}`);
      const { rebuilt, verdict } = await repairLedger(world);
      assert.equal(rebuilt.length, 1, how);
      assert.deepEqual(verdict.faults, [], `${key.sk} ${how}`);
      assert.deepEqual(sumsOfAll(world.table), before);
    }
  }
});

test('bookings that go on meanwhile are no faults, and the repair leaves them alone', async () => {
  const world = await busyWorld();
  let n = 100;
  const busy = {
    ...world,
    table: {
      ...world.table,
      query: async (query: Parameters<typeof world.table.query>[0]) => {
        const page = await world.table.query(query);
        const about = { id: `ch_${n}`, payment_intent: `pi_${n++}`, amount: 100 };
        await deliver(world, event('charge.succeeded', charge({ ...about, ...mine })));
        return page;
      },
    },
  };
  assert.deepEqual((await proveLedger(busy)).faults, []);
  assert.deepEqual((await repairLedger(busy)).rebuilt, []);
  assert.deepEqual((await proveLedger(world)).faults, []);
  assert.ok(n > 110);
});

test('sums of a day stand by agent, source and department, as they were booked', async () => {
  const world = await busyWorld();
  const item = await world.table.get(ledgerSumsKey('2026-11-20', 'shop', 'stripe'));
  assert.deepEqual([item?.revenueMicros, item?.refundMicros, item?.department], [70_000_000, 10_000_000, 'product']);
  const later = await world.table.get(ledgerSumsKey('2026-11-21', 'shop', 'stripe'));
  assert.equal(later?.refundMicros, 5_000_000);
});
