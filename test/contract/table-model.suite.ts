/** The same random ops on a table and on the table in memory must give the same answers and leave the same items. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { NovaError } from '../../shared/domain/error.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Condition, Item, Key, Op, Page, Query, Table, Update, Value, WriteOp } from '../../shared/ports/table.ts';
import type { Given } from './table.suite.ts';

type Step =
  | { readonly do: 'write'; readonly op: WriteOp }
  | { readonly do: 'transact'; readonly ops: readonly Op[] }
  | { readonly do: 'query'; readonly query: Query };

const ATTRS = ['a', 'b', 'l', 's', 'ixPk', 'ixSk'] as const;
const integer = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.maxSafeInteger(),
);
const text = fc.oneof(fc.constantFrom('', 'x', 'y', 'xy'), fc.string({ unit: 'grapheme', maxLength: 4 }));
const scalar = fc.oneof(integer, text, fc.boolean(), fc.constant(null));
const name = fc.stringMatching(/^[a-z$]{1,3}$/);
const tree: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

/** Index keys are drawn from few strings, the rest from everything there is. */
const attribute = (attr: string): fc.Arbitrary<Value> => {
  if (attr === 'ixPk') return fc.constantFrom('I1', 'I2');
  if (attr === 'ixSk') return fc.constantFrom('1', '2', '3');
  return attr === 'l' ? fc.array(scalar, { maxLength: 3 }) : tree;
};
const attributes = (attrs: readonly string[]) =>
  fc.record(Object.fromEntries(attrs.map((attr) => [attr, attribute(attr)])), {
    requiredKeys: [],
    noNullPrototype: true,
  });

const compared = fc.record({
  attr: fc.constantFrom(...ATTRS, 'gone'),
  op: fc.constantFrom('=', '<>', 'contains', 'lacks'),
  value: scalar,
});
const ordered = fc.record({
  attr: fc.constantFrom(...ATTRS, 'gone'),
  op: fc.constantFrom('<', '<=', '>', '>='),
  value: fc.oneof(integer, text),
});
const present = fc.record({ attr: fc.constantFrom(...ATTRS, 'pk'), op: fc.constantFrom('exists', 'missing') });
const simple = fc.oneof(compared, ordered, present) as fc.Arbitrary<Condition>;
const condition: fc.Arbitrary<Condition> = fc.oneof(
  { arbitrary: simple, weight: 4 },
  { arbitrary: fc.array(simple, { minLength: 1, maxLength: 3 }).map((any) => ({ any })), weight: 1 },
);
const conditions = fc.oneof(fc.constant([]), fc.array(condition, { minLength: 1, maxLength: 2 }));

const key: fc.Arbitrary<Key> = fc.record({ pk: fc.constantFrom('P', 'Q'), sk: fc.constantFrom('a', 'b', 'c', 'd') });

/** Each attribute gets one kind of change at most. */
const change = fc
  .tuple(
    ...ATTRS.map((attr) =>
      fc.tuple(
        fc.constant(attr),
        fc.constantFrom('', '', 'set', 'setIfAbsent', 'add', 'append', 'remove'),
        attribute(attr),
        integer,
      ),
    ),
  )
  .map((picks) => {
    const parts: Record<string, Record<string, unknown>> = {};
    const remove: string[] = [];
    for (const [attr, kind, value, amount] of picks) {
      const isIndex = attr.startsWith('ix');
      if (kind === 'remove') remove.push(attr);
      else if (kind === 'set' || kind === 'setIfAbsent') parts[kind] = { ...parts[kind], [attr]: value };
      else if (kind === 'add' && !isIndex) parts.add = { ...parts.add, [attr]: amount };
      else if (kind === 'append' && !isIndex) parts.append = { ...parts.append, [attr]: [value] };
    }
    return { ...parts, ...(remove.length > 0 && { remove }) };
  });

const put = fc
  .record({ key, attrs: attributes(ATTRS), if: conditions })
  .map(({ key, attrs, if: conditions }): WriteOp => {
    return { op: 'put', item: { ...attrs, ...key } as Item, if: conditions };
  });
