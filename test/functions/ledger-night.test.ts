/** The nightly proof reads little, and a changed byte anywhere is still found within thirty nights. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryEngine } from '../../infra/local/memory.ts';
import { UNATTRIBUTED_ID } from '../../shared/domain/ledger.ts';
import { PROVED_WITHIN_NIGHTS } from '../../shared/domain/ledger-proof.ts';
import { closeDay } from '../../shared/jobs/close-day.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import type { Item, Table } from '../../shared/ports/table.ts';
import { earningsKey, entryKey, ledgerDayKey, ledgerSumsKey, pulseKey } from '../../shared/store/keys.ts';
import { proveNight } from '../../shared/store/ledger-night.ts';
import { proveLedger } from '../../shared/store/ledger-verify.ts';
import { lastProof } from '../../shared/store/pulse-store.ts';
import { DAY_MS, dateOf, FIRST, longWorld, sell } from '../fixtures/long-ledger.ts';
import { entriesOf, type LedgerWorld } from '../fixtures/shop-world.ts';

async function night(world: LedgerWorld, table: Table = world.table) {
  world.time.advance(DAY_MS);
  return proveNight({ ...world, table });
}

/** Behind the back of every sum and hash. */
const flip = (world: LedgerWorld, day: number, at = 0) =>
  world.table.write({ op: 'update', key: entryKey('stripe', `pi_${day}_${at}`), set: { note: 'x' } });

test('a byte changed in the oldest, a middle and the newest day is found within thirty nights, wherever the turn is', async () => {
  for (const [day, after] of [
    [0, 1],
    [37, 12],
    [69, 29],
  ] as const) {
    const world = await longWorld(70, 2);
    for (let n = 0; n < after; n++) assert.deepEqual((await night(world)).faults, [], `${n} nights before`);
    await flip(world, day);
    const read: number[] = [];
    let found: Awaited<ReturnType<typeof night>>['faults'] = [];
    while (found.length === 0 && read.length <= PROVED_WITHIN_NIGHTS) {
      const proof = await night(world);
      read.push(proof.days);
      found = proof.faults;
    }
    assert.ok(read.length <= PROVED_WITHIN_NIGHTS, `day ${day} was not read in ${read.length} nights`);
    assert.deepEqual(found[0], { kind: 'entry', id: `stripe:pi_${day}_0`, problem: 'it is not what was booked' });
    assert.ok(Math.max(...read) <= 3, `nights that read ${read.join()} days of 70`);
    // It stays found until somebody mends it.
    assert.equal((await night(world)).faults[0]?.id, `stripe:pi_${day}_0`);
    assert.equal((await proveLedger(world)).faults.length > 0, true, 'the proof by hand says the same');
  }
});

test('a day that got an entry is read the same night, and so is what was changed on it', async () => {
  const world = await longWorld(40, 2);
  await night(world);
  const [model] = await entriesOf(world);
  assert.ok(model);
  await sell(world, model, { day: 33, from: 2, to: 3 });
  await flip(world, 33);
  const { faults, days } = await night(world);
  assert.deepEqual([faults.map(({ id }) => id), days], [['stripe:pi_33_0', `${dateOf(33)} shop stripe`], 1 + 2]);
});

test('a sum, a day, or an entry with its sums that was changed or went is found the same night', async () => {
  const damages: { readonly [what: string]: (world: LedgerWorld) => Promise<unknown> }[] = [
    { 'a sum of a day': ({ table }) => table.write({ op: 'delete', key: ledgerSumsKey(dateOf(3), 'shop', 'stripe') }) },
    { 'a sum of an agent': ({ table }) => table.write({ op: 'update', key: earningsKey('shop'), add: { proofA: 1 } }) },
    { 'nobody’s sums': ({ table }) => table.write({ op: 'delete', key: earningsKey(UNATTRIBUTED_ID) }) },
    { 'a whole day': ({ table }) => table.write({ op: 'delete', key: ledgerDayKey(dateOf(3)) }) },
    {
      'an amount of a day': ({ table }) =>
        table.write({ op: 'update', key: ledgerSumsKey(dateOf(3), 'shop', 'stripe'), add: { revenueMicros: 1 } }),
    },
    {
      'an amount, moved from one day to another': async ({ table }) => {
        for (const [day, by] of [
          [3, 1],
          [4, -1],
        ] as const) {
          const key = ledgerSumsKey(dateOf(day), 'shop', 'stripe');
          await table.write({ op: 'update', key, add: { revenueMicros: by } });
        }
      },
    },
  ];
  for (const [what, damage] of damages.flatMap((one) => Object.entries(one))) {
    const world = await longWorld(35, 2);
    await night(world);
    await damage(world);
    assert.notDeepEqual((await night(world)).faults, [], what);
  }
});

