/** A table that counts what passes through it, and tells when a run was recorded: the moment its end is durable. */
import type { Op, Table, Update } from '../../shared/ports/table.ts';
import { decodeRecord } from '../../shared/store/instance-item.ts';

export type Recorded = {
  /** The instance's sort key and the slot: one run, whoever records it. */
  readonly run: string;
  readonly outcome: string;
};

export type Calls = { gets: number; queries: number; writes: number; transactions: number; refused: number };
export type Watched = { readonly table: Table; readonly calls: Calls };

export const runKey = (instanceSk: string, slot: string): string => `${instanceSk} ${slot}`;

export function watchedTable(table: Table, onRecord: (recorded: Recorded) => void = () => undefined): Watched {
  const calls: Calls = { gets: 0, queries: 0, writes: 0, transactions: 0, refused: 0 };
  const tell = (ops: readonly Op[], ok: boolean): void => {
    if (!ok) calls.refused++;
    else for (const op of ops) if (op.op === 'update') for (const recorded of recordsOf(op)) onRecord(recorded);
  };
  const watched: Table = {
    get(key) {
      calls.gets++;
      return table.get(key);
    },
    query(query) {
      calls.queries++;
      return table.query(query);
    },
    async write(op) {
      calls.writes++;
      const result = await table.write(op);
      tell([op], result.ok);
      return result;
    },
    async transact(ops) {
      calls.transactions++;
      const result = await table.transact(ops);
      tell(ops, result.ok);
      return result;
    },
  };
  return { table: watched, calls };
}

/** The write that closes a slot sets the journal with the new record as its last entry. */
function recordsOf({ key, set }: Update): Recorded[] {
  const journal = set?.j;
  if (!Array.isArray(journal)) return [];
  const { slot, outcome } = decodeRecord(String(journal.at(-1)));
  return [{ run: runKey(key.sk, slot), outcome }];
}
