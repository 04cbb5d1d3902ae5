/** The fleet as one pass sees it: 16 queries, one per shard, for instances and for what agents earned. */
import type { Earnings } from '../domain/earnings.ts';
import type { Instance } from '../domain/instance.ts';
import type { Table } from '../ports/table.ts';
import { decodeInstance } from './instance-item.ts';
import { fleetPk, shards } from './keys.ts';
import { decodeEarnings } from './ledger-item.ts';
import { queryAll } from './query-all.ts';

export type Fleet = { readonly instances: readonly Instance[]; readonly earnings: readonly Earnings[] };
export type FleetReading = () => Promise<Fleet>;

export async function readFleet(table: Table): Promise<Fleet> {
  const items = (await Promise.all(shards.map((shard) => queryAll(table, { pk: fleetPk(shard) })))).flat();
  const isEarnings = ({ sk }: { readonly sk: string }): boolean => sk.endsWith('#EARN');
  return {
    instances: items.filter((item) => !isEarnings(item)).map(decodeInstance),
    earnings: items.filter(isEarnings).map(decodeEarnings),
  };
}

/**
 * Read when somebody first asks, and then the same for all parts of one pass. It grows old while they work: whoever acts on
 * an instance pins what was read, and is refused where it has moved on.
 */
export function fleetReading(table: Table): FleetReading {
  let read: Promise<Fleet> | undefined;
  return () => {
    read ??= readFleet(table);
    return read;
  };
}
