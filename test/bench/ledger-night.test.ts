/** What the nightly proof reads, counted as DynamoDB would, against reading the whole ledger. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proveNight } from '../../shared/store/ledger-night.ts';
import { proveLedger } from '../../shared/store/ledger-verify.ts';
import { DAY_MS, longWorld } from '../fixtures/long-ledger.ts';
import { meteredTable } from './metered-table.ts';

async function readUnits(days: number, each: number) {
  const world = await longWorld(days, each);
  const meter = { readUnits: 0, writeUnits: 0, requests: 0 };
  const ports = { ...world, table: meteredTable(world.table, meter) };
  const cost = async (work: () => Promise<unknown>): Promise<number> => {
    const before = meter.readUnits;
    world.time.advance(DAY_MS);
    await work();
    return meter.readUnits - before;
  };
  return {
    all: await cost(() => proveLedger(ports)),
    first: await cost(() => proveNight(ports)),
    nightly: await cost(() => proveNight(ports)),
    entries: (await proveNight(ports)).entries,
  };
}

test('a night over ninety days reads a thirtieth of the entries: of 3,600 for half the units, of 14,400 for a sixth', async (t) => {
  const few = await readUnits(90, 40);
  const many = await readUnits(90, 160);
  t.diagnostic(`read units: ${JSON.stringify({ few, many })}`);
  assert.deepEqual([few.entries, many.entries], [3 * 40, 3 * 160]);
  assert.ok(few.nightly < few.all / 2, JSON.stringify(few));
  assert.ok(many.nightly < many.all / 6, JSON.stringify(many));
});
