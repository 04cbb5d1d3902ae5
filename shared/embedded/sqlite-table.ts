/** The table in SQLite. Reads see what is committed, at once; writes join the group commit. */
import type { SQLInputValue } from 'node:sqlite';
import { messageOf, NovaError } from '../domain/error.ts';
import { applied, judged, type Step } from '../domain/table/engine.ts';
import { cursorOf, DEFAULT_LIMIT, isEmptySpan, MAX_PAGE_BYTES, placeOf, spanOf } from '../domain/table/order.ts';
import { canonicalOp, canonicalOps, checkKey, checkQuery, keyOf } from '../domain/table/rules.ts';
import type { Item, Key, Op, Page, Query, Table, TransactResult, WriteOp, WriteResult } from '../ports/table.ts';
import { itemOfText, itemText } from './json-text.ts';
import type { SqliteDb } from './sqlite-db.ts';

export function sqliteTable(db: SqliteDb): Table {
  return {
    async get(key) {
      checkKey(key);
      return reading(() => find(db, key));
    },
    query: async (query) => reading(() => answer(db, query)),
    async write(asked) {
      const op = canonicalOp(asked);
      return db.ask(() => write(db, op));
    },
    async transact(asked) {
      const ops = canonicalOps(asked);
      return db.ask(() => transact(db, ops));
    },
  };
}

/** What SQLite cannot read is no bug of whoever asked. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof NovaError) throw error;
    const code = DAMAGE.test(messageOf(error)) ? 'corrupt' : 'unavailable';
    throw new NovaError(code, `the store cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

const DAMAGE = /malformed|not a database|in JSON/;

function find(db: SqliteDb, { pk, sk }: Key): Item | null {
  const row = db.statement('SELECT body FROM items WHERE pk = ? AND sk = ?').get(pk, sk);
  return row ? itemOfText(textOf(row, 0)) : null;
}

/** Rows come as arrays, whatever the type of `get` says. */
function textOf(row: object, column: number): string {
  return (row as readonly string[])[column] ?? '';
}

function write(db: SqliteDb, op: WriteOp): WriteResult {
  const key = keyOf(op);
  const current = find(db, key);
  const next = applied(op, current);
  if (next === undefined) return { ok: false, item: current };
  store(db, { key, current, next });
  return { ok: true, item: op.op === 'update' ? next : null };
}

function transact(db: SqliteDb, ops: readonly Op[]): TransactResult {
  const { failed, steps } = judged(ops, (key) => find(db, key));
  if (failed.length > 0) return { ok: false, failed };
  for (const step of steps) store(db, step);
  return { ok: true };
}

/** The index is touched only when the item's place in it changes. */
function store(db: SqliteDb, { key: { pk, sk }, current, next }: Step): void {
  if (!next) {
    if (current) db.statement('DELETE FROM items WHERE pk = ? AND sk = ?').run(pk, sk);
    return;
  }
  const [ixPk, ixSk] = indexPlace(next);
  const body = itemText(next);
  if (!current) {
    db.statement('INSERT INTO items (pk, sk, ix_pk, ix_sk, body) VALUES (?, ?, ?, ?, ?)').run(pk, sk, ixPk, ixSk, body);
    return;
  }
  const [oldPk, oldSk] = indexPlace(current);
  if (oldPk === ixPk && oldSk === ixSk) {
    db.statement('UPDATE items SET body = ? WHERE pk = ? AND sk = ?').run(body, pk, sk);
    return;
  }
  const all = 'UPDATE items SET ix_pk = ?, ix_sk = ?, body = ? WHERE pk = ? AND sk = ?';
  db.statement(all).run(ixPk, ixSk, body, pk, sk);
}

/** Only an item with both attributes is in the index. */
function indexPlace({ ixPk, ixSk }: Item): readonly [string | null, string | null] {
  return typeof ixPk === 'string' && typeof ixSk === 'string' ? [ixPk, ixSk] : [null, null];
}

function answer(db: SqliteDb, query: Query): Page {
  checkQuery(query);
  if (isEmptySpan(spanOf(query))) return { items: [], cursor: null };
  const limit = query.limit ?? DEFAULT_LIMIT;
  const { sql, values } = selection(query);
  const items: Item[] = [];
  let bytes = 0;
  for (const row of db.statement(sql).iterate(...values, limit)) {
    const body = textOf(row, 0);
    items.push(itemOfText(body));
    bytes += body.length;
    if (bytes >= MAX_PAGE_BYTES) break;
  }
  const last = items.at(-1);
  const full = items.length >= limit || bytes >= MAX_PAGE_BYTES;
  return { items, cursor: full && last ? cursorOf(query, last) : null };
}

function selection(query: Query): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
  const { from, to, below } = spanOf(query);
  const place = placeOf(query);
  const [partition, sort] = query.index ? ['ix_pk', 'ix_sk'] : ['pk', 'sk'];
  const order = query.index ? ['ix_sk', 'pk', 'sk'] : ['sk'];
  const where = [`${partition} = ?`];
  const values: SQLInputValue[] = [query.pk];
  const bound = (test: string, ...found: string[]): void => {
    where.push(test);
    values.push(...found);
  };
  if (from !== null) bound(`${sort} >= ?`, from);
  if (to !== null) bound(`${sort} <= ?`, to);
  if (below !== null) bound(`${sort} < ?`, below);
  const past = query.reverse ? '<' : '>';
  if (place && query.index) bound(`(ix_sk, pk, sk) ${past} (?, ?, ?)`, place.sort, place.pk, place.sk);
  else if (place) bound(`sk ${past} ?`, place.sort);
  const sorted = order.map((column) => `${column} ${query.reverse ? 'DESC' : 'ASC'}`).join(', ');
  return { sql: `SELECT body FROM items WHERE ${where.join(' AND ')} ORDER BY ${sorted} LIMIT ?`, values };
}
