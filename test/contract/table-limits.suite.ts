/** The promise of the Table port: what DynamoDB would refuse is refused by every table, and changes nothing. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Item, Key, Op, Value } from '../../shared/ports/table.ts';
import { type Given, given } from './table.suite.ts';

/** A value no type allows, for what untyped callers may bring. */
const wild = (value: unknown): Value => value as Value;

const nested = (depth: number): Value => (depth === 0 ? 1 : [nested(depth - 1)]);

const BAD_ITEMS: readonly (readonly [name: string, (key: Key) => unknown])[] = [
  ['a float', (key) => ({ ...key, a: 1.5 })],
  ['NaN', (key) => ({ ...key, a: Number.NaN })],
  ['infinity', (key) => ({ ...key, a: [Number.POSITIVE_INFINITY] })],
  ['an unsafe integer', (key) => ({ ...key, a: 2 ** 53 })],
  ['a number of 39 digits', (key) => ({ ...key, a: 10n ** 38n + 1n })],
  ['undefined', (key) => ({ ...key, a: undefined })],
  ['undefined in a list', (key) => ({ ...key, a: [undefined] })],
  ['a set', (key) => ({ ...key, a: new Set([1]) })],
  ['a date', (key) => ({ ...key, a: new Date(0) })],
  ['a function', (key) => ({ ...key, a: () => 1 })],
  ['half a surrogate pair', (key) => ({ ...key, a: '\ud83d' })],
  ['an empty attribute name', (key) => ({ ...key, '': 1 })],
  ['an empty name in a map', (key) => ({ ...key, a: { '': 1 } })],
  ['a name that is dangerous in JavaScript', (key) => ({ ...key, a: JSON.parse('{"__proto__":1}') })],
  ['32 lists in one another', (key) => ({ ...key, a: nested(32) })],
  ['an empty pk', ({ sk }) => ({ pk: '', sk })],
  ['an empty sk', ({ pk }) => ({ pk, sk: '' })],
  ['a pk that is a number', ({ sk }) => ({ pk: 1, sk })],
  ['no sk', ({ pk }) => ({ pk })],
  ['a key beyond ASCII', ({ pk }) => ({ pk, sk: 'é' })],
  ['an sk of 1025 bytes', ({ pk }) => ({ pk, sk: 'x'.repeat(1025) })],
  ['a pk of 2049 bytes', ({ sk }) => ({ pk: 'x'.repeat(2049), sk })],
  ['an empty index key', (key) => ({ ...key, ixPk: '', ixSk: 'a' })],
  ['an index key that is a number', (key) => ({ ...key, ixPk: 'a', ixSk: 1 })],
];

const BAD_UPDATES: readonly (readonly [name: string, object])[] = [
  ['that changes nothing', {}],
  ['that changes nothing in many ways', { set: {}, remove: [] }],
  ['of the key', { set: { pk: 'x' } }],
  ['that removes the key', { remove: ['sk'] }],
  ['with an attribute in two kinds', { set: { a: 1 }, add: { a: 1 } }],
  ['that appends to and sets one list', { append: { l: [1] }, set: { l: [] } }],
  ['that removes and sets one attribute', { remove: ['a'], setIfAbsent: { a: 1 } }],
  ['that removes one attribute twice', { remove: ['a', 'a'] }],
  ['that adds a fraction', { add: { n: 0.5 } }],
  ['that adds a string', { add: { n: '1' } }],
  ['that appends what is no list', { append: { l: 1 } }],
  ['that makes an index key a number', { add: { ixPk: 1 } }],
  ['that makes an index key empty', { set: { ixSk: '' } }],
  ['that compares null by size', { set: { a: 1 }, if: [{ attr: 'n', op: '<', value: null }] }],
  ['that compares booleans by size', { set: { a: 1 }, if: [{ attr: 'n', op: '>=', value: true }] }],
  ['that compares with a list', { set: { a: 1 }, if: [{ attr: 'l', op: '=', value: [] }] }],
  ['with an empty any', { set: { a: 1 }, if: [{ any: [] }] }],
  ['with an unknown condition', { set: { a: 1 }, if: [{ attr: 'n', op: 'between', value: 1 }] }],
];

