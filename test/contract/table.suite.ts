/** The promise of the Table port, op by op. Every table must pass it; `subject` gives the table and unused partitions. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Change, Condition, Key, Scalar, Table, Value } from '../../shared/ports/table.ts';

export type Subject = { readonly table: Table /** A partition nobody has used. */; readonly pk: () => string };
/** Called inside each test, so that a suite can be declared before its table has started. */
export type Given = () => Subject;

/** A new item in a partition of its own. */
export async function given(subject: Subject, attributes: { readonly [attr: string]: Value }): Promise<Key> {
  const key = { pk: subject.pk(), sk: 'a' };
  assert.deepEqual(await subject.table.write({ op: 'put', item: { ...attributes, ...key } }), { ok: true, item: null });
  return key;
}

export const WORLD = {
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
