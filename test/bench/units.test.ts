/** What a run costs in DynamoDB, on a real one: the bill of the platform hangs on it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openUnitBench, unitsMissing } from './units.ts';

test('within its slice a run costs at most 3 write units, 4 with a paid call, and no transaction', async (t) => {
  if (unitsMissing) return t.skip(unitsMissing);
  const bench = await openUnitBench();
  t.after(() => bench.close());
  const bounds = { unpaid: 3, paid: 4 } as const;
  for (const kind of ['unpaid', 'paid'] as const) {
    const first = await bench.measure(kind, { runs: 16, everySeconds: 1 });
    assert.ok(first.transactions > 0, 'slices are cut in transactions, so they must be seen here');
    const { writeUnits, readUnits, transactions } = await bench.measure(kind, { runs: 24, everySeconds: 1 });
    assert.equal(transactions, 0);
    assert.ok(writeUnits <= bounds[kind], `${kind}: ${writeUnits} write units a run`);
    assert.ok(writeUnits >= bounds[kind] - 1, `${kind}: ${writeUnits} write units a run cannot be all of them`);
    assert.ok(readUnits <= 0.5, `${kind}: ${readUnits} read units a run`);
  }
});