export function limitSuite(get: Given): void {
  for (const [name, item] of BAD_ITEMS) {
    it(`refuses an item with ${name}`, async () => {
      const key = { pk: get().pk(), sk: 'a' };
      await assert.rejects(get().table.write({ op: 'put', item: item(key) as Item }), { code: 'bad_input' });
      await assert.rejects(get().table.transact([{ op: 'put', item: item(key) as Item }]), { code: 'bad_input' });
      assert.deepEqual((await get().table.query({ pk: key.pk })).items, []);
    });
  }

  for (const [name, change] of BAD_UPDATES) {
    it(`refuses an update ${name}`, async () => {
      const key = await given(get(), { n: 1, l: [1] });
      const op = { op: 'update', key, ...change } as Op & { op: 'update' };
      await assert.rejects(get().table.write(op), { code: 'bad_input' });
      await assert.rejects(get().table.transact([op]), { code: 'bad_input' });
      assert.deepEqual(await get().table.get(key), { ...key, n: 1, l: [1] });
    });
  }

  it('takes 31 lists in one another and 200 changes in one update', async () => {
    const key = await given(get(), { deep: nested(31) });
    const set = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`a${n}`, n]));
    const { item } = await get().table.write({ op: 'update', key, set });
    assert.deepEqual(item, { ...key, deep: nested(31), ...set });
  });

  it('takes an item of 400 KB, as DynamoDB counts, and not one byte more', async () => {
    const { table, pk } = get();
    const key = { pk: pk(), sk: 'a' };
    // Names and values: pk, sk, text; a list costs 3 and 1 for each entry, a number 1 and 1 for two digits.
    const rest = 2 + key.pk.length + 2 + 1 + 4 + 1 + 3 + (1 + 3);
    const item = (extra: number): Item => ({
      ...key,
      l: ['abc'],
      text: 'é'.repeat(10) + 'x'.repeat(409_600 - rest - 20 + extra),
    });
    assert.equal((await table.write({ op: 'put', item: item(0) })).ok, true);
    await assert.rejects(table.write({ op: 'put', item: item(1) }), { code: 'too_large' });
    const tooMuch = { op: 'update', key, append: { l: [''] } } as const;
    await assert.rejects(table.write(tooMuch), { code: 'too_large' });
    await assert.rejects(table.transact([tooMuch]), { code: 'too_large' });
    assert.deepEqual(await table.get(key), item(0));
  });

  it('takes 100 ops in a transaction, not 101, not none, and not two on one item', async () => {
    const { table, pk } = get();
    const home = pk();
    const ops = (count: number): Op[] =>
      Array.from({ length: count }, (_, n) => ({ op: 'put', item: { pk: home, sk: `${n}` } }));
    await assert.rejects(table.transact(ops(101)), { code: 'bad_input' });
    await assert.rejects(table.transact([]), { code: 'bad_input' });
    await assert.rejects(table.transact([...ops(2), { op: 'delete', key: { pk: home, sk: '1' } }]), {
      code: 'bad_input',
    });
    assert.deepEqual((await table.query({ pk: home })).items, []);
    assert.deepEqual(await table.transact(ops(100)), { ok: true });
    assert.equal((await table.query({ pk: home })).items.length, 100);
  });

  it('refuses a transaction of more than 4 MB', async () => {
    const { table, pk } = get();
    const home = pk();
    const text = 'x'.repeat(380_000);
    const ops = Array.from({ length: 12 }, (_, n): Op => ({ op: 'put', item: { pk: home, sk: `${n}`, text } }));
    await assert.rejects(table.transact(ops), { code: 'too_large' });
    assert.deepEqual((await table.query({ pk: home })).items, []);
  });

  it('refuses a check without a condition and a get without a key', async () => {
    const key = { pk: get().pk(), sk: 'a' };
    await assert.rejects(get().table.transact([{ op: 'check', key, if: [] }]), { code: 'bad_input' });
    await assert.rejects(get().table.get({ pk: key.pk, sk: '' }), { code: 'bad_input' });
    await assert.rejects(get().table.get({ pk: key.pk, sk: wild(1) as string }), { code: 'bad_input' });
  });

  it('a sum of more than 38 digits is refused and nothing is lost', async () => {
    const key = await given(get(), { n: 10n ** 38n - 1n });
    await get().table.write({ op: 'update', key, add: { n: 1 } });
    await assert.rejects(get().table.write({ op: 'update', key, add: { n: 1 } }), { code: 'bad_input' });
    assert.deepEqual(await get().table.get(key), { ...key, n: 10n ** 38n });
  });
}
