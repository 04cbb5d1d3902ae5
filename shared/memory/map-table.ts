/**
 * The table in plain objects. Items are frozen and shared, never copied: what `get` gives is what is stored. Every call
 * does its work before it returns its promise, so that a simulation decides the order of things.
 */
import { applied, judged } from '../domain/table/engine.ts';
import {
  cursorOf,
  DEFAULT_LIMIT,
  isEmptySpan,
  MAX_PAGE_BYTES,
  type Place,
  placeOf,
  spanOf,
} from '../domain/table/order.ts';
import { canonicalOp, canonicalOps, checkKey, checkQuery, keyOf } from '../domain/table/rules.ts';
import { checkItemBytes } from '../domain/table/values.ts';
import type { Item, Key, Op, Page, Query, Table, TransactResult, WriteOp, WriteResult } from '../ports/table.ts';
import { type SortedList, sortedList } from './sorted-list.ts';

export type MapTable = Table & {
  /** Every item, in no order that means anything; for invariants and reports of tests. */
  items(): Iterable<Item>;
};

/** An item's place in a partition of the table or of the index. */
type Entry = Place & { item: Item };

// Keys are printable ASCII: here JavaScript's order is the order of bytes.
const byPlace = (a: Place, b: Place): number => {
  if (a.sort !== b.sort) return a.sort < b.sort ? -1 : 1;
  if (a.pk !== b.pk) return a.pk < b.pk ? -1 : 1;
  return a.sk === b.sk ? 0 : a.sk < b.sk ? -1 : 1;
};

type Partition = { readonly rows: Map<string, Entry>; readonly order: SortedList<Entry> };
type Rows = { readonly partitions: Map<string, Partition>; readonly index: Map<string, SortedList<Entry>> };

export function mapTable(): MapTable {
  const rows: Rows = { partitions: new Map(), index: new Map() };
  return {
    async get(key) {
      checkKey(key);
      return find(rows, key);
    },
    query: async (query) => answer(rows, query),
    write: async (op) => write(rows, op),
    transact: async (ops) => transact(rows, ops),
    *items() {
      for (const { rows: entries } of rows.partitions.values()) for (const { item } of entries.values()) yield item;
    },
  };
}

const find = (rows: Rows, key: Key): Item | null => rows.partitions.get(key.pk)?.rows.get(key.sk)?.item ?? null;

function write(rows: Rows, asked: WriteOp): WriteResult {
  const op = canonicalOp(asked);
  const key = keyOf(op);
  const current = find(rows, key);
  const next = applied(op, current);
  if (next === undefined) return { ok: false, item: current };
  store(rows, key, next);
  return { ok: true, item: op.op === 'update' ? next : null };
}

function transact(rows: Rows, asked: readonly Op[]): TransactResult {
  const { failed, steps } = judged(canonicalOps(asked), (key) => find(rows, key));
  if (failed.length > 0) return { ok: false, failed };
  for (const { key, next } of steps) store(rows, key, next);
  return { ok: true };
}

function store(rows: Rows, key: Key, next: Item | null): void {
  const entry = rows.partitions.get(key.pk)?.rows.get(key.sk);
  reindex(rows.index, entry?.item ?? null, next);
  if (entry && next) entry.item = next;
  else if (next) insert(rows, { sort: key.sk, pk: key.pk, sk: key.sk, item: next });
  else if (entry) erase(rows, entry);
}

function insert(rows: Rows, entry: Entry): void {
  const partition = rows.partitions.get(entry.pk) ?? { rows: new Map(), order: sortedList<Entry>(byPlace) };
  rows.partitions.set(entry.pk, partition);
  partition.rows.set(entry.sk, entry);
  partition.order.add(entry);
}

function erase(rows: Rows, entry: Entry): void {
  const partition = rows.partitions.get(entry.pk);
  partition?.rows.delete(entry.sk);
  partition?.order.remove(entry);
  if (partition?.rows.size === 0) rows.partitions.delete(entry.pk);
}

/** Where an item stands in the sparse index: only with both attributes. */
function indexEntry(item: Item | null): (Entry & { readonly ixPk: string }) | null {
  if (!item || typeof item.ixPk !== 'string' || typeof item.ixSk !== 'string') return null;
  return { ixPk: item.ixPk, sort: item.ixSk, pk: item.pk, sk: item.sk, item };
}

function reindex(index: Rows['index'], before: Item | null, after: Item | null): void {
  const left = indexEntry(before);
  const entered = indexEntry(after);
  if (left) {
    const list = index.get(left.ixPk);
    list?.remove(left);
    if (list?.length === 0) index.delete(left.ixPk);
  }
  if (!entered) return;
  const list = index.get(entered.ixPk) ?? sortedList<Entry>(byPlace);
  index.set(entered.ixPk, list);
  list.add(entered);
}

function answer(rows: Rows, query: Query): Page {
  checkQuery(query);
  const list = query.index ? rows.index.get(query.pk) : rows.partitions.get(query.pk)?.order;
  if (!list || isEmptySpan(spanOf(query))) return { items: [], cursor: null };
  const [first, end] = slice(list, query);
  const limit = query.limit ?? DEFAULT_LIMIT;
  const items: Item[] = [];
  let bytes = 0;
  for (let offset = 0; offset < end - first && items.length < limit && bytes < MAX_PAGE_BYTES; offset++) {
    const entry = list.at(query.reverse ? end - 1 - offset : first + offset);
    if (!entry) break;
    items.push(entry.item);
    bytes += checkItemBytes(entry.item);
  }
  const last = items.at(-1);
  const full = items.length >= limit || bytes >= MAX_PAGE_BYTES;
  return { items, cursor: full && last ? cursorOf(query, last) : null };
}

/** Positions [first, end) of the span, less what earlier pages gave. `\x7f` follows every printable character. */
function slice(list: SortedList<Entry>, query: Query): [first: number, end: number] {
  const { from, to, below } = spanOf(query);
  const at = (sort: string, pk = '', sk = ''): number => list.position({ sort, pk, sk } as Entry);
  const first = from === null ? 0 : at(from);
  const end = to !== null ? at(to, '\x7f') : below !== null ? at(below) : list.length;
  const place = placeOf(query);
  if (!place) return [first, end];
  const there = at(place.sort, place.pk, place.sk);
  if (query.reverse) return [first, Math.min(end, there)];
  const after = at(place.sort, place.pk, `${place.sk}\x00`);
  return [Math.max(first, after), end];
}