/** Dies at the write that it is told to. */
function dyingTable(table: Table, dies: () => boolean): Table {
  return {
    ...table,
    write: (op) => (dies() ? Promise.reject(new Error('the process is gone')) : table.write(op)),
  };
}

test('a proof that dies between two days goes on from there, however often it dies', async () => {
  const world = await longWorld(40, 2);
  let lives = 0;
  let entries = 0;
  for (let whole = false; !whole; lives++) {
    let writes = 0;
    const table = dyingTable(world.table, () => ++writes > 7);
    world.time.advance(1000);
    await proveNight({ ...world, table }).then(
      (proof) => {
        whole = true;
        entries += proof.entries;
      },
      () => undefined,
    );
    assert.ok(lives < 10, 'it never comes to an end');
  }
  // Seven days a life, then the five that are left and the share of two.
  assert.deepEqual([lives, entries], [6, (5 + 2) * 2]);
  const notes = [...world.table.items()].filter(({ sk }) => sk.startsWith('proof#'));
  assert.equal(notes.length, 40);
});

test('a day is due again when its note was lost, or says that it was wrong', async () => {
  const world = await longWorld(31, 2);
  assert.deepEqual([(await night(world)).days, (await night(world)).days], [31, 2]);
  await world.table.write({ op: 'delete', key: pulseKey(`proof#${dateOf(20)}`) });
  assert.equal((await night(world)).days, 3);
  await flip(world, 5);
  for (let n = 0; n < PROVED_WITHIN_NIGHTS; n++) await night(world);
  await world.table.write({
    op: 'update',
    key: entryKey('stripe', 'pi_5_0'),
    set: { note: original(world, 'pi_5_1') },
  });
  assert.deepEqual([(await night(world)).faults, (await night(world)).days], [[], 2], 'mended, it heals');
});

const original = (world: LedgerWorld, id: string): string => {
  const item = [...world.table.items()].find((one): one is Item => one.pk === entryKey('stripe', id).pk);
  return String(item?.note);
};

test('what is booked while the proof reads is no fault', async () => {
  const world = await longWorld(3, 2);
  const [model] = await entriesOf(world);
  assert.ok(model);
  let n = 2;
  const busy: Table = {
    ...world.table,
    query: async (query) => {
      const page = await world.table.query(query);
      const at = n++;
      await sell(world, model, { day: at % 3, from: at, to: at + 1 });
      return page;
    },
  };
  assert.deepEqual((await night(world, busy)).faults, []);
  assert.deepEqual((await night(world)).faults, []);
});

test('the closed day says which entry it is, until it is mended', async () => {
  const engine = await memoryEngine();
  const world = { ...engine.world, time: stillClock(FIRST + 62 * DAY_MS) };
  const [model] = await entriesOf(await longWorld(1, 1));
  assert.ok(model);
  for (let day = 0; day < 62; day++) await sell(world, model, { day, from: 0, to: 2 });
  assert.equal((await closeDay(world)).proved, '62 of 62 days');
  const key = entryKey('stripe', 'pi_40_0');
  const whole = await world.table.get(key);
  assert.ok(whole);
  await world.table.write({ op: 'update', key, set: { amountMinor: 1 } });
  let nights = 0;
  while ((await lastProof(world.table)).length === 0 && nights < PROVED_WITHIN_NIGHTS) {
    world.time.advance(DAY_MS);
    await closeDay(world);
    nights++;
  }
  assert.match((await lastProof(world.table))[0] ?? '', /^stripe:pi_40_0: it is not what was booked/);
  await world.table.write({ op: 'put', item: whole });
  assert.equal((await closeDay(world)).ledgerFaults, 0);
  assert.deepEqual(await lastProof(world.table), []);
});
