/** The promise of the Table port when many ask at once. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Op } from '../../shared/ports/table.ts';
import { type Given, given } from './table.suite.ts';

const times = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

export function racingSuite(get: Given): void {
  it('50 conditional puts at once have one winner', async () => {
    const { table, pk } = get();
    const key = { pk: pk(), sk: 'a' };
    const put = (n: number) => table.write({ op: 'put', item: { ...key, n }, if: [{ attr: 'pk', op: 'missing' }] });
    const results = await times(50, put);
    const winners = results.flatMap(({ ok }, n) => (ok ? [n] : []));
    assert.equal(winners.length, 1);
    const stored = { ...key, n: winners[0] ?? -1 };
    assert.deepEqual(await table.get(key), stored);
    for (const result of results) if (!result.ok) assert.deepEqual(result.item, stored);
  });

  it('100 adds at once make 100, and each sees a sum of its own', async () => {
    const key = await given(get(), { n: 0 });
    const results = await times(100, () => get().table.write({ op: 'update', key, add: { n: 1 } }));
    const sums = results.map(({ item }) => Number(item?.n)).sort((a, b) => a - b);
    assert.deepEqual(
      sums,
      Array.from({ length: 100 }, (_, n) => n + 1),
    );
    assert.equal((await get().table.get(key))?.n, 100);
  });

  it('20 transactions that want the same two items have one winner, and nothing is torn', async () => {
    const [a, b] = [await given(get(), { free: 1 }), await given(get(), { free: 1 })];
    const results = await times(20, (by) => {
      const take = (key: typeof a): Op => ({
        op: 'update',
        key,
        if: [{ attr: 'free', op: '=', value: 1 }],
        set: { free: 0, by },
      });
      return get().table.transact(by % 2 ? [take(a), take(b)] : [take(b), take(a)]);
    });
    const winners = results.flatMap(({ ok }, n) => (ok ? [n] : []));
    assert.equal(winners.length, 1);
    const stored = await Promise.all([get().table.get(a), get().table.get(b)]);
    assert.deepEqual(
      stored.map((item) => [item?.free, item?.by]),
      [
        [0, winners[0]],
        [0, winners[0]],
      ],
    );
    for (const result of results) {
      if (result.ok) continue;
      assert.deepEqual(
        result.failed.map(({ index }) => index),
        [0, 1],
      );
    }
  });

  it('30 reservations of 100 from 1,000 give exactly ten', async () => {
    const key = await given(get(), { available: 1000 });
    const results = await times(30, (n) =>
      get().table.transact([
        { op: 'update', key, if: [{ attr: 'available', op: '>=', value: 100 }], add: { available: -100 } },
        { op: 'put', item: { pk: key.pk, sk: `hold${n}`, amount: 100 } },
      ]),
    );
    assert.equal(results.filter(({ ok }) => ok).length, 10);
    assert.equal((await get().table.get(key))?.available, 0);
    assert.equal((await get().table.query({ pk: key.pk, prefix: 'hold' })).items.length, 10);
  });

  it('a refused op among many at once spoils none of the others', async () => {
    const key = await given(get(), { n: 0, s: 'x' });
    const results = await Promise.allSettled([
      get().table.write({ op: 'update', key, add: { n: 1 } }),
      get().table.write({ op: 'update', key, add: { s: 1 } }),
      get().table.write({ op: 'update', key, add: { n: 1 }, if: [{ attr: 's', op: '=', value: 'y' }] }),
      get().table.write({ op: 'update', key, add: { n: 0.5 } }),
      get().table.write({ op: 'update', key, add: { n: 1 } }),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(await get().table.get(key), { ...key, n: 2, s: 'x' });
  });
}
