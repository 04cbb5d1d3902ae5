/** How much of what was earned may go back into the agents. Money that may still be taken back is not earned yet. */
import type { Books } from './books.ts';
import { incomeOf, ownerOf } from './income.ts';
import { type HoldBackRules, pendingEntries, reserveOf } from './settled.ts';
import { partOf, sumOf } from './share.ts';

export const REINVEST_BPS = 7000;

export type ReinvestRules = HoldBackRules & { readonly shareBps: number };

export type Reinvestment = {
  readonly settledNetMicros: number;
  /** Came in too late to count. */
  readonly pendingMicros: number;
  readonly costMicros: number;
  readonly settledProfitMicros: number;
  /** Of the settled revenue: what may still be taken back. */
  readonly reserveMicros: number;
  /** Never below 0: a loss is not money to be taken out of somewhere. */
  readonly reinvestMicros: number;
  readonly withdrawMicros: number;
};

/** What went out counts at once; what came in when it is settled, less the reserve on it. */
export function reinvestment({ entries, costs }: Pick<Books, 'entries' | 'costs'>, rules: ReinvestRules): Reinvestment {
  const pending = pendingEntries(entries, rules);
  const settled = entries.filter((entry) => !pending.has(entry));
  const settledNetMicros = incomeOf(settled).netMicros;
  const costMicros = sumOf(costs, (day) => day.costMicros);
  const settledProfitMicros = settledNetMicros - costMicros;
  const reserves = [...Map.groupBy(settled, ownerOf)].map(([owner, some]) => reserveOf(owner, some, rules));
  const reserveMicros = sumOf(reserves, (one) => one.reserveMicros);
  const free = Math.max(0, settledProfitMicros - reserveMicros);
  const reinvestMicros = partOf(free, rules.shareBps);
  return {
    ...{ settledNetMicros, costMicros, settledProfitMicros, reserveMicros, reinvestMicros },
    pendingMicros: incomeOf(entries.filter((entry) => pending.has(entry))).netMicros,
    withdrawMicros: free - reinvestMicros,
  };
}
