/** A table that does other things than it was asked for: what every wrong system and wrong protocol is made with. */
import type { Item, Op, WriteOp } from '../../shared/ports/table.ts';
import type { Spoil } from './processes.ts';
import type { SimTable } from './sim-table.ts';

export type Rewrite = {
  /** The op that is done instead; null for none, which looks done. */
  readonly op?: (op: Op, table: SimTable) => Op | null;
  /** What readers are shown. */
  readonly show?: (item: Item) => Item;
};

/** Puts the rewriting between whoever works and the table. */
export function spoiled({ op: rewrite = (op) => op, show = (item) => item }: Rewrite): Spoil {
  return (table) => ({
    get: (key) => {
      const item = table.get(key);
      return item && show(item);
    },
    query: (query) => {
      const page = table.query(query);
      return { ...page, items: page.items.map(show) };
    },
    write: (asked) => {
      const op = rewrite(asked, table) as WriteOp | null;
      return op ? table.write(op) : { ok: true, item: looksDone(asked, table) };
    },
    transact: (asked) => {
      const ops = asked.map((op) => rewrite(op, table)).filter((op) => op !== null);
      return ops.length === 0 ? { ok: true } : table.transact(ops);
    },
  });
}

/** The image that a write would have left. */
function looksDone(op: WriteOp, table: SimTable): Item | null {
  if (op.op !== 'update') return null;
  const item = table.get(op.key);
  return item && { ...item, ...op.set };
}
