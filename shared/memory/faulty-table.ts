/** A table that fails as its owner says: what a network, a throttle and a race do to those who use the real ones. */
import { NovaError } from '../domain/error.ts';
import type { Key, Op, Query, Table, WriteOp } from '../ports/table.ts';

/**
 * `down`: nothing reached the table. `throttled`, `conflict`: the table refused after bounded retries. `lost`: it was done,
 * and the answer never came. All reach the caller as NovaError unavailable; only `lost` has changed anything.
 */
export type Fault = 'down' | 'throttled' | 'conflict' | 'lost';

export type TableCall =
  | { readonly method: 'get'; readonly key: Key }
  | { readonly method: 'query'; readonly query: Query }
  | { readonly method: 'write'; readonly op: WriteOp }
  | { readonly method: 'transact'; readonly ops: readonly Op[] };

/** Asked before each call; `count` is 1 at the first. May throw instead, as a process that dies there. */
export type FaultPlan = (call: TableCall, count: number) => Fault | null;

const WORDS: Record<Fault, string> = {
  down: 'the table cannot be reached',
  throttled: 'the table throttles',
  conflict: 'another transaction is in progress on an item of this one',
  lost: 'the table did not answer in time',
};

export function faultyTable(table: Table, plan: FaultPlan): Table {
  let count = 0;
  const faced = async <R>(call: TableCall, ask: () => Promise<R>): Promise<R> => {
    count++;
    const fault = plan(call, count);
    if (fault === null) return ask();
    if (fault === 'lost') await ask();
    throw new NovaError('unavailable', WORDS[fault]);
  };
  return {
    get: (key) => faced({ method: 'get', key }, () => table.get(key)),
    query: (query) => faced({ method: 'query', query }, () => table.query(query)),
    write: (op) => faced({ method: 'write', op }, () => table.write(op)),
    transact: (ops) => faced({ method: 'transact', ops }, () => table.transact(ops)),
  };
}
