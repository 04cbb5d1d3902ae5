/** The promise of the Table port: ranges, pages and the sparse index. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Item, Query } from '../../shared/ports/table.ts';
import type { Given, Subject } from './table.suite.ts';

const SORTS = ['A', 'a', 'a#1', 'a#10', 'a#2', 'ab', 'b', 'b~', 'c d'];

async function partition(subject: Subject, sorts: readonly string[] = SORTS): Promise<string> {
  const pk = subject.pk();
  for (const sk of [...sorts].reverse()) await subject.table.write({ op: 'put', item: { pk, sk, v: 1 } });
  return pk;
}

const sortsOf = (items: readonly Item[]): string[] => items.map((item) => item.sk);

/** All pages of a query, each checked against its limit. */
async function pages(subject: Subject, query: Query): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await subject.table.query(cursor === undefined ? query : { ...query, cursor });
    assert.ok(page.items.length <= (query.limit ?? 1000));
    items.push(...page.items);
    cursor = page.cursor;
  }
  return items;
}

export function querySuite(get: Given): void {
  const RANGES: readonly (readonly [name: string, Partial<Query>, readonly string[]])[] = [
    ['everything in the order of bytes', {}, SORTS],
    ['a prefix', { prefix: 'a#' }, ['a#1', 'a#10', 'a#2']],
    ['a prefix that is a whole key', { prefix: 'b' }, ['b', 'b~']],
    ['a prefix that ends in the last character', { prefix: 'b~' }, ['b~']],
    ['an empty prefix, which is none', { prefix: '' }, SORTS],
    ['from, inclusive', { from: 'ab' }, ['ab', 'b', 'b~', 'c d']],
    ['to, inclusive', { to: 'a#1' }, ['A', 'a', 'a#1']],
    ['from and to', { from: 'a#10', to: 'b' }, ['a#10', 'a#2', 'ab', 'b']],
    ['one key', { from: 'b', to: 'b' }, ['b']],
    ['bounds that cross', { from: 'c', to: 'a' }, []],
    ['an empty upper bound', { to: '' }, []],
  ];
  for (const [name, range, expected] of RANGES) {
    it(`answers ${name}, forward, backward and page by page`, async () => {
      const subject = get();
      const pk = await partition(subject);
      assert.deepEqual(sortsOf((await subject.table.query({ pk, ...range })).items), expected);
      const reverse = await subject.table.query({ pk, ...range, reverse: true });
      assert.deepEqual(sortsOf(reverse.items), [...expected].reverse());
      for (const limit of [1, 2, 3]) {
        assert.deepEqual(sortsOf(await pages(subject, { pk, ...range, limit })), expected);
        const back = await pages(subject, { pk, ...range, limit, reverse: true });
        assert.deepEqual(sortsOf(back), [...expected].reverse());
      }
    });
  }

  it('gives a cursor with every full page, also when nothing follows, and none with the last short one', async () => {
    const subject = get();
    const pk = await partition(subject, ['a', 'b']);
    const full = await subject.table.query({ pk, limit: 2 });
    assert.notEqual(full.cursor, null);
    assert.deepEqual(await subject.table.query({ pk, limit: 2, cursor: full.cursor ?? '' }), {
      items: [],
      cursor: null,
    });
    assert.equal((await subject.table.query({ pk, limit: 3 })).cursor, null);
    assert.deepEqual(await subject.table.query({ pk: subject.pk() }), { items: [], cursor: null });
  });

  it('goes on after a key that was deleted in between', async () => {
    const subject = get();
    const pk = await partition(subject, ['a', 'b', 'c']);
    const { cursor } = await subject.table.query({ pk, limit: 2 });
    await subject.table.write({ op: 'delete', key: { pk, sk: 'b' } });
    assert.deepEqual(sortsOf((await subject.table.query({ pk, cursor: cursor ?? '' })).items), ['c']);
  });

  it('ends a page after one megabyte, whatever its limit', async () => {
    const subject = get();
    const pk = subject.pk();
    const sorts = ['a', 'b', 'c', 'd', 'e'];
    for (const sk of sorts) await subject.table.write({ op: 'put', item: { pk, sk, text: 'x'.repeat(390_000) } });
    const page = await subject.table.query({ pk });
    assert.ok(page.items.length < 5 && page.cursor !== null);
    assert.deepEqual(sortsOf(await pages(subject, { pk })), sorts);
  });

  it('refuses limits below one, cursors that are none, and a prefix beside bounds', async () => {
    const { table, pk } = get();
    const bad: Partial<Query>[] = [
      { limit: 0 },
      { limit: 1.5 },
      { cursor: 'x' },
      { cursor: '[1]' },
      { cursor: '["a","b","c"]' },
      { index: 'ix', cursor: '["a"]' },
      { prefix: 'a', from: 'b' },
    ];
    for (const query of bad) await assert.rejects(table.query({ pk: pk(), ...query }), { code: 'bad_input' });
  });
}

