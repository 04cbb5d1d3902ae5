/** How much of what was earned may go back into the agents. Money that may still be taken back is not earned yet. */
import type { LedgerEntry } from '../ledger.ts';
import type { Books } from './books.ts';
import { incomeOf } from './income.ts';
import { partOf, sumOf } from './share.ts';

export const REINVEST_BPS = 7000;
/** Buyers ask for their money back mostly within a week, and card payments are paid out within one. */
export const SETTLE_DAYS = 7;
const DAY = 86_400_000;

export type ReinvestRules = { readonly shareBps: number; readonly settleDays: number; readonly now: number };

export type Reinvestment = {
  readonly settledNetMicros: number;
  /** Came in too late to count. */
  readonly pendingMicros: number;
  readonly costMicros: number;
  readonly settledProfitMicros: number;
  /** Never below 0: a loss is not money to be taken out of somewhere. */
  readonly reinvestMicros: number;
  readonly withdrawMicros: number;
};

/** What came in waits; what went out counts at once. */
export function reinvestment({ entries, costs }: Pick<Books, 'entries' | 'costs'>, rules: ReinvestRules): Reinvestment {
  const until = rules.now - rules.settleDays * DAY;
  const waits = ({ at, amountMicros }: LedgerEntry): boolean => (amountMicros ?? 0) > 0 && at > until;
  const settledNetMicros = incomeOf(entries.filter((entry) => !waits(entry))).netMicros;
  const costMicros = sumOf(costs, (day) => day.costMicros);
  const settledProfitMicros = settledNetMicros - costMicros;
  const free = Math.max(0, settledProfitMicros);
  const reinvestMicros = partOf(free, rules.shareBps);
  return {
    ...{ settledNetMicros, costMicros, settledProfitMicros, reinvestMicros },
    pendingMicros: incomeOf(entries.filter(waits)).netMicros,
    withdrawMicros: free - reinvestMicros,
  };
}
