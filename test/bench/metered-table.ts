/**
 * A table in memory that counts what DynamoDB would charge: a write unit for each started KB of the larger of the item
 * before and after, twice that in a transaction, once more where the index has a copy; a read unit for each 4 KB.
 */
import { itemBytes } from '../../shared/domain/table/values.ts';
import type { MapTable } from '../../shared/memory/map-table.ts';
import type { Item, Key, Op, Table } from '../../shared/ports/table.ts';

export type Meter = { writeUnits: number; readUnits: number; requests: number };

const KB = 1024;
const started = (bytes: number, per: number): number => Math.max(1, Math.ceil(bytes / per));
const keyOf = (op: Op): Key => (op.op === 'put' ? { pk: op.item.pk, sk: op.item.sk } : op.key);

export function meteredTable(table: MapTable, meter: Meter): Table {
  const size = (item: Item | null): number => (item ? itemBytes(item) : 0);
  const indexed = (item: Item | null): boolean => item?.ixPk !== undefined;
  const write = async <T>(ops: readonly Op[], times: number, work: () => Promise<T>): Promise<T> => {
    const before = await Promise.all(ops.map((op) => table.get(keyOf(op))));
    const answer = await work();
    const after = await Promise.all(ops.map((op) => table.get(keyOf(op))));
    for (const place of ops.keys()) {
      const [was, is] = [before[place] ?? null, after[place] ?? null];
      const units = started(Math.max(size(was), size(is)), KB);
      meter.writeUnits += units * times + (was !== is && (indexed(was) || indexed(is)) ? units : 0);
    }
    meter.requests++;
    return answer;
  };
  return {
    async get(key) {
      const item = await table.get(key);
      meter.readUnits += started(size(item), 4 * KB);
      meter.requests++;
      return item;
    },
    async query(query) {
      const page = await table.query(query);
      const units = started(
        page.items.reduce((sum, item) => sum + size(item), 0),
        4 * KB,
      );
      // The index answers with what it has: half a unit.
      meter.readUnits += query.index ? units / 2 : units;
      meter.requests++;
      return page;
    },
    write: (op) => write([op], 1, () => table.write(op)),
    transact: (ops) => write(ops, 2, () => table.transact(ops)),
  };
}
