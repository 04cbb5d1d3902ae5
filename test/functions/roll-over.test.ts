import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_TALLY, type Tally } from '../../shared/domain/instance.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { closedDays } from '../../shared/store/day-store.ts';
import { encodeTally, newInstanceItem } from '../../shared/store/instance-item.ts';
import { getInstance } from '../../shared/store/instance-store.ts';
import { rollOver } from '../../shared/store/roll-over-store.ts';

async function closed(day: Partial<Tally>): Promise<number[]> {
  const table = mapTable();
  const item = { ...newInstanceItem('shop', 0, 1), pe: '2026-11-19', d: encodeTally({ ...NO_TALLY, ...day }) };
  await table.write({ op: 'put', item });
  const instance = await getInstance(table, 'shop', 0);
  const ports = { table, time: stillClock(Date.UTC(2026, 10, 20)), settings: { timezone: 'UTC' } };
  assert.ok(instance && (await rollOver(ports, instance, { date: '2026-11-20', hour: '2026-11-20T00' })));
  const days = await closedDays(table, 'shop', { from: '2026-11-01', to: '2026-11-30' });
  return days.map(({ tally }) => tally.costMicros);
}

test('a day is kept when anything ran, was refused, or was charged', async () => {
  assert.deepEqual(await closed({ runs: 1, costMicros: 7 }), [7]);
  assert.deepEqual(await closed({ refused: 1 }), [0]);
  // An attempt that was lost late in the day and tried again the next: charged, and no run yet.
  assert.deepEqual(await closed({ costMicros: 801 }), [801]);
  assert.deepEqual(await closed({}), []);
});
