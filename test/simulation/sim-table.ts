/**
 * The table of a simulation: the rules of every table, on plain maps, at once, its index too. Whoever listens sees each commit whole,
 * item by item as it was and as it is.
 */
import { applied, judged } from '../../shared/domain/table/engine.ts';
import type { Item, Key, Op, Page, Query, TransactResult, WriteOp, WriteResult } from '../../shared/ports/table.ts';

export type Changed = { readonly key: Key; readonly before: Item | null; readonly after: Item | null };

export class SimTable {
  onCommit: (changes: readonly Changed[]) => void = () => {};
  readonly #partitions = new Map<string, Map<string, Item>>();
  readonly #index = new Map<string, Map<string, Item>>();

  constructor(items: readonly Item[] = []) {
    for (const item of items) this.#store(item, item);
  }

  get({ pk, sk }: Key): Item | null {
    return this.#partitions.get(pk)?.get(sk) ?? null;
  }

  query(query: Query): Page {
    const partition = query.index ? this.#index.get(query.pk) : this.#partitions.get(query.pk);
    return partition ? pageOf(partition, query) : { items: [], cursor: null };
  }

  isEmpty(pk: string): boolean {
    return !this.#partitions.has(pk);
  }

  write(op: WriteOp): WriteResult {
    const key = op.op === 'put' ? op.item : op.key;
    const before = this.get(key);
    const after = applied(op, before);
    if (after === undefined) return { ok: false, item: before };
    this.#store(key, after);
    this.onCommit([{ key, before, after }]);
    return { ok: true, item: op.op === 'update' ? after : null };
  }

  transact(ops: readonly Op[]): TransactResult {
    const { failed, steps } = judged(ops, (key) => this.get(key));
    if (failed.length > 0) return { ok: false, failed };
    for (const { key, next } of steps) this.#store(key, next);
    this.onCommit(steps.map(({ key, current, next }) => ({ key, before: current, after: next })));
    return { ok: true };
  }

  *items(): Iterable<Item> {
    for (const partition of this.#partitions.values()) yield* partition.values();
  }

  #store({ pk, sk }: Key, item: Item | null): void {
    let partition = this.#partitions.get(pk);
    if (!partition) {
      partition = new Map();
      this.#partitions.set(pk, partition);
    }
    this.#reindex(partition.get(sk), item);
    if (item) partition.set(sk, item);
    else partition.delete(sk);
  }

  #reindex(before: Item | undefined, after: Item | null): void {
    if (before?.ixPk !== undefined) this.#index.get(String(before.ixPk))?.delete(placeOf(before));
    if (after?.ixPk === undefined || after.ixSk === undefined) return;
    const entries = this.#index.get(String(after.ixPk)) ?? new Map<string, Item>();
    this.#index.set(String(after.ixPk), entries.set(placeOf(after), after));
  }
}

const placeOf = ({ ixSk, pk, sk }: Item): string => `${ixSk}\u0000${pk}\u0000${sk}`;

/** A cursor is the sort key that the page ended with. */
function pageOf(
  partition: ReadonlyMap<string, Item>,
  { prefix = '', from = '', to = '', reverse, limit = 1000, cursor }: Query,
): Page {
  const sortOf = (key: string): string => key.split('\u0000', 1)[0] ?? '';
  const inside = (key: string): boolean => {
    const sort = sortOf(key);
    return sort.startsWith(prefix) && sort >= from && (to === '' || sort <= to);
  };
  const keys = [...partition.keys()].filter(inside).sort();
  if (reverse) keys.reverse();
  const first = cursor === undefined ? 0 : keys.indexOf(cursor) + 1;
  const shown = keys.slice(first, first + limit);
  const last = shown.at(-1);
  return {
    items: shown.map((key) => partition.get(key) as Item),
    cursor: shown.length === limit && last !== undefined ? last : null,
  };
}
