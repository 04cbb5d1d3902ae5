/** The promise of the Table port, op by op. Every table must pass it; `subject` gives the table and unused partitions. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Change, Condition, Item, Key, Op, Scalar, Table, Value } from '../../shared/ports/table.ts';

export type Subject = { readonly table: Table /** A partition nobody has used. */; readonly pk: () => string };
/** Called inside each test, so that a suite can be declared before its table has started. */
export type Given = () => Subject;

/** A new item in a partition of its own. */
export async function given(subject: Subject, attributes: { readonly [attr: string]: Value }): Promise<Key> {
  const key = { pk: subject.pk(), sk: 'a' };
  assert.deepEqual(await subject.table.write({ op: 'put', item: { ...attributes, ...key } }), { ok: true, item: null });
  return key;
}

const WORLD = {
  n: 5,
  big: 9_007_199_254_740_993n,
  s: 'abc',
  b: true,
  z: null,
  l: [1, 'x', null, false],
  m: { a: 1 },
};

type Row = readonly [attr: string, op: '=' | '<>' | '<' | '<=' | '>' | '>=' | 'contains' | 'lacks', Scalar, boolean];
const ROWS: readonly Row[] = [
  ['n', '=', 5, true],
  ['n', '=', 5n, true],
  ['n', '=', 6, false],
  ['n', '=', '5', false],
  ['n', '<>', 5, false],
  ['n', '<>', '5', true],
  ['n', '<>', null, true],
  ['n', '<', 6, true],
  ['n', '<', 5, false],
  ['n', '<=', 5, true],
  ['n', '>', 4, true],
  ['n', '>', 5, false],
  ['n', '>=', 5, true],
  ['n', '>=', 6, false],
  ['n', '<', '9', false],
  ['n', '>', '1', false],
  ['n', '<', 9_007_199_254_740_993n, true],
  ['big', '=', 9_007_199_254_740_993n, true],
  ['big', '=', 9_007_199_254_740_991, false],
  ['big', '>', 9_007_199_254_740_992n, true],
  ['big', '<', 9_007_199_254_740_994n, true],
  ['big', '>', 5, true],
  ['s', '=', 'abc', true],
  ['s', '<>', 'abc', false],
  ['s', '<', 'abd', true],
  ['s', '>', 'abc', false],
  ['s', '>', '', true],
  ['s', '>=', 'ab', true],
  ['s', '<', 'B', false],
  ['s', '<', 5, false],
  ['b', '=', true, true],
  ['b', '=', false, false],
  ['b', '<>', false, true],
  ['z', '=', null, true],
  ['z', '<>', null, false],
  ['l', '=', 1, false],
  ['l', '<>', 1, true],
  ['l', '<', 1, false],
  ['m', '=', 'a', false],
  ['gone', '=', 1, false],
  ['gone', '=', null, false],
  ['gone', '<>', 1, true],
  ['gone', '<', 1, false],
  ['gone', '<=', 1, false],
  ['gone', '>', 1, false],
  ['gone', '>=', 1, false],
  ['gone', '>=', '', false],
  ['l', 'contains', 1, true],
  ['l', 'contains', 'x', true],
  ['l', 'contains', null, true],
  ['l', 'contains', false, true],
  ['l', 'contains', true, false],
  ['l', 'contains', '1', false],
  ['l', 'lacks', 1, false],
  ['l', 'lacks', 2, true],
  ['s', 'contains', 'b', false],
  ['s', 'lacks', 'b', true],
  ['n', 'contains', 5, false],
  ['m', 'contains', 'a', false],
  ['gone', 'contains', 1, false],
  ['gone', 'lacks', 1, true],
];

