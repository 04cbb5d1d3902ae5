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

/** A payment waits, less what was taken off it, until all of it is settled; what went out counts at once. */
export function reinvestment({ entries, costs }: Pick<Books, 'entries' | 'costs'>, rules: ReinvestRules): Reinvestment {
  const payments = Map.groupBy(
    entries,
    ({ source, paymentKey, movementId }) => `${source}:${paymentKey ?? movementId}`,
  );
  const pending = [...payments.values()].filter((some) => waits(some, rules)).flat();
  const waiting = new Set(pending);
  const settledNetMicros = incomeOf(entries.filter((entry) => !waiting.has(entry))).netMicros;
  const costMicros = sumOf(costs, (day) => day.costMicros);
  const settledProfitMicros = settledNetMicros - costMicros;
  const free = Math.max(0, settledProfitMicros);
  const reinvestMicros = partOf(free, rules.shareBps);
  return {
    ...{ settledNetMicros, costMicros, settledProfitMicros, reinvestMicros },
    pendingMicros: incomeOf(pending).netMicros,
    withdrawMicros: free - reinvestMicros,
  };
}

/** The vendor's own word on when money may be paid out, or else so many days after it came. */
function waits(payment: readonly LedgerEntry[], { now, settleDays }: ReinvestRules): boolean {
  if (incomeOf(payment).netMicros <= 0) return false;
  const said = payment.flatMap(({ availableAt }) => availableAt ?? []);
  const came = payment.filter(({ amountMinor }) => amountMinor > 0n).map(({ at }) => at + settleDays * DAY);
  return Math.max(...(said.length > 0 ? said : came)) > now;
}
