/**
 * The table of a simulation: the rules of every table, on plain maps, at once. Whoever listens sees each commit whole,
 * item by item as it was and as it is.
 */
import { applied, judged } from '../../shared/domain/table/engine.ts';
import type { Item, Key, Op, Page, Query, TransactResult, WriteOp, WriteResult } from '../../shared/ports/table.ts';

export type Changed = { readonly key: Key; readonly before: Item | null; readonly after: Item | null };

export class SimTable {
  onCommit: (changes: readonly Changed[]) => void = () => {};
  readonly #partitions = new Map<string, Map<string, Item>>();

  constructor(items: readonly Item[] = []) {
    for (const item of items) this.#store(item, item);
  }

  get({ pk, sk }: Key): Item | null {
    return this.#partitions.get(pk)?.get(sk) ?? null;
  }

  /** Without an index: the protocol has none. */
  query({ pk, prefix = '', from = '', to = '~', reverse, limit = 1000, cursor, index }: Query): Page {
    if (index || cursor) throw new RangeError('a simulation has no index and no second page');
    const partition = this.#partitions.get(pk);
    if (!partition) return { items: [], cursor: null };
    const keys = [...partition.keys()].filter((sk) => sk.startsWith(prefix) && sk >= from && sk <= to).sort();
    if (reverse) keys.reverse();
    return { items: keys.slice(0, limit).map((sk) => partition.get(sk) as Item), cursor: null };
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
    if (item) partition.set(sk, item);
    else partition.delete(sk);
  }
}