export function indexSuite(get: Given): void {
  it('holds an item only while it has both attributes, and moves it when they change', async () => {
    const { table, pk } = get();
    const [key, open, day] = [{ pk: pk(), sk: 'a' }, pk(), pk()];
    const found = async (ixPk: string): Promise<Item[]> => [...(await table.query({ index: 'ix', pk: ixPk })).items];
    await table.write({ op: 'put', item: { ...key, n: 1 } });
    await table.write({ op: 'update', key, set: { ixPk: open } });
    assert.deepEqual(await found(open), []);
    await table.write({ op: 'update', key, set: { ixSk: '1' } });
    assert.deepEqual(await found(open), [{ ...key, n: 1, ixPk: open, ixSk: '1' }]);
    await table.write({ op: 'update', key, add: { n: 1 } });
    assert.deepEqual((await found(open))[0]?.n, 2);
    await table.write({ op: 'update', key, set: { ixPk: day, ixSk: '2' } });
    assert.deepEqual([await found(open), (await found(day)).length], [[], 1]);
    await table.write({ op: 'update', key, remove: ['ixSk'] });
    assert.deepEqual(await found(day), []);
    await table.write({ op: 'put', item: { ...key, ixPk: day, ixSk: '3' } });
    assert.equal((await found(day)).length, 1);
    await table.write({ op: 'put', item: { ...key } });
    assert.deepEqual(await found(day), []);
    await table.write({ op: 'put', item: { ...key, ixPk: day, ixSk: '4' } });
    await table.write({ op: 'delete', key });
    assert.deepEqual(await found(day), []);
  });

  it('is ordered, ranged and paged by its own sort key, and keeps items of equal places apart', async () => {
    const subject = get();
    const ixPk = subject.pk();
    const places = ['2026-01-01', '2026-01-02', '2026-01-02', '2026-01-02', '2026-02-01'];
    for (const [n, ixSk] of places.entries()) {
      await subject.table.write({ op: 'put', item: { pk: subject.pk(), sk: 'same', n, ixPk, ixSk } });
    }
    const sorts = (items: readonly Item[]): unknown[] => items.map((item) => item.ixSk);
    for (const limit of [1, 2, 10]) {
      const found = await pages(subject, { index: 'ix', pk: ixPk, limit });
      assert.deepEqual(sorts(found), places);
      assert.equal(new Set(found.map((item) => item.n)).size, places.length);
      const back = await pages(subject, { index: 'ix', pk: ixPk, limit, reverse: true, to: '2026-01-31' });
      assert.deepEqual(sorts(back), places.slice(0, 4).reverse());
      assert.deepEqual(sorts(await pages(subject, { index: 'ix', pk: ixPk, limit, prefix: '2026-02' })), [
        '2026-02-01',
      ]);
    }
  });

  it('moves an item when its sort key alone changes', async () => {
    const { table, pk } = get();
    const [home, ixPk] = [pk(), pk()];
    for (const sk of ['a', 'b', 'c']) await table.write({ op: 'put', item: { pk: home, sk, ixPk, ixSk: sk } });
    await table.write({ op: 'update', key: { pk: home, sk: 'a' }, set: { ixSk: 'z' } });
    await table.transact([{ op: 'update', key: { pk: home, sk: 'c' }, set: { ixSk: '0' } }]);
    assert.deepEqual(sortsOf((await table.query({ index: 'ix', pk: ixPk })).items), ['c', 'b', 'a']);
    assert.deepEqual(sortsOf((await table.query({ index: 'ix', pk: ixPk, from: 'c' })).items), ['a']);
  });
}
