/** What runs have cost, item by item, and what they would have cost at other prices. Changes nothing. */
import type { PriceTable } from '../price-table.ts';
import { type ReceiptFacts, type RunReceiptLine, runReceipt } from '../run-receipt.ts';
import { byMost, sumOf } from './share.ts';

export type ChargedRun = { readonly agentId: string; readonly facts: ReceiptFacts };

export type Repriced = {
  readonly id: string;
  readonly runs: number;
  /** What was charged. */
  readonly oldMicros: number;
  readonly newMicros: number;
  readonly differenceMicros: number;
};

export type RepriceReport = Omit<Repriced, 'id'> & {
  /** The version of the table that the new amounts are of. */
  readonly version: string;
  /** Runs that keep no quantities: their cost stays. */
  readonly kept: number;
  readonly agents: readonly Repriced[];
};

/** By agent, the largest difference first. @throws NovaError unpriced for an item that had no price then. */
export function repriceRuns(runs: readonly ChargedRun[], table: PriceTable): RepriceReport {
  const priced = runs.map(({ agentId, facts }) => {
    return { agentId, old: facts.costMicros, now: runReceipt(facts, table).totalMicros };
  });
  const rowOf = (some: typeof priced): Omit<Repriced, 'id'> => {
    const [oldMicros, newMicros] = [sumOf(some, ({ old }) => old), sumOf(some, ({ now }) => now)];
    return { runs: some.length, oldMicros, newMicros, differenceMicros: newMicros - oldMicros };
  };
  const agents = [...Map.groupBy(priced, ({ agentId }) => agentId)]
    .map(([id, some]) => ({ id, ...rowOf(some) }))
    .sort(byMost(({ differenceMicros }) => Math.abs(differenceMicros)));
  const kept = runs.filter(({ facts }) => facts.used === null).length;
  return { version: table.version, ...rowOf(priced), kept, agents };
}

/** One item of all receipts: `id` is the item. */
export type SpentOn = Pick<RunReceiptLine, 'quantity' | 'unit' | 'amountMicros'> & { readonly id: string };

/** What the runs were charged for, the dearest first; the amounts add up to what they cost. */
export function spentOn(runs: readonly ChargedRun[]): SpentOn[] {
  const lines = runs.flatMap(({ facts }) => runReceipt(facts).lines);
  return [...Map.groupBy(lines, ({ item }) => item)]
    .map(([id, some]) => ({
      id,
      quantity: sumOf(some, ({ quantity }) => quantity),
      unit: some[0]?.unit ?? '',
      amountMicros: sumOf(some, ({ amountMicros }) => amountMicros),
    }))
    .sort(byMost(({ amountMicros }) => amountMicros));
}