const update = fc.record({ key, change, if: conditions }).map(({ key, change, if: conditions }): Update => {
  return { op: 'update', key, ...change, if: conditions };
});
const remove = fc.record({ op: fc.constant('delete' as const), key, if: conditions });
const check = fc.record({
  op: fc.constant('check' as const),
  key,
  if: fc.array(condition, { minLength: 1, maxLength: 2 }),
});
const writeOp: fc.Arbitrary<WriteOp> = fc.oneof(
  { arbitrary: put, weight: 3 },
  { arbitrary: update, weight: 5 },
  { arbitrary: remove, weight: 1 },
);

const query: fc.Arbitrary<Query> = fc.oneof(
  fc.record({ pk: fc.constantFrom('P', 'Q'), limit: fc.integer({ min: 1, max: 5 }), reverse: fc.boolean() }),
  fc.record({
    pk: fc.constantFrom('P', 'Q'),
    from: fc.constantFrom('a', 'b', 'bb'),
    to: fc.constantFrom('b', 'c', 'z'),
  }),
  fc.record({ pk: fc.constantFrom('I1', 'I2'), index: fc.constant('ix' as const) }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: writeOp.map((op): Step => ({ do: 'write', op })), weight: 6 },
  {
    arbitrary: fc
      .array(fc.oneof(writeOp, check), { minLength: 1, maxLength: 4 })
      .map((ops): Step => ({ do: 'transact', ops })),
    weight: 3,
  },
  { arbitrary: query.map((query): Step => ({ do: 'query', query })), weight: 2 },
);

/** The ops with partitions of their own, so that every list starts from nothing. */
function moved<T>(what: T, pk: (letter: string) => string): T {
  const move = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([attr, one]) => [attr, attr === 'pk' || attr === 'ixPk' ? pk(String(one)) : one]),
    );
  };
  const opOf = (op: Op): Op => {
    if (op.op === 'put') return { ...op, item: move(op.item) as Item };
    if (op.op !== 'update') return { ...op, key: move(op.key) as Key };
    const [set, setIfAbsent] = [move(op.set), move(op.setIfAbsent)];
    return { ...op, key: move(op.key) as Key, ...(op.set && { set }), ...(op.setIfAbsent && { setIfAbsent }) } as Op;
  };
  const one = what as Step;
  if (one.do === 'write') return { ...one, op: opOf(one.op) } as T;
  if (one.do === 'transact') return { ...one, ops: one.ops.map(opOf) } as T;
  return { ...one, query: move(one.query) } as T;
}

/** What a caller can see. The index is free in the order of items at one place, and says nothing of it in a cursor. */
async function outcome(table: Table, step: Step): Promise<unknown> {
  try {
    if (step.do === 'write') return await table.write(step.op);
    if (step.do === 'transact') return await table.transact(step.ops);
    const page = await table.query(step.query);
    return step.query.index ? inOrder(page) : page;
  } catch (error) {
    if (!(error instanceof NovaError)) throw error;
    return error.code;
  }
}

function inOrder({ items }: Page): readonly Item[] {
  const place = (item: Item): string => `${item.ixSk} ${item.pk} ${item.sk}`;
  return [...items].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

export function modelSuite(get: Given): void {
  const seed = Number(process.env.NOVA_SEED ?? Date.now() % 1_000_000_007);
  const runs = Number(process.env.NOVA_MODEL_RUNS ?? 40);
  it(`answers ${runs} random lists of ops as the table in memory does (NOVA_SEED=${seed})`, async () => {
    const runList = async (steps: readonly Step[]): Promise<void> => {
      const { table, pk } = get();
      const names = new Map(['P', 'Q', 'I1', 'I2'].map((letter) => [letter, pk()]));
      const model = mapTable();
      for (const one of steps) {
        const step = moved(one, (letter) => names.get(letter) ?? letter);
        assert.deepEqual(await outcome(table, step), await outcome(model, step));
      }
      for (const pk of names.values()) {
        assert.deepEqual((await table.query({ pk })).items, (await model.query({ pk })).items);
        const [found, expected] = await Promise.all([table, model].map((one) => one.query({ pk, index: 'ix' })));
        assert.deepEqual(found && inOrder(found), expected && inOrder(expected));
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), runList), { seed, numRuns: runs });
  });
}
