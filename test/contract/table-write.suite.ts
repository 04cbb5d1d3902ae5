/** The promise of the Table port: whole items, exact values, and transactions. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Condition, Item, Op } from '../../shared/ports/table.ts';
import { type Given, given, WORLD } from './table.suite.ts';

export function writeSuite(get: Given): void {
  it('put replaces the whole item, and a refused one answers with the item as it stood', async () => {
    const key = await given(get(), WORLD);
    const absent: Condition[] = [{ attr: 'pk', op: 'missing' }];
    const refused = await get().table.write({ op: 'put', item: { ...key, n: 1 }, if: absent });
    assert.deepEqual(refused, { ok: false, item: { ...WORLD, ...key } });
    assert.deepEqual(await get().table.write({ op: 'put', item: { ...key, n: 1 } }), { ok: true, item: null });
    assert.deepEqual(await get().table.get(key), { ...key, n: 1 });
  });

  it('delete deletes, under its condition, and does not mind what is missing', async () => {
    const key = await given(get(), { n: 1 });
    const refused = await get().table.write({ op: 'delete', key, if: [{ attr: 'n', op: '=', value: 2 }] });
    assert.deepEqual(refused, { ok: false, item: { ...key, n: 1 } });
    assert.deepEqual(await get().table.write({ op: 'delete', key }), { ok: true, item: null });
    assert.equal(await get().table.get(key), null);
    assert.deepEqual(await get().table.write({ op: 'delete', key }), { ok: true, item: null });
  });

  it('gives every value back as it was, integers of any size included', async () => {
    const item = {
      numbers: [0, -1, 9_007_199_254_740_991, -9_007_199_254_740_991],
      bigints: [9_007_199_254_740_992n, -(10n ** 37n) + 1n, 10n ** 38n - 1n, 10n ** 60n],
      text: ['', 'é', '\u{1F600}', 'quote " back \\ slash', 'nul \u0000', '$', '"$n"'],
      nested: {
        list: [[], {}, [{ deep: [null, true, false] }]],
        $n: '5',
        $: 1,
        $$n: { $n: 7n ** 30n },
        constructor: 'c',
      },
    };
    const key = await given(get(), item);
    assert.deepEqual(await get().table.get(key), { ...item, ...key });
  });

  it('reads a bigint of safe size back as a number, and never -0', async () => {
    const key = await given(get(), { a: 7n, b: -0, c: [8n, { d: -0 }] });
    assert.deepEqual(await get().table.get(key), { ...key, a: 7, b: 0, c: [8, { d: 0 }] });
  });

  it('does not share what it stores with those who write or read it', async () => {
    const list = [1];
    const key = await given(get(), { list });
    list.push(2);
    const read = await get().table.get(key);
    assert.deepEqual(read?.list, [1]);
    try {
      (read as unknown as { list: number[] }).list.push(3);
    } catch {
      // Frozen: that is one way to keep it.
    }
    assert.deepEqual((await get().table.get(key))?.list, [1]);
  });
}

export function transactSuite(get: Given): void {
  it('does all four kinds together', async () => {
    const [checked, updated, deleted] = [
      await given(get(), { n: 1 }),
      await given(get(), { n: 1 }),
      await given(get(), { n: 1 }),
    ];
    const put: Item = { pk: get().pk(), sk: 'a', n: 2 };
    const ops: Op[] = [
      { op: 'check', key: checked, if: [{ attr: 'n', op: '=', value: 1 }] },
      { op: 'update', key: updated, add: { n: 1 } },
      { op: 'delete', key: deleted },
      { op: 'put', item: put, if: [{ attr: 'pk', op: 'missing' }] },
    ];
    assert.deepEqual(await get().table.transact(ops), { ok: true });
    const found = await Promise.all(
      [checked, updated, deleted, put].map((key) => get().table.get({ pk: key.pk, sk: key.sk })),
    );
    assert.deepEqual(found, [{ ...checked, n: 1 }, { ...updated, n: 2 }, null, put]);
  });

  it('does nothing when one condition fails, and names every failed op with the item as it stood', async () => {
    const [a, b] = [await given(get(), { n: 1 }), await given(get(), { n: 2 })];
    const none = { pk: get().pk(), sk: 'none' };
    const result = await get().table.transact([
      { op: 'update', key: a, if: [{ attr: 'n', op: '=', value: 9 }], set: { n: 10 } },
      { op: 'put', item: { pk: get().pk(), sk: 'a' } },
      { op: 'delete', key: b },
      { op: 'check', key: none, if: [{ attr: 'pk', op: 'exists' }] },
    ]);
    const failed = [
      { index: 0, item: { ...a, n: 1 } },
      { index: 3, item: null },
    ];
    assert.deepEqual(result, { ok: false, failed });
    assert.deepEqual(await Promise.all([get().table.get(a), get().table.get(b)]), [
      { ...a, n: 1 },
      { ...b, n: 2 },
    ]);
  });

  it('a change that does not fit spoils the whole transaction', async () => {
    const [a, b] = [await given(get(), { n: 1 }), await given(get(), { s: 'x' })];
    const ops: Op[] = [
      { op: 'update', key: a, add: { n: 1 } },
      { op: 'update', key: b, add: { s: 1 } },
    ];
    await assert.rejects(get().table.transact(ops), { code: 'bad_input' });
    assert.deepEqual(await get().table.get(a), { ...a, n: 1 });
  });
}