export function conditionSuite(get: Given): void {
  it('evaluates every condition operator, on values of its type, of another and on nothing', async () => {
    const key = await given(get(), WORLD);
    for (const [attr, op, value, holds] of ROWS) {
      const { ok } = await get().table.write({ op: 'update', key, if: [{ attr, op, value }], set: { touched: 1 } });
      assert.equal(ok, holds, `${attr} ${op} ${value}`);
    }
  });

  it('orders strings by code point, as UTF-8 does and UTF-16 does not', async () => {
    const key = await given(get(), { s: '\u{1F600}', t: '\uFF5E', u: 'é' });
    const holds = async (condition: Condition): Promise<boolean> =>
      (await get().table.write({ op: 'update', key, if: [condition], set: { touched: 1 } })).ok;
    assert.equal(await holds({ attr: 's', op: '>', value: '\uFF5E' }), true);
    assert.equal(await holds({ attr: 't', op: '<', value: '\u{1F600}' }), true);
    assert.equal(await holds({ attr: 'u', op: '>', value: 'z' }), true);
    assert.equal(await holds({ attr: 's', op: '<', value: '\u{1F601}' }), true);
  });

  it('knows what exists and what is missing, null being there', async () => {
    const key = await given(get(), WORLD);
    const holds = async (...conditions: Condition[]): Promise<boolean> =>
      (await get().table.write({ op: 'update', key, if: conditions, set: { touched: 1 } })).ok;
    assert.equal(await holds({ attr: 'z', op: 'exists' }), true);
    assert.equal(await holds({ attr: 'z', op: 'missing' }), false);
    assert.equal(await holds({ attr: 'gone', op: 'exists' }), false);
    assert.equal(await holds({ attr: 'gone', op: 'missing' }), true);
    assert.equal(await holds({ attr: 'pk', op: 'missing' }), false);
  });

  it('needs all conditions of a list and one of an `any`, nested as well', async () => {
    const key = await given(get(), WORLD);
    const no: Condition = { attr: 'n', op: '=', value: 0 };
    const yes: Condition = { attr: 'n', op: '=', value: 5 };
    const holds = async (...conditions: Condition[]): Promise<boolean> =>
      (await get().table.write({ op: 'update', key, if: conditions, set: { touched: 1 } })).ok;
    assert.equal(await holds(yes, no), false);
    assert.equal(await holds({ any: [no, yes] }), true);
    assert.equal(await holds({ any: [no, no] }), false);
    assert.equal(await holds(yes, { any: [no, { any: [no, yes] }] }), true);
    assert.equal(await holds({ any: [yes] }, no), false);
  });
}

const CHANGES: readonly (readonly [name: string, Change, { readonly [attr: string]: Value }])[] = [
  ['set replaces and adds', { set: { n: 6, q: 'new' } }, { n: 6, q: 'new' }],
  ['setIfAbsent keeps what is there, null too', { setIfAbsent: { n: 6, z: 1, q: 'new' } }, { q: 'new' }],
  ['add counts a missing attribute as 0', { add: { n: -7, q: 3 } }, { n: -2, q: 3 }],
  [
    'add goes beyond 2^53 and back',
    { add: { big: -9_007_199_254_740_990n, n: 2n ** 60n } },
    { big: 3, n: 2n ** 60n + 5n },
  ],
  ['add of 0 makes a missing attribute', { add: { q: 0 } }, { q: 0 }],
  [
    'append takes a missing attribute for an empty list',
    { append: { l: [2, [3]], q: ['x'] } },
    { l: [...WORLD.l, 2, [3]], q: ['x'] },
  ],
  ['append of nothing makes an empty list', { append: { q: [] } }, { q: [] }],
  [
    'all kinds at once',
    { set: { s: '' }, setIfAbsent: { q: {} }, add: { n: 1 }, append: { l: [] } },
    { s: '', q: {}, n: 6 },
  ],
];

export function changeSuite(get: Given): void {
  for (const [name, change, difference] of CHANGES) {
    it(`${name}, and answers with the new image`, async () => {
      const key = await given(get(), WORLD);
      const image = { ...WORLD, ...difference, ...key };
      assert.deepEqual(await get().table.write({ op: 'update', key, ...change }), { ok: true, item: image });
      assert.deepEqual(await get().table.get(key), image);
    });
  }

  it('remove takes attributes away and does not mind missing ones', async () => {
    const key = await given(get(), { a: 1, b: 2, c: 3 });
    const { item } = await get().table.write({ op: 'update', key, remove: ['a', 'nope', 'c'] });
    assert.deepEqual(item, { ...key, b: 2 });
  });

  it('an update creates what is missing, unless a condition forbids it', async () => {
    const { table, pk } = get();
    const key = { pk: pk(), sk: 'new' };
    const forbidden = await table.write({ op: 'update', key, if: [{ attr: 'pk', op: 'exists' }], set: { n: 1 } });
    assert.deepEqual(forbidden, { ok: false, item: null });
    assert.equal(await table.get(key), null);
    assert.deepEqual(await table.write({ op: 'update', key, remove: ['x'] }), { ok: true, item: key });
    assert.deepEqual(await table.get(key), key);
  });

  it('a change that does not fit is refused, after the conditions', async () => {
    const key = await given(get(), WORLD);
    const misfits: Change[] = [{ add: { s: 1 } }, { append: { n: [1] } }, { add: { z: 1 } }, { append: { z: [1] } }];
    for (const misfit of misfits) {
      await assert.rejects(get().table.write({ op: 'update', key, ...misfit }), { code: 'bad_input' });
      const failing: Condition[] = [{ attr: 'n', op: '=', value: 0 }];
      assert.equal((await get().table.write({ op: 'update', key, if: failing, ...misfit })).ok, false);
    }
    assert.deepEqual(await get().table.get(key), { ...WORLD, ...key });
  });
}

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
